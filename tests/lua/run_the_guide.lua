-- "What the guide shows in Lua runs as it stands, chapter by chapter, and prints what stands behind it."

local cmgateway = require "cmgateway"
local kit = require "kit"
local tests = {}

local TOP = arg[0]:gsub("tests[/\\]lua[/\\]run%.lua$", "")
local FOLDER = TOP .. "core/src/guide/"
-- Printed where a block `text` says what was printed before it.
local MARK = "-- the guide says --"

local function chapters()
    local names = {}
    for name in kit.read(FOLDER .. "mod.rs"):gmatch('include_str!%("([%w_]+)%.md"%)%]') do names[#names + 1] = name end
    return names
end

-- The Lua of a chapter as one script whose lines have the numbers that they have in the chapter; what it is to print,
-- part by part, which stands in a block `text` right behind the Lua; and its settings files.
local function read_chapter(name)
    local script, told, settings = {}, {}, {}
    local language, block, follows_lua
    for line in kit.read(FOLDER .. name .. ".md"):gmatch("([^\n]*)\n") do
        local fence = line:match("^```(.*)$")
        script[#script + 1] = ""
        if fence and language == nil then
            language, block = fence, {}
        elseif fence then
            if language == "text" and follows_lua then
                script[#script] = ("print(%q)"):format(MARK)
                told[#told + 1] = table.concat(block)
            elseif language == "toml" then
                settings[assert(block[1]:match("^# ([%w_]+%.toml)"), block[1])] = table.concat(block)
            end
            follows_lua = language == "lua"
            language = nil
        elseif language then
            block[#block + 1] = line .. "\n"
            if language == "lua" then script[#script] = line end
        end
    end
    return table.concat(script, "\n"), told, settings
end

-- Three full stops stand for anything.
local function fits(text, told)
    local pattern = told:gsub("[%^%$%(%)%%%.%[%]%*%+%-%?]", "%%%0"):gsub("%%%.%%%.%%%.", ".-")
    return text:find("^" .. pattern .. "$") ~= nil
end

local function parts_of(output)
    local parts, from = {}, 1
    while true do
        local first, last = output:find(MARK .. "\n", from, true)
        parts[#parts + 1] = output:sub(from, (first or #output + 1) - 1)
        if not first then return parts end
        from = last + 1
    end
end

local function program()
    local name = os.getenv("CMGATEWAY_PROGRAM") or TOP .. "target/debug/cmgateway"
    local file = io.open(name, "rb")
    if not file then kit.skip("the program cmgateway is not built") end
    file:close()
    return kit.absolute(name)
end

-- Ends the processes of a gateway that a chapter has left when it broke off.
local function delete_gateways(folder)
    local site = cmgateway.connect("sqlite:" .. folder .. "/site.db")
    local cloud = assert(cmgateway.local_cloud({ folder = folder .. "/gateways", program = program(), ports = "free" }))
    for _, gateway in ipairs(site and assert(site:gateways()) or {}) do cloud:delete(site, gateway.service_name) end
end

local function run_chapter(name)
    local script, told, settings = read_chapter(name)
    local folder, variables = kit.folder(), {}
    if script:find("local_cloud", 1, true) then variables.CMGATEWAY_PROGRAM = program() end
    for file, text in pairs(settings) do kit.write(folder .. "/" .. file, text) end
    kit.write(folder .. "/" .. name .. ".lua", script)
    local output, code, errors = kit.run_in(folder, variables, name .. ".lua")
    if code ~= 0 and variables.CMGATEWAY_PROGRAM then delete_gateways(folder) end
    kit.equal(code, 0, output .. errors)
    local parts = parts_of(output)
    for number, expected in ipairs(told) do
        if not fits(parts[number], expected) then
            error(("expected\n%s\ngot\n%s"):format(expected, parts[number]), 0)
        end
    end
    -- What a chapter prints stands in a block behind it.
    kit.equal(parts[#parts], "", name)
end

for _, name in ipairs(chapters()) do
    if kit.read(FOLDER .. name .. ".md"):find("\n```lua\n", 1, true) then
        tests["chapter_" .. name] = function() run_chapter(name) end
    end
end

function tests.some_chapters_have_lua()
    kit.equal(tests.chapter_start ~= nil, true)
end

return tests
