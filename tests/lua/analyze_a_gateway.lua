-- "I ask what is wrong with my gateway, and get the cause before its effects."

local cmgateway = require "cmgateway"
local kit = require "kit"
local tests = {}

local NAME = "gw.contoso.test"

-- A gateway that runs, with what the analyzer is told about it.
local function running()
    local folder = kit.folder()
    local pki = assert(cmgateway.cert.development_pki({ server_names = { NAME, "localhost" }, key = "rsa_2048" }))
    assert(pki:write_to(folder))
    kit.write(folder .. "/root.pem", pki.root.certificate_pem)
    local instance = assert(cmgateway.start_instance(kit.write(folder .. "/instance.toml", [=[
listen = ["127.0.0.1:0"]
certificate = "server.pem"
key = "server.key"
connection_points = ["client.pem"]
]=])))
    local address = instance.addresses[1]
    local file = kit.write(folder .. "/point.toml", ([=[
name = "CP1"
certificate = "client.pem"
key = "client.key"
instance_pins = ["server.pem"]
gateway = { service_name = "%s", addresses = [["%s"]] }
trust = { roots = ["root.cer"], sub_cas = ["subca1.cer", "subca2.cer"] }
mapping = [{ id = 17, internal = ["https://localhost:9"] }]
]=]):format(NAME, address))
    local point = assert(cmgateway.start_connection_point(file))
    assert(point:ready({ timeout = 20 }))
    local told = {
        connection_point_file = file, addresses = { address }, ca_file = folder .. "/root.pem",
        roles = { "17" }, timeout = 3,
    }
    return told, point, instance
end

function tests.the_cause_comes_first()
    local told, point, instance = running()
    local report = assert(cmgateway.analyze(NAME, told))
    kit.equal(report.is_healthy, true, tostring(report))
    kit.equal(report.first_cause, nil)
    kit.contains(report.summary, "All is well")
    kit.equal(report:result("connection_point_connected").outcome, "passed")
    kit.equal(report:result("no_such_check"), nil)

    -- Nobody listens inside.
    told.asks_inside = true
    report = assert(cmgateway.analyze(NAME, told))
    kit.equal(report.is_healthy, false)
    kit.equal(report.first_cause.id, "inside_reachable")
    kit.equal(report:result("inside_tls").blocked_by, "inside_reachable")
    kit.contains(report, "failed   inside_reachable")
    told.roles[2] = 18
    told.asks_inside = false
    kit.equal(assert(cmgateway.analyze(NAME, told)).first_cause.id, "roles_published")

    local site = kit.site_with_gateway(NAME)
    told.roles = { "17" }
    report = assert(assert(site:gateway(NAME)):analyze(told))
    kit.equal(report:result("site_gateway").outcome, "passed")
    kit.equal(report.first_cause.id, "sub_cas_listed")
    told.site = site
    kit.equal(assert(cmgateway.analyze(NAME, told)).first_cause.id, "sub_cas_listed")
    point:stop()
    instance:stop()
end

function tests.the_report_has_three_forms()
    local report = assert(cmgateway.analyze(NAME, { addresses = { "127.0.0.1:9" } }))
    kit.contains(report:to_json(), '"first_cause": "port_clients"')
    kit.contains(report:to_html(), "<!DOCTYPE html>")
    kit.contains(report, "remedy: ")
    kit.equal(#report.results > 40, true)
    kit.contains(cmgateway.checks_page(), "### `" .. report.results[1].id .. "`")
end

function tests.wrong_use_is_told()
    kit.contains(kit.fails("config", cmgateway.analyze(" ")), "service_name")
    kit.contains(kit.fails("config", cmgateway.analyze(NAME, { key_file = "x" })), "belong together")
    kit.contains(kit.fails("config", cmgateway.analyze(NAME, { timeout = -1 })), "timeout")
    kit.fails("config", cmgateway.analyze(NAME, { roles = { "seventeen" } }))
    kit.raises("unknown option 'ca'", cmgateway.analyze, NAME, { ca = "x" })
    kit.raises("Site expected", cmgateway.analyze, NAME, { site = "sqlite:x" })
    kit.raises("no number of a role", cmgateway.analyze, NAME, { roles = { true } })
end

return tests
