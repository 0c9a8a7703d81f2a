-- "My program closes a Lua state in which everything is still going on, and goes on itself."
-- A host runs this in many states, one after the other (LUA_HOST_STATES); nothing here is closed or stopped.

-- The threads of this process, where the system tells.
local function threads()
    local status = io.open("/proc/self/status")
    if not status then return nil end
    local count = tonumber(status:read("*a"):match("Threads:%s*(%d+)"))
    status:close()
    return count
end

local before = threads()
if before and before ~= 1 then
    error("the state before this one has left " .. before - 1 .. " threads behind")
end

local here = arg[0]:match("^(.*[/\\])") or "./"
package.path = here .. "?.lua;" .. package.path
local cmgateway = require "cmgateway"
local kit = require "kit"

local kept = {}
rawset(_G, "kept_by_this_state", kept)
local function keep(...)
    kept[#kept + 1] = assert(...)
    return ...
end

local site, address = kit.site_with_gateway()
for number = 1, 20 do kit.put_gateway(site, "gw" .. number) end
-- Queries that are read half.
for _ = 1, 3 do
    local rows = keep(site:query("SELECT * FROM SMS_AzureService"))
    assert(rows:next())
end
-- A server, and a gateway that answers.
local _, folder = kit.pki()
keep(site:serve({ certificate_file = folder .. "/server.pem", key_file = folder .. "/server.key", token = "s3cret" }))
keep(cmgateway.connect(address))
keep(cmgateway.start_instance(kit.write(folder .. "/instance.toml", [=[
listen = ["127.0.0.1:0"]
certificate = "server.pem"
key = "server.key"
connection_points = ["client.pem"]
]=])))
-- A watch, whose thread looks at the site again and again.
keep(site:watch("SELECT * FROM __InstanceCreationEvent WITHIN 1 WHERE TargetInstance ISA 'SMS_AzureService'"))
if before and threads() < 3 then error("nothing is in flight") end
kit.remove_folders()
