-- "When something fails I can tell what, whose fault it is, and whether to try again."

local cmgateway = require "cmgateway"
local kit = require "kit"
local tests = {}

function tests.an_error_says_what_whose_and_whether_to_retry()
    local err = kit.fails("not_found", cmgateway.connect("sqlite:/no/such/folder/site.db"))
    kit.equal(err.fault, "caller")
    kit.equal(err.retry_after, nil)
    kit.contains(err.operation, "open site")
    kit.equal(err.message, tostring(err))
    kit.equal(err.message, "could not " .. err.operation .. ": " .. err.cause)
    kit.equal(type(err.context), "table")
    kit.equal("failed: " .. err, "failed: " .. err.message)
end

function tests.assert_keeps_the_error_whole()
    local done, err = pcall(function() assert(cmgateway.connect("sqlite:/no/such/site.db")) end)
    kit.equal(done, false)
    if kit.has_integers or jit then
        kit.equal(err.kind, "not_found")
    end
end

function tests.each_kind_is_met()
    local site = kit.site_with_gateway("a.contoso.com")
    local sub_ca = assert(site:gateway("a.contoso.com")).sub_ca
    kit.fails("config", sub_ca:add({}))
    kit.fails("certificate", cmgateway.cert.load_cer("no certificate"))
    kit.fails("not_found", site:gateway("none.contoso.com"))
    kit.put_gateway(site, "A.contoso.com")
    kit.fails("conflict", site:gateway("a.contoso.com"))
    kit.fails("unsupported", cmgateway.connect("com://"))
end

function tests.a_loop_raises_the_error_whole()
    local site = kit.site_with_gateway()
    local done, err = pcall(function()
        local rows = assert(site:query("SELECT * FROM SMS_AzureService"))
        rows:close()
        for row in rows:each() do print(row) end
    end)
    kit.equal(done, false)
    kit.contains(err, "closed")
end

return tests
