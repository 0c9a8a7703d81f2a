-- Set up a cloud management gateway in the eight steps of Microsoft's page, each with a plan first.
--
--     lua setup_gateway.lua --folder lab                 a second run finds everything as wanted and changes nothing
--     lua setup_gateway.lua --folder lab --delete yes    deletes the gateway again
--
-- The folder must exist. The site is an embedded one and the gateway runs on this machine, with processes of the
-- program `cmgateway`, which is found by --program, CMGATEWAY_PROGRAM or PATH. Certificates of a rehearsal PKI take the
-- place of your own; a served site stands for the management point inside. At the end a client asks it, inside and
-- through the gateway.

local cmgateway = require "cmgateway"

local NAME, ROLE, PASSWORD = "granitefalls.contoso.com", "72057594037937981", "rehearsal"

-- What a site has before anybody thinks of a gateway: servers with their roles.
local SERVERS = [=[
instance of SMS_SCI_SysResUse { FileType = 2; ItemType = "System Resource Usage"; SiteCode = "GF1"; ItemName = "MP1";
    NetworkOSPath = "\\\\MP1.contoso.com"; RoleName = "SMS Management Point"; };
instance of SMS_SCI_SysResUse { FileType = 2; ItemType = "System Resource Usage"; SiteCode = "GF1"; ItemName = "SUP1";
    NetworkOSPath = "\\\\SUP1.contoso.com"; RoleName = "SMS Software Update Point"; };
]=]

local CONNECTION_POINT = [=[
name = "CP1"
certificate = "point-client.pem"
key = "point-client.key"
instance_pins = ["server.pem"]
[gateway]
service_name = "%s"
addresses = [["%s"]]
[inside]
roots = "root.pem"
[trust]
roots = ["root.pem"]
sub_cas = ["subca1.pem"]
[[mapping]]
id = %s
endpoints = ["AdminService"]
internal = ["%s"]
]=]

local changes = 0

local function exists(path)
    local file = io.open(path, "rb")
    if file then file:close() end
    return file ~= nil
end

local function write(path, text)
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
    return path
end

-- Shows a plan, and applies one that changes something.
local function show(plan, apply)
    print(plan)
    if plan.is_change then
        assert(apply())
        changes = changes + 1
    end
end

local function step_1_server_certificate(folder)
    print("\nStep 1: the server certificate")
    if not exists(folder .. "/server.pfx") then
        local pki = assert(cmgateway.cert.development_pki({
            sub_cas = 1, server_names = { NAME, "localhost" }, key = "rsa_2048",
        }))
        write(folder .. "/root.pem", pki.root.certificate_pem)
        write(folder .. "/subca1.pem", pki.sub_cas[1].certificate_pem)
        write(folder .. "/server.pem", pki.server.chain_pem)
        write(folder .. "/server.key", pki.server.private_key_pem)
        write(folder .. "/client.pem", pki.client.chain_pem)
        write(folder .. "/client.key", pki.client.private_key_pem)
        write(folder .. "/server.pfx", assert(pki.server:to_pfx({ password = PASSWORD })))
        -- Whoever opens tunnels is no client.
        local point = assert(cmgateway.cert.development_pki({ sub_cas = 1 })).client
        write(folder .. "/point-client.pem", point.chain_pem)
        write(folder .. "/point-client.key", point.private_key_pem)
    end
    local server = assert(cmgateway.cert.load_cer_file(folder .. "/server.pem"))[1]
    local name = assert(cmgateway.service_name(server))
    local deployment = assert(cmgateway.deployment_name(name, { model = "scale_set", region = "West US 2" }))
    print("service name " .. name .. ", in Azure " .. deployment)
end

local function step_2_client_root(folder)
    print("\nStep 2: the root of client certificates, and every authority between")
    local load = cmgateway.cert.load_cer_file
    local client = assert(load(folder .. "/client.pem"))[1]
    local authorities = { assert(load(folder .. "/subca1.pem"))[1], assert(load(folder .. "/root.pem"))[1] }
    local chain = assert(cmgateway.cert.build_chain(client, authorities))
    for at = 2, #chain.certificates do
        print("  " .. tostring(chain.certificates[at].thumbprint) .. "  " .. chain.certificates[at].subject)
    end
end

local function step_4_gateway(folder, site, cloud)
    print("\nStep 4: the gateway")
    local plan = assert(cloud:plan(assert(cmgateway.gateway_spec({
        service_cert_path = folder .. "/server.pfx",
        service_cert_password = PASSWORD,
        ca_root_cert = { folder .. "/root.pem" },
        sub_ca_cert = { folder .. "/subca1.pem" },
        connection_point_cert = { folder .. "/point-client.pem" },
        check_client_cert_revocation = false,
        vm_instance_count = 1,
    }))))
    show(plan, function() return cloud:apply(site, plan) end)
end

local function step_3_sub_cas(folder, site)
    print("\nStep 3: the thumbprints of sub-CAs")
    local sub_ca = assert(site:gateway(NAME)).sub_ca
    local plan = assert(sub_ca:plan("add", folder .. "/subca1.pem"))
    show(plan, function() return sub_ca:apply(plan) end)
end

local function step_5_site(site)
    print("\nStep 5: the primary site lets clients prove themselves by certificates")
    local plan = assert(site.switches:plan({
        use_pki_client_certificate = true, check_crl = false, enhanced_http = true,
    }))
    show(plan, function() return plan:apply(site) end)
end

local function step_6_connection_point(site)
    print("\nStep 6: the connection point")
    local plan = assert(site.connection_points:plan("add", "CP1.contoso.com", { gateway = NAME }))
    show(plan, function() return plan:apply(site) end)
    print("  missing, by Microsoft's advice: " .. assert(site.connection_points:advice(NAME)).missing)
end

local function step_7_roles(site)
    print("\nStep 7: the roles that take gateway traffic")
    local servers = { { "management_point", "MP1.contoso.com" }, { "software_update_point", "SUP1.contoso.com" } }
    for _, role in ipairs(servers) do
        local plan = assert(site.roles:plan(role[1], role[2], { https = true, gateway_traffic = true }))
        show(plan, function() return plan:apply(site) end)
    end
    print(assert(assert(site:gateway(NAME)):required_ports()))
end

-- The client decides where it is; `curl` sends its request, for it needs a token.
local function ask(folder, inside, gateway, always_on_internet)
    local through = gateway .. "/CCM_Proxy_MutualAuth/" .. ROLE
    local client = assert(cmgateway.reference_client({
        candidates = { inside, through },
        management_points = { inside },
        trusted_roots = folder .. "/root.pem",
        certificate_file = folder .. "/client.pem",
        key_file = folder .. "/client.key",
        always_on_internet = always_on_internet,
    }))
    local decision = assert(client:location())
    print("  " .. decision.location .. ", since " .. decision.reason)
    local host = decision.location == "currently_intranet" and inside or through
    local command = ("curl -sS --max-time 20 -w ' %%{http_code}' --cacert '%s/root.pem' --cert '%s/client.pem' "
        .. "--key '%s/client.key' -H 'Authorization: Bearer rehearsal' "
        .. "'https://%s/AdminService/wmi/SMS_Site?$select=SiteCode' 2>&1"):format(folder, folder, folder, host)
    local pipe = assert(io.popen(command))
    local answer = pipe:read("*a")
    pipe:close()
    print("    " .. host .. ": " .. answer)
    assert(answer:match(" 200$"), "the request was not served")
end

local function step_8_clients(folder, site, cloud)
    print("\nStep 8: clients")
    write(folder .. "/always_on_internet.reg", cmgateway.registry_file())
    local inside = assert(site:serve({
        certificate_file = folder .. "/server.pem", key_file = folder .. "/server.key", token = "rehearsal",
    }))
    local host = "localhost:" .. inside.url:match(":(%d+)")
    local instance = assert(cloud:instances(site, NAME))[1]
    local point = assert(cmgateway.start_connection_point(write(folder .. "/connection_point.toml",
        CONNECTION_POINT:format(NAME, instance.tunnel_address, ROLE, "https://" .. host))))
    assert(point:ready({ timeout = 30 }))
    local gateway = "localhost:" .. instance.address:match(":(%d+)$")
    ask(folder, host, gateway, false)
    ask(folder, host, gateway, true)
    point:stop()
    inside:stop()
end

local function open_site(file)
    if exists(file) then return assert(cmgateway.connect("sqlite:" .. file)) end
    local site = assert(cmgateway.create_site(file, "GF1"))
    assert(site:compile_mof(SERVERS))
    return site
end

local given = {}
for at = 1, #arg, 2 do
    local name = arg[at]:match("^%-%-(%a+)$")
    if not arg[at + 1] or not (name == "folder" or name == "program" or name == "delete") then
        io.stderr:write("Usage: setup_gateway.lua --folder FOLDER [--program FILE] [--delete yes]\n")
        os.exit(2)
    end
    given[name] = arg[at + 1]
end
local folder = assert(given.folder, "--folder is missing")
local done, problem = pcall(function()
    local site = open_site(folder .. "/site.db")
    local cloud = assert(cmgateway.local_cloud({
        folder = folder .. "/gateways", program = given.program, ports = "free",
    }))
    if given.delete then
        assert(cloud:delete(site, NAME))
        print(NAME .. " is deleted")
        return
    end
    step_1_server_certificate(folder)
    step_2_client_root(folder)
    -- A gateway must be there to be given sub-CAs.
    step_4_gateway(folder, site, cloud)
    step_3_sub_cas(folder, site)
    step_5_site(site)
    step_6_connection_point(site)
    step_7_roles(site)
    step_8_clients(folder, site, cloud)
    print("\n" .. changes .. " plans changed something")
end)
if not done then
    io.stderr:write(tostring(problem) .. "\n")
    os.exit(1)
end
