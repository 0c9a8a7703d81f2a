-- "I write down what a gateway shall be, read the plan, and have it made on this machine."

local cmgateway = require "cmgateway"
local files = require "gateway_files"
local kit = require "kit"
local tests = {}

local ROOT = arg[0]:gsub("tests[/\\]lua[/\\]run%.lua$", "")
local SCRIPT = ROOT .. "examples/lua/create_gateway.lua"

local function program()
    local name = os.getenv("CMGATEWAY_PROGRAM") or ROOT .. "target/debug/cmgateway"
    local file = io.open(name, "rb")
    if not file then kit.skip("the program cmgateway is not built") end
    file:close()
    return name
end

function tests.every_mistake_is_told_at_once()
    local wrong = { vm_instance_count = 17, misspelt = 1, region = "x/y" }
    local message = kit.fails("config", cmgateway.gateway_spec(wrong))
    for _, part in ipairs({
        "service_cert_path is missing", "from 1 to 16", "misspelt is not a field", "region must be",
    }) do
        kit.contains(message, part)
    end
    kit.fails("config", cmgateway.gateway_spec_from_toml("a = "))
    kit.fails("not_found", cmgateway.load_gateway_spec("none.toml"))
    kit.raises("a table or JSON text expected", cmgateway.gateway_spec, 1)
end

function tests.the_certificate_proposes_the_name_and_the_plan_needs_no_network()
    local spec = assert(cmgateway.load_gateway_spec(files.write() .. "/gateway.toml"))
    kit.equal(assert(spec:check()).service_name, files.name)
    kit.equal(spec:fields().vm_instance_count, 2)
    kit.equal(spec:fields().service_cert_password, nil)
    kit.contains(spec, "instances: 2")
    local plan = assert(cmgateway.plan_offline(assert(spec:replace({ vm_instance_count = 3 }))))
    kit.equal(plan.is_change, true)
    kit.equal(plan.cloud, "Azure Resource Manager")
    kit.contains(plan, "3 running")
    kit.contains(plan:to_json(), '"action": "create"')
    kit.equal(plan.steps[#plan.steps].kind, "instances")
    kit.contains(plan.warnings[1], "CNAME")
    kit.fails("config", cmgateway.plan_offline(assert(spec:replace({ region = cmgateway.null }))))
    kit.fails("config", spec:replace({ vm_instance_count = 0 }))
end

function tests.a_gateway_lives_on_this_machine()
    local folder, seen = files.write(), {}
    local cloud = assert(cmgateway.local_cloud({ folder = folder .. "/gateways", program = program(), ports = "free" }))
    local spec = assert(cmgateway.load_gateway_spec(folder .. "/gateway.toml"))
    local site = assert(cmgateway.create_site(folder .. "/site.db", "GF1"))
    local plan = assert(cloud:plan(spec))
    kit.fails("stopped", cloud:apply(site, plan, { progress = function() return false end }))
    local function fail() error("from the function") end
    kit.raises("from the function", cloud.apply, cloud, site, plan, { progress = fail })
    local gateway = assert(cloud:apply(site, plan, { progress = function(now) seen[#seen + 1] = now.text end }))
    kit.equal(gateway.service_name, files.name)
    kit.equal(#seen > 5, true)
    kit.equal(assert(cloud:plan(spec)).is_change, false)
    local changed = assert(cloud:plan(spec:replace({ traffic_warning_pct = 40 }), { site = site }))
    local last = changed.steps[#changed.steps]
    kit.equal(last.kind .. " " .. last.action, "row in the site change")
    kit.raises("bad option 'site'", cloud.plan, cloud, spec, { site = 1 })
    kit.equal(#assert(cloud:instances(site, files.name)), 2)
    kit.equal(cloud:stop(site, files.name), true)
    kit.equal(assert(cloud:instances(site, files.name))[1].state, "stopped")
    local heard = {}
    local listen = { progress = function(now) heard[#heard + 1] = now end }
    kit.equal(cloud:start(site, files.name, listen), true)
    kit.equal(heard[#heard].phase, "done")
    kit.contains(heard[#heard].text, "instance 1 running")
    kit.fails("stopped", cloud:stop(site, files.name, { progress = function() return false end }))
    kit.raises("not mine", cloud.stop, cloud, site, files.name, { progress = function() error("not mine") end })
    kit.raises("unknown option 'wait'", cloud.stop, cloud, site, files.name, { wait = 1 })
    kit.equal(cloud:delete(site, files.name), true)
    kit.fails("not_found", cloud:instances(site, files.name))
end

function tests.the_example_goes_from_certificates_to_a_request_and_back()
    local output, code = kit.run(SCRIPT, "--program", program(), "--instances", "1")
    kit.equal(code, 0, output)
    kit.contains(output, "to create")
    kit.contains(output, '"SiteCode":"GF1"')
    kit.contains(output, " 200")
    kit.contains(output, files.name .. " is deleted")
    output, code = kit.run(SCRIPT, "--cloud", "azure")
    kit.equal(code, 0, output)
    kit.contains(output, "scale set")
    output, code = kit.run(SCRIPT, "--cloud", "site")
    kit.equal(code, 0, output)
    kit.contains(output, "CreateDeployment")
end

function tests.wrong_options_are_told()
    kit.fails("config", cmgateway.local_cloud({ address = "here" }))
    kit.raises("allowed: microsoft, free", cmgateway.local_cloud, { ports = "any" })
    kit.raises("GatewaySpec expected", cmgateway.plan_offline, {})
end

function tests.the_classic_api_as_a_cloud()
    local certificate = assert(cmgateway.azure.make_management_certificate())
    local package = "https://gfstore.blob.core.windows.net/p/cmg.cspkg?sig=x"
    local subscription = "00000000-0000-0000-0000-000000000001"
    local cloud = assert(cmgateway.classic_cloud(subscription, {
        certificate = certificate, package_url = package, certificate_name = "SSL", tries = 1,
        service_management_url = "https://localhost:1",
    }))
    kit.equal(cloud.name, "Azure classic")
    local spec = assert(cmgateway.load_gateway_spec(files.write() .. "/gateway.toml"))
    kit.fails("unavailable", cloud:plan(spec))
    kit.fails("config", cmgateway.classic_cloud(subscription, { certificate = certificate, package_url = package }))
    kit.fails("config", cmgateway.classic_cloud(subscription, { package_url = package, certificate_name = "SSL" }))
    kit.raises("option 'package_url' to 'classic_cloud' is missing", cmgateway.classic_cloud, subscription, {})
    kit.raises("unknown option 'package'", cmgateway.classic_cloud, subscription, { package = package })
end

function tests.the_sites_own_way()
    local site = kit.site_with_gateway("a.contoso.com")
    local spec = assert(cmgateway.load_gateway_spec(files.write() .. "/gateway.toml"))
    local properties = { AADApplicationId = 1 }
    local cloud = assert(cmgateway.site_cloud(site, { poll = 0.01, timeout = 0.1, properties = properties }))
    local plan = assert(cloud:plan(spec))
    kit.equal(plan.steps[2].name, "CreateDeployment")
    -- Nobody works at this site.
    local heard = 0
    kit.fails("timed_out", cloud:apply(site, plan, { progress = function() heard = heard + 1 end }))
    assert(heard > 3, heard)
    local row = assert(assert(site:gateway("granitefalls.contoso.com")):instance())
    row.State = 6
    assert(site:put(row))
    local state = assert(assert(site:gateway("granitefalls.contoso.com")):state())
    kit.equal(state.name .. " " .. state.code .. " " .. tostring(state.is_confirmed), "Stopped 6 true")
    kit.fails("config", cmgateway.site_cloud(site, { poll = 0 }))
    kit.raises("unknown option 'wait'", cmgateway.site_cloud, site, { wait = 1 })
end

return tests
