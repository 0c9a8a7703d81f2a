-- "I set the site's switches, its connection point and its roles, each with a plan first." Steps 5 to 7.

local cmgateway = require "cmgateway"
local kit = require "kit"
local tests = {}

local NAME = "GraniteFalls.contoso.com"

local ROLES = [=[
instance of SMS_SCI_SysResUse { FileType = 2; ItemType = "System Resource Usage"; SiteCode = "GF1"; ItemName = "MP1";
    NetworkOSPath = "\\\\MP1.contoso.com"; RoleName = "SMS Management Point"; };
instance of SMS_SCI_SysResUse { FileType = 2; ItemType = "System Resource Usage"; SiteCode = "GF1"; ItemName = "DP1";
    NetworkOSPath = "\\\\DP1.contoso.com"; RoleName = "SMS Distribution Point"; };
]=]

local function full_site()
    local site = kit.site_with_gateway(NAME)
    assert(site:compile_mof(ROLES))
    return site
end

function tests.switches_are_planned_and_set()
    local site = full_site()
    local plan = assert(site.switches:plan({ use_pki_client_certificate = true, check_crl = false }))
    kit.equal(plan.is_change, true)
    kit.equal(plan.title, "switches of site GF1")
    kit.equal(plan.steps[2].setting, "use_pki_client_certificate")
    kit.equal(plan.steps[2].after, "yes")
    kit.equal(assert(site.switches:read()).iis_ssl_state, 224)
    kit.equal(assert(plan:apply(site)), true)
    kit.equal(assert(plan:apply(site)), true, "safe to apply twice")
    local state = assert(site.switches:read())
    kit.equal(state.iis_ssl_state, 448)
    kit.equal(state.text, "HTTPS or HTTP, PKI when available, CRL not checked")
    kit.equal(assert(site.switches:set({ check_crl = false })).is_change, false)
    kit.contains(kit.fails("config", site.switches:plan({ crl = true })), "crl is not a field")
    kit.contains(kit.fails("config", site.switches:set({ https_only = true, enhanced_http = true })), "enhanced_http")
    kit.fails("config", site.switches:plan())
end

function tests.connection_points_come_and_go()
    local site = full_site()
    local points = site.connection_points
    local plan = assert(points:plan("add", "CP1.contoso.com", { gateway = NAME, internet_proxy = "proxy:8080" }))
    kit.equal(#assert(points:list()), 0)
    assert(plan:apply(site))
    local point = assert(points:list())[1]
    kit.equal(point.server, "CP1.contoso.com")
    kit.equal(point.gateway, NAME)
    kit.equal(point.internet_proxy.port, 8080)
    kit.equal(assert(points:add("CP1.contoso.com", { gateway = NAME })).is_change, false)
    assert(points:change("CP1.contoso.com", { internet_proxy = false }))
    kit.equal(assert(points:list())[1].internet_proxy, nil)
    kit.equal(assert(points:advice(NAME)).missing, 1)
    kit.equal(assert(points:remove("CP1.contoso.com")).is_change, true)
    kit.fails("not_found", points:change("CP1.contoso.com", { internet_proxy = false }))
    kit.fails("config", points:plan("put", "CP1.contoso.com"))
end

function tests.roles_take_gateway_traffic_by_the_rules()
    local site = full_site()
    local _, err = site.roles:set("management_point", "MP1.contoso.com", { gateway_traffic = true })
    kit.equal(err.kind, "config")
    kit.equal(err.context.rule, "gateway_needs_https")
    local refused = kit.fails("unsupported", site.roles:plan("distribution_point", "DP1.contoso.com", {
        gateway_traffic = true,
    }))
    kit.contains(refused, "Technical Preview 1606")
    assert(site.roles:set("management_point", "MP1.contoso.com", { https = true, gateway_traffic = true }))
    local role = assert(site.roles:list("management_point"))[1]
    kit.equal(role.gateway_traffic, true)
    kit.equal(role.client_connections, "internet_and_intranet")
    kit.equal(#assert(site.roles:list()), 2)
    kit.contains(tostring(site.roles), "cmgateway.SiteRoles")
    kit.equal(cmgateway.null ~= nil, true)
end

function tests.the_ports_for_the_firewall_team()
    local site = full_site()
    assert(site.roles:set("management_point", "MP1.contoso.com", { https = true, gateway_traffic = true }))
    local ports = assert(assert(site:gateway(NAME)):required_ports())
    kit.equal(ports.rows[1].from, "connection_point")
    kit.equal(ports.rows[1].first_port, 10140)
    kit.contains(tostring(ports), "MP1.contoso.com")
    kit.contains(ports:to_json(), '"first_port": 443')
    kit.contains(ports:to_security_group(), "destinationPortRange")
    kit.contains(ports:to_nftables(), "tcp dport 443 accept")
    kit.contains(ports.notes[1], "CCM_POST")
end

return tests
