-- "I check the certificate for my gateway, its names, and its renewal, before I give it to the wizard."

local cmgateway = require "cmgateway"
local kit = require "kit"
local cert = cmgateway.cert
local tests = {}

local DEPLOYMENT = "granitefalls.westus.cloudapp.azure.com"

local function rules(findings)
    local out = {}
    for at, finding in ipairs(findings) do out[at] = finding.severity .. " " .. finding.rule end
    return out
end

local function root() return assert(cert.root_authority({ subject = "CN=Root", key = "ec_p256" })) end

function tests.a_certificate_and_its_pfx_are_checked()
    local server = assert(root():issue_server("granitefalls.contoso.com"))
    local report = assert(cmgateway.check_server_certificate(server.certificate))
    kit.equal(report.is_good, true)
    kit.equal(report.needs_cname, true)
    kit.equal(report.service_name, "granitefalls.contoso.com")
    kit.equal(report.days_left, assert(server.certificate:days_left()))
    kit.same_list(rules(report.findings), {})
    local options = { password = "p", profile = "windows-2016" }
    local pfx = assert(cert.load_pfx(assert(server:to_pfx(options)), "p"))
    kit.same_list(rules(assert(cmgateway.check_server_certificate(pfx)).findings), {})
    report = assert(cmgateway.check_server_certificate(server.certificate, { at = os.time() + 400 * 86400 }))
    kit.same_list(rules(report.findings), { "error expired" })
    kit.raises("Certificate or Pfx expected", cmgateway.check_server_certificate, "server.cer")
end

function tests.names_are_made_and_checked()
    local wildcard = assert(root():issue_server("*.contoso.com", { key = "ec_p256" })).certificate
    kit.contains(kit.fails("certificate", cmgateway.service_name(wildcard)), "wildcard")
    kit.equal(assert(cmgateway.service_name(wildcard, "granitefalls")), "granitefalls.contoso.com")
    kit.equal(assert(cmgateway.deployment_name("GraniteFalls.contoso.com", { region = "West US" })), DEPLOYMENT)
    kit.fails("config", cmgateway.deployment_name("GraniteFalls.contoso.com"))
    kit.same_list(rules(assert(cmgateway.check_name_prefix("granite-falls"))), { "warning name_hyphen" })
    kit.same_list(assert(cmgateway.check_cname(DEPLOYMENT, DEPLOYMENT)), { DEPLOYMENT })
    kit.fails("config", cmgateway.check_cname("gw.contoso.com", DEPLOYMENT, { name_server = "dns" }))
end

function tests.a_renewal_heeds_case()
    local authority = root()
    local options = { subject = "CN=GW.contoso.com", key = "ec_p256" }
    local old = assert(authority:issue_server("gw.contoso.com", options)).certificate
    local new = assert(authority:issue_server("gw.contoso.com", { key = "ec_p256", days = 500 })).certificate
    kit.same_list(rules(assert(cmgateway.check_renewal(old, new))), { "error common_name_case" })
end

function tests.issuers_are_fetched_when_asked_for()
    local authority = assert(cert.root_authority({
        subject = "CN=Root", key = "ec_p256", ca_issuer_urls = { "ldap:///CN=Root" },
    }))
    local client = assert(authority:issue_client("client1.contoso.com", { key = "ec_p256" })).certificate
    local fetched = assert(cert.fetch_issuers(client, nil, { timeout = 5 }))
    kit.equal(fetched.downloads[1].error, "only http: addresses are followed, not ldap:")
    kit.equal(fetched.chain.is_complete, false)
    kit.equal(assert(cert.fetch_issuers(client, { authority.certificate })).chain.is_complete, true)
end

return tests
