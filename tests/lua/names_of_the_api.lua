-- "Every name in the list of the API is there": tests/parity/api.toml against objects of each class.

local cmgateway = require "cmgateway"
local kit = require "kit"
local tests = {}

local API = arg[0]:gsub("lua[/\\]run%.lua$", "") .. "parity/api.toml"

-- One object of each class that is more than a module's table.
local function objects()
    local site = kit.site_with_gateway("a.contoso.com")
    local gateway = assert(site:gateway("a.contoso.com"))
    local pki, folder = kit.pki()
    local server = assert(site:serve({
        certificate_file = folder .. "/server.pem", key_file = folder .. "/server.key", token = "t",
    }))
    kit.write(folder .. "/instance.toml", [=[
listen = ["127.0.0.1:0"]
admin_listen = "127.0.0.1:0"
certificate = "server.pem"
key = "server.key"
connection_points = ["client.pem"]
]=])
    kit.write(folder .. "/point.toml", [=[
name = "CP1"
certificate = "client.pem"
key = "client.key"
instance_pins = ["server.pem"]
gateway = { service_name = "localhost", addresses = [["localhost:1"]] }
trust = { roots = ["root.cer"] }
mapping = [{ id = 17, internal = ["https://localhost:1"] }]
]=])
    return {
        InstanceService = assert(cmgateway.start_instance(folder .. "/instance.toml")),
        ConnectionPointService = assert(cmgateway.start_connection_point(folder .. "/point.toml")),
        AnalysisReport = assert(cmgateway.analyze("a.contoso.com", { addresses = { "127.0.0.1:9" } })),
        Monitor = gateway.monitor,
        Notices = assert(cmgateway.notices()),
        Webhook = assert(cmgateway.webhook("https://hooks.contoso.com/cmg", "s3cret")),
        Mail = assert(cmgateway.mail("smtp.contoso.com", "cmg@contoso.com", { "admins@contoso.com" })),
        Site = site,
        Rows = assert(site:query("SELECT * FROM SMS_Site")),
        SiteDifference = assert(cmgateway.diff(site, site, { classes = { "SMS_Site" } })),
        Locator = assert(cmgateway.locator({ rehearse = "sqlite:site.db" })),
        Instance = assert(gateway:instance()),
        Watch = assert(
            site:watch("SELECT * FROM __InstanceCreationEvent WITHIN 9 WHERE TargetInstance ISA 'SMS_Site'")
        ),
        ObjectPath = gateway.path,
        DateTime = assert(cmgateway.wmi.datetime("20260301120000.000000+060")),
        AdminServiceServer = server,
        Gateway = gateway,
        SiteSwitches = site.switches,
        SiteRoles = site.roles,
        ConnectionPointRoles = site.connection_points,
        SitePlan = assert(site.switches:plan({ check_crl = false })),
        RequiredPorts = assert(gateway:required_ports()),
        ReferenceClient = assert(cmgateway.reference_client({
            candidates = { "MP1.contoso.com" }, management_points = { "MP1.contoso.com" },
        })),
        SubCa = gateway.sub_ca,
        SubCaPlan = assert(gateway.sub_ca:plan("set", {})),
        ThumbprintList = assert(gateway.sub_ca:list()),
        ["cert.Certificate"] = pki.root.certificate,
        ["cert.Thumbprint"] = pki.root.certificate.thumbprint,
        ["cert.DevelopmentPki"] = pki,
    }
end

-- The objects of keys and chains.
local function add_cert_objects(known)
    local cert, pki = cmgateway.cert, known["cert.DevelopmentPki"]
    local server, authorities = pki.server, { pki.sub_cas[1].certificate, pki.root.certificate }
    local key = assert(cert.load_private_key(server.private_key_pem))
    local pair = { certificate = server.certificate, private_key = key }
    local verifier = assert(cert.verifier({ roots = { pki.root.certificate }, intermediates = authorities }))
    known["cert.PrivateKey"] = key
    known["cert.Pfx"] = assert(cert.load_pfx(assert(cert.write_pfx({ pair }, {}, { password = "p" })), "p"))
    known["cert.PfxKeyPair"] = known["cert.Pfx"].key_pairs[1]
    known["cert.PfxMac"] = known["cert.Pfx"].mac
    known["cert.Crl"] = assert(cert.load_crl(require("revocation").list))[1]
    known["cert.Chain"] = cert.build_chain(server.certificate, authorities)
    known["cert.Verifier"] = verifier
    known["cert.IssuedCertificate"] = server
    known["cert.CertificateRequest"] = assert(cert.create_csr(key, { subject = "CN=gw.contoso.com" }))
    known["cert.Authority"] = assert(cert.root_authority({ subject = "CN=Root", key = "ec_p256" }))
    known["cert.VerifiedChain"] = assert(verifier:verify(server.certificate))
    return known
end

-- The clients of Azure; none of them connects to anything.
local function add_azure_objects(known)
    local azure, subscription = cmgateway.azure, "00000000-0000-0000-0000-000000000001"
    local credential = azure.access_token("t")
    local manager = assert(azure.resource_manager(subscription, credential))
    known["azure.Credential"] = credential
    known.Cloud = assert(cmgateway.resource_manager_cloud(subscription, credential))
    local folder = require("gateway_files").write()
    known.GatewaySpec = assert(cmgateway.load_gateway_spec(folder .. "/gateway.toml"))
    known.GatewayPlan = assert(cmgateway.plan_offline(known.GatewaySpec))
    known["azure.ResourceManager"] = manager
    known["azure.Operation"] = assert(manager:resume(
        '{"operation":"put x","method":"PUT","url":"https://management.azure.com/x","ask":"resource"}'
    ))
    known["azure.KeyVault"] = assert(azure.key_vault("granitefalls", credential))
    known["azure.ManagementCertificate"] = assert(azure.make_management_certificate())
    known["azure.ServiceManagement"] = assert(azure.service_management(subscription, { credential = credential }))
    return known
end

local function check(name, known)
    local class, method = name:match("^(.*):([%w_]+)$")
    if class then return kit.equal(type(known[class][method]), "function", name) end
    if known[name] then return kit.equal(type(known[name]), "userdata", name) end
    local owner, field = name:match("^(.*)%.([%w_]+)$")
    if known[owner] then return kit.equal(known[owner][field] ~= nil, true, name) end
    local found = cmgateway
    for part in name:gmatch("[%w_]+") do found = found[part] end
    kit.equal(type(found), "function", name)
end

function tests.each_name_is_there()
    local known, count = add_azure_objects(add_cert_objects(objects())), 0
    for name in kit.read(API):gmatch('\nlua = "([^"]+)"') do
        check(name, known)
        count = count + 1
    end
    kit.equal(count > 30, true, "names in the list")
end

-- The rows may lag behind the binding, so these are asked for by name.
function tests.keys_and_chains_are_there()
    local known = add_cert_objects(objects())
    for _, name in ipairs({
        "load_pfx", "load_p7b", "load_private_key", "load_crl", "write_pfx", "write_p7b", "build_chain", "verifier",
        "Pfx", "PrivateKey", "Crl", "Chain", "VerifiedChain", "Verifier",
    }) do
        check("cert." .. name, known)
    end
end

return tests
