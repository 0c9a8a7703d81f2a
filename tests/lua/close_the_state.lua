-- "My script ends while something is still open, and nothing bad happens."

local kit = require "kit"
local tests = {}

local function run_text(text, ...)
    local folder = kit.folder()
    return kit.run(kit.write(folder .. "/script.lua", text), ...)
end

function tests.with_an_open_query()
    local site, address = kit.site_with_gateway()
    for number = 1, 600 do kit.put_gateway(site, "gw" .. number) end
    local output, code = run_text([[
        site = assert(require "cmgateway".connect(arg[1]))
        rows = assert(site:query("SELECT * FROM SMS_AzureService"))
        print(assert(rows:next()).ServiceCName)
        kept = {}
        for n = 1, 5 do kept[n] = assert(site:query("SELECT * FROM SMS_AzureService")) end
    ]], address)
    kit.equal(output, "gw1\n")
    kit.equal(code, 0)
end

function tests.with_a_finaliser_that_comes_too_late()
    local _, address = kit.site_with_gateway("a")
    local output, code = run_text([[
        local late = newproxy and newproxy(true) or setmetatable({}, { __gc = true })
        local cmgateway = require "cmgateway"
        local site = assert(cmgateway.connect(arg[1]))
        getmetatable(late).__gc = function() print(pcall(function() return site:code() end)) end
        KEPT = { late, site }
    ]], address)
    kit.equal(code, 0)
    kit.equal(output:match("^true\tGF1\n") ~= nil or output:match("^false\t") ~= nil or output == "", true, output)
end

function tests.by_os_exit_in_the_middle_of_a_loop()
    local _, address = kit.site_with_gateway("a")
    local output, code = run_text([[
        local site = assert(require "cmgateway".connect(arg[1]))
        for row in assert(site:query("SELECT * FROM SMS_AzureService")):each() do
            print(row.ServiceCName)
            os.exit(7)
        end
    ]], address)
    kit.equal(output, "a\n")
    kit.equal(code, 7)
end

function tests.by_an_error()
    local _, address = kit.site_with_gateway("a")
    local output, code = run_text([[
        local site = assert(require "cmgateway".connect(arg[1]))
        rows = assert(site:query("SELECT * FROM SMS_AzureService"))
        error("on purpose")
    ]], address)
    kit.contains(output, "on purpose")
    kit.equal(code, 1)
end

function tests.with_a_to_be_closed_variable()
    if not load or _VERSION < "Lua 5.4" then kit.skip("only Lua 5.4 has them") end
    local site = kit.site_with_gateway("a")
    local scope = assert(load([[
        local site = ...
        local rows <close> = assert(site:query("SELECT * FROM SMS_AzureService"))
        return rows
    ]]))
    kit.contains(scope(site), "finished")
end

return tests
