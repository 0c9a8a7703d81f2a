-- "I watch the traffic of my gateway, and hear in time of what ends."

local cmgateway = require "cmgateway"
local kit = require "kit"
local tests = {}

local NAME = "gw.contoso.test"
local START = 1772323200
-- Small enough for the numbers of every Lua.
local GIGABYTE = 1073741824

function tests.alerts_are_raised_once_and_recover()
    local site = kit.site_with_gateway(NAME)
    local gateway = assert(site:gateway(NAME))
    local row = assert(gateway:instance())
    row.TrafficOutInGB = 100
    assert(row:put_())
    local monitor = gateway.monitor
    kit.equal(#assert(monitor:history({ at = START })), 0)
    kit.equal(assert(monitor:record("0", 60 * GIGABYTE, { at = START })).bytes_out, 60 * GIGABYTE)
    kit.equal(assert(monitor:traffic({ at = START })).level, "warning")
    kit.same_list(assert(monitor:check({ at = START })).raised, { "$Outbound traffic of " .. NAME .. ": warning" })
    kit.equal(#assert(monitor:check({ at = START })).raised, 0)
    local later = assert(monitor:check({ at = START + 15 * 86400 }))
    kit.equal(#later.recovered, 1)
    kit.equal(later.has_stopped, false)
    kit.equal(assert(monitor:alerts())[2].is_active, false)
    kit.contains(monitor, NAME)
    kit.contains(kit.fails("config", monitor:record(" ", 1)), "source")
    kit.raises("no number of bytes", monitor.record, monitor, "0", "many")
    kit.raises("unknown option 'when'", monitor.check, monitor, { when = 1 })
end

function tests.what_ends_soon_is_warned_about()
    local pki = kit.pki()
    local server = pki.server.certificate
    kit.equal(#assert(cmgateway.expiry_warnings({ certificates = { server } })), 0)
    local warnings = assert(cmgateway.expiry_warnings({
        certificates = { server }, secrets = { app = os.time() + 3 * 86400 + 60 }, warning_days = 4000,
    }))
    kit.equal(#warnings, 2)
    kit.equal(warnings[1].what .. " " .. warnings[1].level, "secret critical")
    kit.equal(warnings[1].days_left, 3)
    kit.equal(warnings[2].level, "warning")
    kit.raises("secrets", cmgateway.expiry_warnings, { secrets = { app = "soon" } })
end

return tests
