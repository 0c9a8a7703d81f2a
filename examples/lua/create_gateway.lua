-- Create a cloud management gateway, send a client's request through it, delete it.
--
--     lua create_gateway.lua                   on this machine, with processes of the program `cmgateway`
--     lua create_gateway.lua --cloud azure     shows what would be made in Azure; asks nobody, changes nothing
--     lua create_gateway.lua --cloud site      shows what Configuration Manager would be told; changes nothing
--
-- Certificates of a rehearsal PKI take the place of your own. The program is found by --program, CMGATEWAY_PROGRAM, or
-- PATH; the client's request is made by `curl`. A served site stands for the management point inside.

local cmgateway = require "cmgateway"

local NAME, ROLE = "granitefalls.contoso.com", "72057594037937981"

local CONNECTION_POINT = [=[
name = "CP1"
certificate = "point-client.pem"
key = "point-client.key"
instance_pins = ["server.pem"]
[gateway]
service_name = "%s"
addresses = [%s]
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

local function read(path)
    local file = assert(io.open(path, "rb"))
    local text = file:read("*a")
    file:close()
    return text
end

local function write(path, text)
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
    return path
end

-- What the administrator brings: the server certificate as PFX, roots and sub-CAs of clients, the tunnel's certificate.
local function certificates(folder)
    local pki = assert(cmgateway.cert.development_pki({
        sub_cas = 1, server_names = { NAME, "localhost" }, key = "rsa_2048",
    }))
    write(folder .. "/root.pem", pki.root.certificate_pem)
    write(folder .. "/subca1.pem", pki.sub_cas[1].certificate_pem)
    write(folder .. "/server.pem", pki.server.chain_pem)
    write(folder .. "/server.key", pki.server.private_key_pem)
    write(folder .. "/client.pem", pki.client.chain_pem)
    write(folder .. "/client.key", pki.client.private_key_pem)
    write(folder .. "/server.pfx", assert(pki.server:to_pfx({ password = "rehearsal" })))
    -- Whoever opens tunnels is no client.
    local point = assert(cmgateway.cert.development_pki({ sub_cas = 1 })).client
    write(folder .. "/point-client.pem", point.chain_pem)
    write(folder .. "/point-client.key", point.private_key_pem)
end

local function spec(folder, instances)
    return assert(cmgateway.gateway_spec({
        service_cert_path = folder .. "/server.pfx",
        service_cert_password = "rehearsal",
        ca_root_cert = { folder .. "/root.pem" },
        sub_ca_cert = { folder .. "/subca1.pem" },
        connection_point_cert = { folder .. "/point-client.pem" },
        vm_instance_count = instances,
        description = "Made by an example",
        -- What only Azure asks for.
        subscription_id = "00000000-0000-0000-0000-000000000001",
        region = "WestUS2",
        ssh_public_key = "ssh-rsa AAAA",
    }))
end

-- A client on the Internet: it shows its certificate and checks the gateway's.
local function ask_as_client(folder, address, path)
    local host, port = address:match("^(.*):(%d+)$")
    local command = ("curl -sS --max-time 20 -w ' %%{http_code}' --cacert %s/root.pem "
        .. "--cert %s/client.pem --key %s/client.key --resolve %s:%s:%s "
        .. "-H 'Authorization: Bearer rehearsal' 'https://%s:%s%s' 2>&1"):format(
        folder, folder, folder, NAME, port, host, NAME, port, path
    )
    local pipe = assert(io.popen(command))
    local text = pipe:read("*a")
    pipe:close()
    return text
end

local function through(site, gateway, cloud, folder)
    local instances, addresses = assert(cloud:instances(site, gateway.service_name)), {}
    for i, instance in ipairs(instances) do
        addresses[i] = ('["%s"]'):format(instance.tunnel_address)
    end
    local inside = assert(site:serve({
        certificate_file = folder .. "/server.pem", key_file = folder .. "/server.key", token = "rehearsal",
    }))
    local port = inside.url:match(":(%d+)")
    local file = write(folder .. "/connection_point.toml", CONNECTION_POINT:format(
        NAME, table.concat(addresses, ", "), ROLE, "https://localhost:" .. port
    ))
    local point = assert(cmgateway.start_connection_point(file))
    assert(point:ready({ timeout = 30 }))
    for _, instance in ipairs(instances) do
        local path = "/CCM_Proxy_MutualAuth/" .. ROLE .. "/AdminService/wmi/SMS_Site?$select=SiteCode"
        print(instance.name .. " at " .. instance.address .. ": " .. ask_as_client(folder, instance.address, path))
    end
    point:stop()
    inside:stop()
end

local function on_this_machine(folder, wanted, program)
    local cloud = assert(cmgateway.local_cloud({ folder = folder .. "/gateways", program = program, ports = "free" }))
    local site = assert(cmgateway.create_site(folder .. "/site.db", "GF1"))
    local plan = assert(cloud:plan(wanted))
    print(plan)
    local gateway = assert(cloud:apply(site, plan, { progress = function(now) print(now.text) end }))
    local done, problem = pcall(through, site, gateway, cloud, folder)
    assert(cloud:delete(site, gateway.service_name))
    print(NAME .. " is deleted")
    if not done then error(problem, 0) end
end

local function options(words)
    local given = { cloud = "local", instances = "2" }
    for i = 1, #words, 2 do
        local name = words[i]:match("^%-%-(%a+)$")
        local is_known = name == "cloud" or name == "instances" or name == "program" or name == "folder"
        if not is_known or not words[i + 1] then
            io.stderr:write("Usage: create_gateway.lua [--cloud local|azure|site] [--instances N] [--program FILE] ",
                "[--folder FOLDER]\n")
            os.exit(2)
        end
        given[name] = words[i + 1]
    end
    return given
end

local given = options(arg)
local folder = given.folder
if not folder then
    -- A name that nobody has; Lua itself makes no folder.
    folder = os.tmpname()
    os.remove(folder)
    assert(os.execute('mkdir "' .. folder .. '"'))
end
local done, problem = pcall(function()
    certificates(folder)
    local wanted = spec(folder, tonumber(given.instances))
    print("service name, from the certificate: " .. assert(wanted:check()).service_name)
    if given.cloud == "azure" then
        print(assert(cmgateway.plan_offline(wanted)))
    elseif given.cloud == "site" then
        -- What a site's own Configuration Manager would be told; here a new one.
        local site = assert(cmgateway.create_site(folder .. "/site.db", "GF1"))
        print(assert(assert(cmgateway.site_cloud(site)):plan(wanted)))
    else
        on_this_machine(folder, wanted, given.program)
    end
end)
assert(read(folder .. "/root.pem"))
if not given.folder then os.execute('rm -rf "' .. folder .. '"') end
if not done then
    io.stderr:write(tostring(problem) .. "\n")
    os.exit(1)
end
