#!/usr/bin/env lua
--[[ A whole gateway on this machine: clients with certificates reach a management point inside through two instances.

    run_gateway.lua FOLDER

nginx plays the management point, two instances and two connection points run in this process, curl and
`openssl s_client` are the clients. Certificates and settings files are written to FOLDER, which has to be there; they
show what a gateway of your own needs. nginx, curl and openssl have to be installed.
]]

local cmgateway = require "cmgateway"

local ROLE = "72057594037937981"
local PATH = "/CCM_Proxy_MutualAuth/" .. ROLE .. "/SMS_MP"

local NGINX = [[
pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_processes 1;
events { }
http {
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/management-point.pem; ssl_certificate_key {folder}/management-point.key;
        ssl_client_certificate {folder}/root.pem; ssl_verify_client on;
        location /SMS_MP/whoami { return 200 "$http_x_forwarded_for over $ssl_client_s_dn\n"; }
    }
}
]]

local INSTANCE = [=[
number = {number}
listen = ["127.0.0.1:0"]
certificate = "gateway.pem"
key = "gateway.key"
connection_points = ["CP1.pem", "CP2.pem"]
]=]

local CONNECTION_POINT = [=[
name = "{name}"
certificate = "{name}.pem"
key = "{name}.key"
instance_pins = ["gateway.pem"]
[gateway]
service_name = "localhost"
addresses = [["{first}"], ["{second}"]]
[inside]
roots = "root.pem"
certificate = "{name}.pem"
key = "{name}.key"
[trust]
roots = ["root.pem"]
sub_cas = ["issuing.pem"]
[[mapping]]
id = {role}
internal = ["https://localhost:{port}"]
]=]

-- The text with the values in place of their {names}.
local function filled(text, values)
    return (text:gsub("{(%w+)}", values))
end

local function write(path, text)
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
end

-- What a command says, without its last line break.
local function output_of(command)
    local pipe = assert(io.popen(command .. " 2>&1"))
    local text = pipe:read("*a")
    pipe:close()
    return (text:gsub("%s+$", ""))
end

-- True where a command ended well; Lua 5.1 gives a number, later ones a boolean.
local function run(command)
    local done = os.execute(command)
    return done == true or done == 0
end

-- A root, an issuing CA, and a certificate for each part; clients come from the issuing CA.
local function make_certificates(folder)
    local function keep(name, issued)
        write(folder .. "/" .. name .. ".pem", issued.chain_pem)
        write(folder .. "/" .. name .. ".key", issued.private_key_pem)
    end
    local key = { key = "ec_p256" }
    local root = assert(cmgateway.cert.root_authority({ subject = "CN=Contoso Root", key = "ec_p256" }))
    local issuing = assert(root:sub_ca({ subject = "CN=Contoso Issuing CA", key = "ec_p256", path_length = 0 }))
    write(folder .. "/root.pem", root.certificate:to_pem())
    write(folder .. "/issuing.pem", issuing.certificate:to_pem())
    for _, server in ipairs({ "gateway", "management-point" }) do
        keep(server, assert(issuing:issue_server({ "localhost" }, key)))
    end
    for _, client in ipairs({ "CP1", "CP2", "client" }) do
        keep(client, assert(issuing:issue_client({ client .. ".contoso.com" }, key)))
    end
end

-- nginx on a free port, which nginx itself has to find: it takes none that is in use.
local function start_management_point(folder)
    local nginx = run("nginx -v 2>/dev/null") and "nginx" or "/usr/sbin/nginx"
    if not run(nginx .. " -v 2>/dev/null") then error("nginx is not installed", 0) end
    local command = ('%s -e "%s/nginx.log" -c "%s/nginx.conf"'):format(nginx, folder, folder)
    math.randomseed(os.time())
    for _ = 1, 20 do
        local port = math.random(20000, 60000)
        write(folder .. "/nginx.conf", filled(NGINX, { folder = folder, port = port }))
        if run(command .. " 2>/dev/null") then
            return port, function() run(command .. " -s stop") end
        end
    end
    error("could not start nginx: see " .. folder .. "/nginx.log", 0)
end

-- Gets a path from an instance; the status and the body.
local function curl(folder, address, path, without_certificate)
    local port = address:match(":(%d+)$")
    local command = ('curl -sS --noproxy "*" --cacert "%s/root.pem" -w " (%%{http_code})"'):format(folder)
    if not without_certificate then
        command = command .. (' --cert "%s/client.pem" --key "%s/client.key"'):format(folder, folder)
    end
    return output_of(("%s https://localhost:%s%s"):format(command, port, path)):gsub("\n", "")
end

-- A request by `openssl s_client`: what TLS it speaks, and the status line.
local function s_client(folder, address)
    write(folder .. "/request", ("GET %s/whoami HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"):format(PATH))
    local text = output_of((
        'openssl s_client -connect %s -servername localhost -verify_return_error -CAfile "%s/root.pem" '
        .. '-cert "%s/client.pem" -key "%s/client.key" -ign_eof < "%s/request"'
    ):format(address, folder, folder, folder, folder))
    return (text:match("New, [^\n]+") or text) .. "; " .. (text:match("HTTP/1.1 [^\r\n]+") or "no answer")
end

local function serve(folder, port)
    local instances, points = {}, {}
    for number = 0, 1 do
        local file = folder .. "/instance" .. number .. ".toml"
        write(file, filled(INSTANCE, { number = number }))
        instances[#instances + 1] = assert(cmgateway.start_instance(file))
    end
    local first, second = instances[1].addresses[1], instances[2].addresses[1]
    print("instances: " .. first .. " and " .. second)
    for _, name in ipairs({ "CP1", "CP2" }) do
        local file = folder .. "/" .. name .. ".toml"
        write(file, filled(CONNECTION_POINT, { name = name, first = first, second = second, role = ROLE, port = port }))
        points[#points + 1] = assert(cmgateway.start_connection_point(file))
    end
    for _, point in ipairs(points) do assert(point:ready({ timeout = 30 })) end
    print("connection points: CP1 and CP2, connected to both instances")

    for number, address in ipairs({ first, second }) do
        print(("curl through instance %d: %s"):format(number - 1, curl(folder, address, PATH .. "/whoami")))
    end
    print("curl without a certificate: " .. curl(folder, first, PATH .. "/whoami", true))
    print("openssl s_client: " .. s_client(folder, second))
    assert(points[1]:stop())
    print("CP1 has stopped; curl: " .. curl(folder, first, PATH .. "/whoami"))
    for _, instance in ipairs(instances) do
        local status = assert(instance:status())
        print(("instance %d: %d requests, %d handshakes, by way of %s"):format(
            status.number, status.requests, status.handshakes, table.concat(status.connection_points, " and ")))
    end
    for _, each in ipairs({ points[2], instances[1], instances[2] }) do assert(each:stop()) end
end

local folder = arg[1]
if not folder or #arg > 1 or folder:sub(1, 1) == "-" then
    io.stderr:write("Usage: run_gateway.lua FOLDER\n")
    os.exit(2)
end
make_certificates(folder)
local port, stop = start_management_point(folder)
print("management point: nginx on port " .. port)
local done, err = pcall(serve, folder, port)
stop()
if not done then
    io.stderr:write(tostring(err), "\n")
    os.exit(1)
end
