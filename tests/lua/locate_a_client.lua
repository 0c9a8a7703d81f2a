-- "A client knows whether it is inside, and I can force it to the gateway." Step 8, and all eight steps in one script.

local cmgateway = require "cmgateway"
local kit = require "kit"
local tests = {}

local ROOT = arg[0]:gsub("tests[/\\]lua[/\\]run%.lua$", "")
local SCRIPT = ROOT .. "examples/lua/setup_gateway.lua"
local ROLE = "72057594037937981"

function tests.the_decision_is_a_pure_function()
    local decide = cmgateway.decide_location
    kit.equal(decide().location, "currently_internet")
    kit.equal(decide({ domain_controller_answers = true }).location, "currently_intranet")
    kit.equal(decide({ always_on_internet = true, management_point_answers = true }).location, "always_internet")
    kit.raises("unknown option", decide, { misspelt = true })
end

function tests.files_force_a_client_to_the_internet()
    kit.contains(cmgateway.registry_file(), '"ClientAlwaysOnInternet"=dword:00000001')
    kit.contains(cmgateway.registry_file(false), "dword:00000000")
    kit.contains(cmgateway.group_policy_preferences(), 'value="00000001"')
    kit.raises("a boolean expected", cmgateway.registry_file, 1)
    -- It would change this computer: a misspelt variable is not a yes.
    kit.raises("a boolean expected, got nil", cmgateway.set_always_on_internet_here, nil)
end

function tests.a_file_comes_from_whoever_answers()
    local site = kit.site_with_gateway("gf.contoso.com")
    local _, folder = kit.pki()
    local server = assert(site:serve({
        certificate_file = folder .. "/server.pem", key_file = folder .. "/server.key", token = "s3cret",
    }))
    local inside = "localhost:" .. server.url:match(":(%d+)")
    local client = assert(cmgateway.reference_client({
        candidates = { inside }, management_points = { inside }, trusted_roots = folder .. "/root.cer", timeout = 5,
    }))
    local file = assert(client:get("/AdminService/wmi/SMS_Site"))
    kit.equal(file.mp, inside)
    kit.equal(file.location, "currently_intranet")
    kit.equal(file.status, 401) -- the client sends no token; any status is an answer
    server:stop()
    -- The network is another one now, and nobody of the list is for it.
    kit.fails("not_found", client:get("/AdminService/wmi/SMS_Site"))
end

function tests.candidates_come_from_a_list_or_a_site()
    local client = assert(cmgateway.reference_client({
        candidates = { "MP1.contoso.com", "gf.contoso.com/CCM_Proxy_MutualAuth/" .. ROLE },
        management_points = { "localhost:1" },
        timeout = 1,
    }))
    kit.equal(assert(client:location()).location, "currently_internet")
    kit.equal(assert(client:candidates())[2].type, "Internet")
    kit.equal(assert(client:probe()).management_point.answered, nil)
    kit.equal(assert(client:network_changed()), true)
    kit.equal(assert(client:refresh()).location, "currently_internet")
    kit.equal(tostring(client), "<cmgateway.ReferenceClient>")
    local site = kit.site_with_gateway("gf.contoso.com")
    assert(site:compile_mof([=[
instance of SMS_SCI_SysResUse { FileType = 2; ItemType = "System Resource Usage"; SiteCode = "GF1"; ItemName = "MP1";
    NetworkOSPath = "\\\\MP1.contoso.com"; RoleName = "SMS Management Point"; };
]=]))
    assert(site.roles:set("management_point", "MP1.contoso.com", { https = true, gateway_traffic = true }))
    local of_site = assert(cmgateway.reference_client({
        service_name = "gf.contoso.com", published = { ["MP1.contoso.com"] = ROLE },
        management_points = { "localhost:1" }, timeout = 1,
    }, site))
    kit.equal(assert(of_site:candidates())[2].mp, "gf.contoso.com/CCM_Proxy_MutualAuth/" .. ROLE)
    kit.contains(kit.fails("config", cmgateway.reference_client({ misspelt = 1 })), "misspelt is not a field")
end

function tests.all_eight_steps_twice()
    local program = os.getenv("CMGATEWAY_PROGRAM") or ROOT .. "target/debug/cmgateway"
    local file = io.open(program, "rb")
    if not file then kit.skip("the program cmgateway is not built") end
    file:close()
    local folder = kit.folder()
    local function run(...)
        local output, code = kit.run(SCRIPT, "--folder", folder, "--program", program, ...)
        kit.equal(code, 0, output)
        return output
    end
    local first = run()
    kit.contains(first, "5 plans changed something")
    kit.contains(first, "currently_intranet, since a management point answers")
    kit.contains(first, "always_internet, since ClientAlwaysOnInternet is set")
    kit.contains(first, "/CCM_Proxy_MutualAuth/" .. ROLE .. ": ")
    local served = 0
    for _ in first:gmatch('"SiteCode":"GF1".- 200\n') do served = served + 1 end
    kit.equal(served, 2, first)
    kit.contains(run(), "0 plans changed something")
    kit.contains(run("--delete", "yes"), "is deleted")
end

return tests
