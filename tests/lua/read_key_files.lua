-- "I open a PFX, look at the keys and certificates in it, and write them for an old and a new Windows."

local cert = require "cmgateway".cert
local kit = require "kit"
local tests = {}

local function pki_with_key(options)
    local pki = kit.pki(options)
    return pki, assert(cert.load_private_key(pki.server.private_key_pem))
end

local function written(pki, key, options)
    local pair = { certificate = pki.server.certificate, private_key = key, friendly_name = "gateway" }
    return assert(cert.write_pfx({ pair }, { pki.sub_cas[1].certificate, pki.root.certificate }, options))
end

local function check_pfx(pfx, pki, key)
    kit.equal(#pfx.key_pairs, 1)
    kit.equal(pfx.key_pairs[1].certificate, pki.server.certificate)
    kit.equal(pfx.key_pairs[1].private_key, key)
    kit.equal(pfx.key_pairs[1].friendly_name, "gateway")
    kit.equal(#pfx.certificates, 2)
    kit.equal(pfx.certificates[1].certificate, pki.sub_cas[1].certificate)
    kit.equal(pfx.certificates[2].certificate, pki.root.certificate)
    kit.equal(pfx.certificates[1].friendly_name, nil)
    kit.equal(#pfx.keys, 0)
    kit.equal(#pfx.skipped, 0)
    kit.equal(pfx.password_form, "text")
end

function tests.a_pfx_comes_back_in_both_profiles()
    local pki, key = pki_with_key()
    local digests = { ["modern"] = "SHA-256", ["windows-2016"] = "SHA-1" }
    for profile, digest in pairs(digests) do
        local bytes = written(pki, key, { password = "correct horse", profile = profile })
        local pfx = assert(cert.load_pfx(bytes, "correct horse"))
        check_pfx(pfx, pki, key)
        kit.equal(pfx.mac.algorithm, digest)
        kit.equal(pfx.mac.iterations >= 1000, true)
        kit.equal(tostring(pfx.mac):find(digest, 1, true) ~= nil, true)
        local pair = pfx.key_pairs[1]
        kit.equal(tostring(pair), "<cmgateway.cert.PfxKeyPair " .. pair.certificate.subject .. ">")
    end
    kit.equal(assert(cert.load_pfx(written(pki, key, { password = "p" }), "p")).mac.algorithm, "SHA-256")
end

function tests.a_pair_of_one_pfx_goes_into_another()
    local pki, key = pki_with_key()
    local first = assert(cert.load_pfx(written(pki, key, { password = "one" }), "one"))
    local bytes = assert(cert.write_pfx(first.key_pairs, {}, { password = "zwei\195\164", profile = "windows-2016" }))
    local second = assert(cert.load_pfx(bytes, "zwei\195\164"))
    kit.equal(second.key_pairs[1].private_key, key)
    kit.equal(second.key_pairs[1].friendly_name, "gateway")
    kit.equal(#second.certificates, 0)
end

function tests.a_wrong_password_is_told_from_a_damaged_file()
    local pki, key = pki_with_key()
    local bytes = written(pki, key, { password = "correct horse" })
    kit.equal(kit.fails("auth", cert.load_pfx(bytes, "battery staple")).context.reason, "wrong_password")
    kit.equal(kit.fails("auth", cert.load_pfx(bytes, "")).context.reason, "wrong_password")
    kit.equal(kit.fails("auth", cert.load_pfx(bytes)).context.reason, "password_needed")
    kit.equal(kit.fails("certificate", cert.load_pfx(bytes:sub(1, -2), "correct horse")).context.reason, "damaged")
    kit.equal(kit.fails("certificate", cert.load_pfx("", "correct horse")).context.reason, "damaged")
    kit.equal(kit.fails("certificate", cert.load_private_key("no key")).context.reason, "damaged")
end

function tests.a_password_is_in_no_message()
    local pki, key = pki_with_key()
    local bytes = written(pki, key, { password = "correct horse" })
    local err = kit.fails("config", cert.load_pfx(bytes, "s3cret\255"))
    kit.equal(tostring(err):find("s3cret", 1, true), nil)
    err = kit.fails("auth", cert.load_pfx(bytes, "s3cret"))
    kit.equal(tostring(err):find("s3cret", 1, true), nil)
    err = kit.fails("config", cert.write_pfx({}, { pki.root.certificate }, { password = "s3cret\255" }))
    kit.equal(tostring(err):find("s3cret", 1, true), nil)
end

function tests.a_key_tells_what_it_is_but_does_not_show()
    local pki, key = pki_with_key()
    kit.equal(key.kind, "ec")
    kit.equal(key.algorithm, "EC P-256")
    kit.equal(key.size_bits, 256)
    kit.equal(key:matches(pki.server.certificate), true)
    kit.equal(key:matches(pki.root.certificate), false)
    kit.equal(tostring(key), "<cmgateway.cert.PrivateKey EC P-256>")
    kit.contains(key:to_pem(), "-----BEGIN PRIVATE KEY-----")
    kit.equal(assert(cert.load_private_key(key:to_pem())), key)
    kit.equal(key == assert(cert.load_private_key(pki.client.private_key_pem)), false)
    local pfx = assert(cert.load_pfx(written(pki, key, { password = "p" }), "p"))
    kit.equal(tostring(pfx), "<cmgateway.cert.Pfx key pairs: 1, certificates: 2, keys: 0>")
    kit.equal(tostring(pfx.key_pairs[1]):find("PRIVATE", 1, true), nil)
end

function tests.an_rsa_key_is_read()
    local pki, key = pki_with_key({ key = "rsa_2048" })
    kit.equal(key.kind, "rsa")
    kit.equal(key.size_bits, 2048)
    check_pfx(assert(cert.load_pfx(written(pki, key, { password = "p" }), "p")), pki, key)
end

function tests.a_p7b_comes_back_in_its_order()
    local pki = kit.pki({ sub_cas = 2 })
    local given = { pki.server.certificate, pki.sub_cas[2].certificate, pki.root.certificate }
    local back = assert(cert.load_p7b(assert(cert.write_p7b(given))))
    kit.equal(#back, 3)
    for at, certificate in ipairs(given) do kit.equal(back[at], certificate) end
    kit.fails("config", cert.write_p7b({}))
    kit.equal(kit.fails("certificate", cert.load_p7b("")).context.reason, "damaged")
end

function tests.what_does_not_belong_together_is_refused()
    local pki, key = pki_with_key()
    local pair = { certificate = pki.client.certificate, private_key = key }
    kit.contains(kit.fails("config", cert.write_pfx({ pair }, {}, { password = "p" })), "not for its key")
    kit.fails("config", cert.write_pfx({}, {}, { password = "p" }))
    kit.fails("config", cert.write_pfx({}, { pki.root.certificate }, { password = "" }))
end

function tests.wrong_use_raises()
    local pki, key = pki_with_key()
    local root = pki.root.certificate
    kit.raises("bad argument #1 to 'load_pfx'", cert.load_pfx)
    kit.raises("bad argument #2 to 'load_pfx'", cert.load_pfx, "", 1)
    kit.raises("bad argument #1 to 'load_private_key'", cert.load_private_key, {})
    kit.raises("bad argument #1 to 'load_p7b'", cert.load_p7b, root)
    kit.raises("bad argument #1 to 'write_p7b'", cert.write_p7b, root)
    kit.raises("a Certificate expected, got cmgateway.cert.PrivateKey", cert.write_p7b, { key })
    kit.raises("option 'password' to 'write_pfx' is missing", cert.write_pfx, {}, { root })
    kit.raises("unknown option 'pasword'", cert.write_pfx, {}, { root }, { pasword = "p" })
    kit.raises("bad profile 'old'", cert.write_pfx, {}, { root }, { password = "p", profile = "old" })
    kit.raises("bad option 'password'", cert.write_pfx, {}, { root }, { password = 1 })
    kit.raises("unknown option 'key'", cert.write_pfx, { { certificate = root, key = key } }, {}, { password = "p" })
    kit.raises("bad 'private_key' of a key pair", cert.write_pfx, { { certificate = root } }, {}, { password = "p" })
    kit.raises("PrivateKey has no field 'pem'", function() return key.pem end)
    local pfx = assert(cert.load_pfx(written(pki, key, { password = "p" }), "p"))
    kit.raises("Pfx has no field 'pairs'", function() return pfx.pairs end)
    kit.raises("PfxKeyPair has no field 'key'", function() return pfx.key_pairs[1].key end)
    kit.raises("PfxMac has no field 'digest'", function() return pfx.mac.digest end)
    kit.raises("a Certificate expected", key.matches, key, "server.cer")
end

return tests
