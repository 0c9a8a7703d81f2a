-- "I open a certificate file, read what it says, and copy its thumbprint."

local cert = require "cmgateway".cert
local kit = require "kit"
local tests = {}

function tests.a_file_and_its_bytes_give_the_same()
    local pki, folder = kit.pki({ organization = "Contoso", sub_cas = 2 })
    local from_file = assert(cert.load_cer_file(folder .. "/subca1.cer"))
    local from_bytes = assert(cert.load_cer(kit.read(folder .. "/subca1.cer")))
    kit.equal(#from_file, 1)
    kit.equal(from_file[1], from_bytes[1])
    kit.equal(from_file[1], pki.sub_cas[1].certificate)
    kit.equal(from_file[1] == pki.root.certificate, false)
    kit.equal(from_bytes[1].der, kit.read(folder .. "/subca1.cer"))
    kit.equal(#assert(cert.load_cer_file(folder .. "/server.pem")) >= 2, true)
end

function tests.a_certificate_tells_what_it_is()
    local sub_ca = kit.pki().sub_cas[1].certificate
    kit.contains(sub_ca.subject, "Contoso")
    kit.contains(sub_ca.issuer, "Contoso")
    kit.equal(type(sub_ca.common_name), "string")
    kit.equal(sub_ca.is_ca, true)
    kit.equal(sub_ca.is_self_issued, false)
    kit.equal(#tostring(sub_ca.thumbprint), 40)
    kit.equal(#sub_ca.sha256_thumbprint, 64)
    kit.equal(sub_ca.serial_number:match("^%x+$") ~= nil, true)
    kit.equal(type(sub_ca.key_algorithm), "string")
    kit.equal(type(sub_ca.signature_algorithm), "string")
    kit.equal(sub_ca.key_size_bits, 256)
    kit.contains(table.concat(sub_ca.key_usage, ","), "keyCertSign")
    kit.contains(sub_ca, tostring(sub_ca.thumbprint))
end

function tests.a_server_has_its_names()
    local server = kit.pki({ server_names = { "gw.contoso.com", "10.0.0.1" } }).server.certificate
    kit.same_list(server.subject_alternative_names, { "dns:gw.contoso.com", "ip:10.0.0.1" })
    kit.contains(table.concat(server.extended_key_usage, ","), "serverAuth")
    kit.equal(server.is_ca, false)
end

function tests.validity_is_in_unix_seconds()
    local root = kit.pki({ not_before = 1700000000, days = 10 }).root.certificate
    kit.equal(root.not_before, 1700000000)
    kit.equal(root:is_valid_at(1700000000 + 86400), true)
    kit.equal(root:is_expired(1700000000 + 86400), false)
    kit.equal(root:is_expired(1700000000 + 11 * 86400), true)
    kit.equal(root:is_expired(), true)
    kit.equal(kit.pki().root.certificate:is_valid_at(), true)
end

function tests.thumbprints_are_read_as_people_paste_them()
    local thumbprint = assert(cert.thumbprint("88:24:02:2c b3 82 ca dd 9e 19 29 04 49 b8 93 a8 39 14 09 62"))
    kit.equal(tostring(thumbprint), "8824022CB382CADD9E19290449B893A839140962")
    kit.equal(thumbprint, assert(cert.thumbprint("\226\128\1428824022cb382cadd9e19290449b893a839140962")))
    kit.fails("config", cert.thumbprint("8824"))
    kit.fails("config", cert.thumbprint(""))
    kit.raises("bad argument", cert.thumbprint)
end

function tests.what_is_no_certificate_is_refused()
    local _, folder = kit.pki()
    kit.fails("certificate", cert.load_cer(""))
    kit.fails("certificate", cert.load_cer(kit.read(folder .. "/root.cer"):sub(1, -2)))
    kit.fails("not_found", cert.load_cer_file(folder .. "/none.cer"))
    kit.raises("unknown option 'subcas'", cert.development_pki, { subcas = 1 })
    kit.raises("bad key 'dsa'", cert.development_pki, { key = "dsa" })
end

function tests.a_key_does_not_show()
    local server = kit.pki().server
    kit.contains(server.private_key_pem, "PRIVATE KEY")
    kit.equal(tostring(server):find("PRIVATE"), nil)
end

return tests
