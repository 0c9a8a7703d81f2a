-- "My site server misbehaves: each time I get nil and an error of the right kind."

local cmgateway = require "cmgateway"
local kit = require "kit"
local tests = {}

local function program()
    local target = os.getenv("CARGO_TARGET_DIR") or "target"
    local path = target .. "/debug/misbehaving-servers" .. (kit.on_windows and ".exe" or "")
    local file = io.open(path, "rb")
    if not file then return nil end
    file:close()
    return path
end

function tests.every_case_has_its_kind()
    local path = program()
    if not path then
        return kit.skip("the servers are not built: cargo build -p cmgateway-tests --bin misbehaving-servers")
    end
    local ca_file = kit.folder() .. "/ca.pem"
    local servers = assert(io.popen(path .. " " .. ca_file))
    local count, stop = 0, nil
    for line in servers:lines() do
        if line == "ready" then break end
        local name, url, token, kind = line:match("^(.-)\t(.-)\t(.-)\t(.-)$")
        local site = assert(cmgateway.connect(url, { token = token, ca_file = ca_file, timeout = 0.5 }))
        local gateway, err = site:gateway("GraniteFalls.contoso.com")
        kit.equal(gateway, nil, name)
        kit.equal(err.kind, kind, name .. ": " .. tostring(err))
        kit.equal(tostring(err):sub(1, 10), "could not ", name)
        kit.equal(tostring(err):find("\n", 1, true), nil, name)
        if name == "status-403" then
            stop = url
            local service = assert(site:new("SMS_AzureService", { ServiceCName = "x.contoso.com" }))
            kit.fails("auth", site:put(service))
            kit.equal(service.path_, nil)
        end
        count = count + 1
    end
    -- The servers end with this request.
    assert(cmgateway.connect(stop, { token = "stop", ca_file = ca_file, timeout = 2 })):gateways()
    servers:close()
    kit.equal(count, 16)
end

return tests
