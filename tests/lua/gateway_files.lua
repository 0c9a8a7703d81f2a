-- The files that a gateway is made from: a PFX, roots, sub-CAs, the connection point's certificate, and the spec.

local cmgateway = require "cmgateway"
local kit = require "kit"

local files = { name = "granitefalls.contoso.com" }

-- The folder; `gateway.toml` in it is the spec.
function files.write()
    local folder = kit.folder()
    local pki = assert(cmgateway.cert.development_pki({
        sub_cas = 1, server_names = { files.name }, key = "rsa_2048",
    }))
    kit.write(folder .. "/root.pem", pki.root.certificate_pem)
    kit.write(folder .. "/subca.pem", pki.sub_cas[1].certificate_pem)
    kit.write(folder .. "/point.pem", pki.client.certificate_pem)
    kit.write(folder .. "/server.pfx", assert(pki.server:to_pfx({ password = "secret" })))
    kit.write(folder .. "/gateway.toml", [=[
service_cert_path = "server.pfx"
service_cert_password = "secret"
subscription_id = "00000000-0000-0000-0000-000000000001"
region = "WestUS2"
vm_instance_count = 2
ca_root_cert = ["root.pem"]
sub_ca_cert = ["subca.pem"]
connection_point_cert = ["point.pem"]
ssh_public_key = "ssh-rsa AAAA"
]=])
    return folder
end

return files
