-- "Is this certificate trusted for this host, and if not, what is wrong with which certificate?"

local cert = require "cmgateway".cert
local kit = require "kit"
local revocation = require "revocation"
local tests = {}

local START, DAY = 1700000000, 86400

local function rehearsal()
    return kit.pki({ not_before = START, days = 10, server_names = { "gw.contoso.com" } })
end

-- A verifier that trusts the root of the PKI, a day after it was made; the options may say otherwise.
local function verifier_of(pki, options)
    local all = {
        roots = { pki.root.certificate }, intermediates = { pki.sub_cas[1].certificate }, at = START + DAY,
    }
    for name, value in pairs(options or {}) do all[name] = value end
    return assert(cert.verifier(all))
end

local function refused(reason, ...)
    local err = kit.fails("certificate", ...)
    kit.equal(err.context.reason, reason, tostring(err))
    return err
end

function tests.a_server_is_trusted()
    local pki = rehearsal()
    local server, sub_ca, root = pki.server.certificate, pki.sub_cas[1].certificate, pki.root.certificate
    local chain = assert(verifier_of(pki):verify(server, "gw.contoso.com"))
    kit.same_list(chain.certificates, { server, sub_ca, root })
    kit.equal(chain.root, root)
    kit.same_list(chain.intermediates, { sub_ca })
    kit.equal(type(chain.policies), "table")
    local authorities = assert(cert.load_cer(chain:authorities_pem()))
    kit.same_list(authorities, { root, sub_ca })
    kit.equal(tostring(chain), "<cmgateway.cert.VerifiedChain certificates: 3>")
    kit.equal(#assert(verifier_of(pki):verify(server)).certificates, 3)
end

function tests.a_client_is_trusted_as_a_client_only()
    local pki = rehearsal()
    local client = pki.client.certificate
    assert(verifier_of(pki, { purpose = "client_auth" }):verify(client))
    assert(verifier_of(pki, { purpose = "any" }):verify(client))
    refused("wrong_purpose", verifier_of(pki):verify(client))
    refused("wrong_purpose", verifier_of(pki, { purpose = "client_auth" }):verify(pki.server.certificate))
end

function tests.another_name_is_refused()
    local pki = rehearsal()
    local err = refused("name_mismatch", verifier_of(pki):verify(pki.server.certificate, "cm1.contoso.com"))
    kit.equal(err.context.depth, "0")
    kit.equal(err.context.certificate, pki.server.certificate.subject)
    kit.contains(err.context.chain, pki.root.certificate.subject)
    kit.fails("config", verifier_of(pki):verify(pki.server.certificate, "not a name"))
end

function tests.the_time_counts()
    local pki = rehearsal()
    local server = pki.server.certificate
    refused("expired", verifier_of(pki, { at = START + 11 * DAY }):verify(server))
    refused("not_yet_valid", verifier_of(pki, { at = START - DAY }):verify(server))
    local today = kit.pki()
    local now = assert(cert.verifier({
        roots = { pki.root.certificate, today.root.certificate },
        intermediates = { pki.sub_cas[1].certificate, today.sub_cas[1].certificate },
    }))
    refused("expired", now:verify(server))
    assert(now:verify(today.server.certificate))
end

function tests.a_missing_intermediate_is_named()
    local pki = rehearsal()
    local sub_ca = pki.sub_cas[1].certificate
    local err = refused("unknown_issuer", verifier_of(pki, { intermediates = {} }):verify(pki.server.certificate))
    kit.equal(err.context.missing, sub_ca.subject)
    kit.equal(err.context.chain, pki.server.certificate.subject)
    local stranger = kit.pki({ organization = "Fabrikam", not_before = START })
    refused("unknown_issuer", verifier_of(stranger):verify(pki.server.certificate))
    refused("unknown_issuer", verifier_of(pki, { roots = { sub_ca } }):verify(pki.server.certificate))
    local chain = assert(verifier_of(pki, { roots = { sub_ca }, partial_chain = true }):verify(pki.server.certificate))
    kit.equal(chain.root, sub_ca)
end

function tests.a_chain_is_put_together_without_trust()
    local pki = rehearsal()
    local server, sub_ca, root = pki.server.certificate, pki.sub_cas[1].certificate, pki.root.certificate
    local chain = cert.build_chain(server, { root, sub_ca })
    kit.equal(chain.is_complete, true)
    kit.equal(chain.missing, nil)
    kit.same_list(chain.certificates, { server, sub_ca, root })
    kit.equal(chain.root, root)
    kit.same_list(chain.intermediates, { sub_ca })
    kit.same_list(assert(cert.load_cer(chain:authorities_pem())), { root, sub_ca })
    chain = cert.build_chain(server, { sub_ca })
    kit.equal(chain.is_complete, false)
    kit.equal(chain.root, nil)
    kit.equal(chain.missing.subject, root.subject)
    kit.equal(type(chain.missing.urls), "table")
    kit.equal(tostring(chain), "<cmgateway.cert.Chain certificates: 2, incomplete>")
end

local function revocation_parts()
    local function one(pem) return assert(cert.load_cer(pem))[1] end
    local lists = assert(cert.load_crl(revocation.list))
    return one(revocation.root), one(revocation.good), one(revocation.revoked), lists
end

function tests.a_revocation_list_is_read()
    local root, good, revoked, lists = revocation_parts()
    kit.equal(#lists, 1)
    local list = lists[1]
    kit.equal(list.issuer, root.subject)
    kit.equal(list.number, "01")
    kit.equal(list.base_number, nil)
    kit.equal(list.is_delta, false)
    kit.equal(list.is_indirect, false)
    kit.equal(list.this_update < revocation.at and revocation.at < list.next_update, true)
    kit.equal(#list.authority_key_id, 40)
    kit.equal(list.signature_algorithm, good.signature_algorithm)
    kit.equal(#list, 1)
    kit.equal(list, assert(cert.load_crl(list.der))[1])
    kit.equal(list:revocation(good), nil)
    kit.equal(list:revocation(revoked).reason, "keyCompromise")
    kit.equal(list:revocation(revoked).date <= list.this_update, true)
    kit.contains(list, root.subject)
    kit.fails("certificate", cert.load_crl("hello"))
end

function tests.revocation_is_checked_where_asked()
    local root, good, revoked, lists = revocation_parts()
    local function verifier(options)
        options.roots, options.at = { root }, revocation.at
        return assert(cert.verifier(options))
    end
    assert(verifier({ crls = lists }):verify(revoked, "revoked.contoso.com"))
    for _, mode in ipairs({ "leaf", "chain" }) do
        assert(verifier({ crls = lists, revocation = mode }):verify(good, "good.contoso.com"))
        refused("revoked", verifier({ crls = lists, revocation = mode }):verify(revoked))
        refused("crl_missing", verifier({ revocation = mode }):verify(good))
        assert(verifier({ revocation = mode, danger_accept_missing_crl = true }):verify(good))
    end
end

function tests.every_option_is_taken()
    local pki = rehearsal()
    local names = {
        "inhibit_policy_mapping", "inhibit_any_policy", "anchor_expiry", "anchor_constraints", "partial_chain",
        "danger_allow_sha1", "danger_allow_small_rsa", "danger_allow_dsa", "danger_common_name_fallback",
        "danger_accept_missing_crl",
    }
    for _, name in ipairs(names) do
        assert(verifier_of(pki, { [name] = true, profile = "enterprise" }):verify(pki.server.certificate))
        kit.raises("bad option '" .. name .. "'", verifier_of, pki, { [name] = "no" })
    end
    refused("policy_violation", verifier_of(pki, { require_explicit_policy = true }):verify(pki.server.certificate))
    assert(verifier_of(pki, { policies = { "1.2.3" } }):verify(pki.server.certificate))
    assert(verifier_of(pki, { profile = "strict" }))
    local _, err = cert.verifier({ roots = {}, policies = { "no policy" } })
    kit.equal(err.kind, "config")
end

function tests.wrong_use_raises()
    local pki = rehearsal()
    local root, server = pki.root.certificate, pki.server.certificate
    kit.raises("option 'roots' to 'verifier' is missing", cert.verifier)
    kit.raises("unknown option 'root'", cert.verifier, { root = root })
    kit.raises("bad option 'roots'", cert.verifier, { roots = root })
    kit.raises("a Certificate expected, got string", cert.verifier, { roots = { "root.cer" } })
    kit.raises("a Crl expected, got cmgateway.cert.Certificate", cert.verifier, { roots = {}, crls = { root } })
    kit.raises("bad purpose 'server'", cert.verifier, { roots = {}, purpose = "server" })
    kit.raises("bad profile 'lax'", cert.verifier, { roots = {}, profile = "lax" })
    kit.raises("bad revocation 'on'", cert.verifier, { roots = {}, revocation = "on" })
    kit.raises("bad option 'policies'", cert.verifier, { roots = {}, policies = { 1.2 } })
    kit.raises("bad option 'at'", cert.verifier, { roots = {}, at = "now" })
    local verifier = verifier_of(pki)
    kit.raises("bad argument #1 to 'verify'", verifier.verify, verifier, "server.cer")
    kit.raises("bad argument #2 to 'verify'", verifier.verify, verifier, server, 1)
    kit.raises("Verifier has no field 'roots'", function() return verifier.roots end)
    kit.raises("bad argument #1 to 'build_chain'", cert.build_chain)
    kit.raises("bad argument #2 to 'build_chain'", cert.build_chain, server, root)
    kit.raises("Chain has no field 'leaf'", function() return cert.build_chain(server, {}).leaf end)
    kit.raises("VerifiedChain has no field 'missing'", function() return assert(verifier:verify(server)).missing end)
    kit.raises("Crl has no field 'size'", function() return assert(cert.load_crl(revocation.list))[1].size end)
    kit.contains(verifier, "server_auth")
end

return tests
