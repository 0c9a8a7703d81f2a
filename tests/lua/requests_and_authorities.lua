-- "I make a request, have an authority sign it, and revoke what it issued."

local cert = require "cmgateway".cert
local kit = require "kit"
local tests = {}

local function authorities()
    local root = assert(cert.root_authority({ subject = "CN=Root,O=Contoso", key = "ec_p256" }))
    local issuing = assert(root:sub_ca({
        subject = "CN=Issuing CA,O=Contoso", key = "ec_p256", path_length = 0, days = 1825,
        crl_urls = { "http://pki.contoso.com/issuing.crl" }, ca_issuer_urls = { "http://pki.contoso.com/issuing.cer" },
    }))
    return root, issuing
end

function tests.what_is_issued_is_trusted()
    local root, issuing = authorities()
    local server = assert(issuing:issue_server({ "gw.contoso.com", "10.0.0.1" }, { key = "ec_p256" }))
    local verifier = assert(cert.verifier({ roots = { root.certificate }, intermediates = { issuing.certificate } }))
    assert(verifier:verify(server.certificate, "gw.contoso.com"))
    kit.equal(server.certificate.subject, "CN=gw.contoso.com")
    kit.equal(#server.chain, 3)
    kit.same_list(server.certificate.crl_urls, { "http://pki.contoso.com/issuing.crl" })
    kit.same_list(server.certificate.ca_issuer_urls, { "http://pki.contoso.com/issuing.cer" })
    kit.equal(issuing.certificate.path_length, 0)
    local pfx = assert(server:to_pfx({ password = "correct horse" }))
    kit.equal(assert(cert.load_pfx(pfx, "correct horse")).key_pairs[1].certificate, server.certificate)
end

function tests.a_request_is_made_read_and_signed()
    local _, issuing = authorities()
    local key = assert(cert.generate_key("ec_p256"))
    local made = assert(cert.create_csr(key, {
        subject = 'CN=gw.contoso.com, O="Contoso, Ltd."', names = { "gw.contoso.com" },
        template = "1.3.6.1.4.1.311.21.8.1 100.4",
    }))
    local request = assert(cert.load_csr(made:to_pem()))
    kit.equal(request, made)
    kit.equal(assert(request:verify_signature()), true)
    kit.equal(request.subject, "CN=gw.contoso.com,O=Contoso\\, Ltd.")
    kit.equal(request.windows_subject, 'CN=gw.contoso.com, O="Contoso, Ltd."')
    kit.equal(request.template.major_version, 100)
    kit.equal(request.template.text, "1.3.6.1.4.1.311.21.8.1 100.4")
    kit.same_list(request.subject_alternative_names, { "dns:gw.contoso.com" })
    kit.equal(request.origin.machine, nil)
    kit.equal(key:matches_request(request), true)
    local certificate = assert(issuing:sign(request))
    kit.equal(key:matches(certificate), true)
    kit.equal(certificate.template.oid, "1.3.6.1.4.1.311.21.8.1")
    kit.contains(kit.fails("config", issuing:sign(request, { days = 100000 })), "it would be valid")
end

function tests.revoked_certificates_are_in_the_list()
    local root = authorities()
    local client = assert(root:issue_client("client1.contoso.com", { key = "ec_p256" })).certificate
    assert(root:revoke(client, { reason = "certificateHold" }))
    local list = assert(root:crl())
    kit.equal(list:revocation(client).reason, "certificateHold")
    assert(root:release(client))
    kit.equal(assert(root:crl({ delta = true })):revocation(client).reason, "removeFromCRL")
    local again = assert(cert.load_authority({ certificate = root.certificate, private_key = root.private_key }))
    assert(again:continue_from(list))
    kit.equal(assert(again:crl({ valid_seconds = 3600 })).number, "02")
    kit.raises("bad reason 'bored'", function() return root:revoke(client, { reason = "bored" }) end)
end

function tests.wrong_texts_are_errors_and_wrong_types_are_raised()
    local key = assert(cert.generate_key("ec_p256"))
    kit.fails("config", cert.generate_key("rsa_1024"))
    kit.fails("config", cert.create_csr(key, { subject = "gw" }))
    kit.fails("config", cert.root_authority({ subject = "" }))
    kit.raises("unknown option 'nmes'", cert.create_csr, key, { nmes = {} })
    kit.raises("a PrivateKey expected", cert.create_csr, {}, {})
    kit.contains(assert(cert.certreq_inf({ subject = "CN=gw.contoso.com", exportable = false })), "Exportable = FALSE")
end

function tests.files_are_read_by_their_names()
    local pki, folder = kit.pki()
    local key = assert(cert.load_private_key_file(folder .. "/server.key"))
    kit.equal(key:matches(pki.server.certificate), true)
    local function write(name, bytes)
        local file = assert(io.open(folder .. "/" .. name, "wb"))
        file:write(bytes)
        file:close()
        return folder .. "/" .. name
    end
    local pfx = write("server.pfx", assert(pki.server:to_pfx({ password = "correct horse" })))
    kit.equal(#assert(cert.load_pfx_file(pfx, "correct horse")).key_pairs, 1)
    kit.contains(kit.fails("auth", cert.load_pfx_file(pfx, "wrong")), "server.pfx")
    local chain = { pki.root.certificate, pki.sub_cas[1].certificate }
    kit.equal(#assert(cert.load_p7b_file(write("chain.p7b", assert(cert.write_p7b(chain))))), 2)
    local request = assert(cert.create_csr(key, { subject = "CN=gw" }))
    kit.equal(assert(cert.load_csr_file(write("gw.req", request:to_pem()))), request)
    local root = authorities()
    kit.equal(#assert(cert.load_crl_file(write("root.crl", assert(root:crl()).der))), 1)
    for _, kind in ipairs({ "pfx", "p7b", "private_key", "csr", "crl", "cer" }) do
        local load = cert["load_" .. kind .. "_file"]
        kit.contains(kit.fails("not_found", load(folder .. "/none")), "none")
        kit.raises("text expected", load, 1)
    end
end

return tests
