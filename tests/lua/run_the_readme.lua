-- "What the README shows in Lua runs as it stands."

local kit = require "kit"
local tests = {}

function tests.the_lua_of_the_readme()
    local block = kit.read("README.md"):match("```lua\n(.-)```")
    local site, address = kit.site_with_gateway("GraniteFalls.contoso.com")
    local _, certificates = kit.pki()
    block = block:gsub('"(subca%d%.cer)"', function(name) return ("%q"):format(certificates .. "/" .. name) end)
    local printed = {}
    local names = setmetatable({
        address = address, service_name = "GraniteFalls.contoso.com",
        thumbprints = "8824022CB382CADD9E19290449B893A839140962",
        print = function(text) printed[#printed + 1] = tostring(text) end,
    }, { __index = _G })
    local chunk
    if setfenv then
        chunk = setfenv(assert(loadstring(block, "=README.md")), names)
    else
        chunk = assert(load(block, "=README.md", "t", names))
    end
    chunk()
    kit.contains(printed[1], "2 to add, 0 to remove, 1 kept")
    kit.equal(#assert(site:gateway("GraniteFalls.contoso.com").sub_ca:list()), 3)
end

return tests
