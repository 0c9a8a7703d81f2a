-- "I see the gateway's sub-CA thumbprints, plan a change, apply it, and cannot do it wrong."

local cmgateway = require "cmgateway"
local kit = require "kit"
local tests = {}

local NAME = "GraniteFalls.contoso.com"
local A = "8824022CB382CADD9E19290449B893A839140962"
local B = "7CB8B7539D87BA7215357B9B9049DFF2D3FA59BA"

local function sub_ca_of_new_site()
    local site = kit.site_with_gateway(NAME)
    return assert(site:gateway(NAME:upper())).sub_ca, site
end

function tests.a_gateway_is_found_by_its_name()
    local site = kit.site_with_gateway(NAME)
    local gateway = assert(site:gateway(NAME:lower()))
    kit.equal(gateway.service_name, NAME)
    kit.equal(tostring(gateway.path), "SMS_AzureService.AzureServiceID=1")
    kit.equal(assert(gateway:instance()).ServiceCName, NAME)
    kit.equal(tostring(gateway), "<cmgateway.Gateway " .. NAME .. ">")
    kit.contains(kit.fails("not_found", site:gateway("other")), NAME)
    kit.put_gateway(site, "Alder.contoso.com")
    kit.equal(assert(site:gateways())[1].service_name, "Alder.contoso.com")
end

function tests.a_plan_changes_nothing_until_it_is_applied()
    local sub_ca = sub_ca_of_new_site()
    local plan = assert(sub_ca:plan("add", A))
    kit.equal(plan.is_change, true)
    kit.equal(plan.before, nil)
    kit.equal(plan.after, A)
    kit.equal(plan.steps[1].action, "add")
    kit.equal(plan.steps[1].thumbprint, A)
    kit.equal(#plan.warnings, 0)
    kit.contains(plan, "1 to add, 0 to remove, 0 kept")
    kit.equal(#assert(sub_ca:list()), 0)
    kit.equal(tostring(assert(sub_ca:apply(plan))), A)
    kit.equal(tostring(assert(sub_ca:apply(plan))), A, "safe to apply twice")
end

function tests.set_add_and_remove_read_back()
    local sub_ca = sub_ca_of_new_site()
    assert(sub_ca:set({ A }))
    local plan = assert(sub_ca:add({ B, A }))
    kit.equal(plan.after, A .. ";" .. B)
    local list = assert(sub_ca:list())
    kit.equal(#list, 2)
    kit.equal(tostring(list), A .. ";" .. B)
    kit.equal(tostring(list[2]), B)
    kit.equal(list[3], nil)
    kit.equal(list:contains(B:lower()), true)
    kit.equal(list, assert(sub_ca:list()))
    local seen = {}
    for thumbprint in list:each() do seen[#seen + 1] = thumbprint end
    kit.same_list(seen, { A, B })
    assert(sub_ca:remove(assert(cmgateway.cert.thumbprint(A))))
    kit.equal(tostring(assert(sub_ca:list())), B)
    local gone = assert(sub_ca:remove(A))
    kit.equal(gone.is_change, false)
    kit.contains(gone.warnings[1], "not in the list")
    assert(sub_ca:set({}))
    kit.equal(#assert(sub_ca:list()), 0)
end

function tests.certificates_and_files_are_checked()
    local sub_ca = sub_ca_of_new_site()
    local pki, folder = kit.pki()
    local plan = assert(sub_ca:add({ pki.sub_cas[1].certificate, folder .. "/subca2.cer" }))
    kit.equal(plan.steps[1].subject, pki.sub_cas[1].certificate.subject)
    kit.equal(#assert(sub_ca:list()), 2)
    kit.fails("certificate", sub_ca:add(pki.server.certificate))
    kit.fails("certificate", sub_ca:add(kit.pki({ not_before = 1700000000, days = 1 }).sub_cas[1].certificate))
    kit.contains(assert(sub_ca:plan("add", pki.root.certificate)).warnings[1], "root")
    kit.fails("not_found", sub_ca:add(folder .. "/none.cer"))
    kit.fails("config", sub_ca:add("8824"))
    kit.fails("config", sub_ca:add(""))
    kit.fails("config", sub_ca:plan("add", {}))
end

function tests.a_plan_that_is_out_of_date_is_refused()
    local sub_ca, site = sub_ca_of_new_site()
    local plan = assert(sub_ca:plan("add", A))
    local service = assert(assert(site:gateway(NAME)):instance())
    service.SubCACertThumbprint = B
    assert(site:put(service))
    kit.fails("conflict", sub_ca:apply(plan))
    kit.equal(tostring(assert(sub_ca:list())), B)
end

function tests.what_an_old_script_wrote_is_kept_and_shown()
    local sub_ca, site = sub_ca_of_new_site()
    local service = assert(assert(site:gateway(NAME)):instance())
    service.SubCACertThumbprint = A .. ";oops"
    assert(site:put(service))
    local list = assert(sub_ca:list())
    kit.same_list(list.others, { "oops" })
    kit.equal(#list, 1)
    kit.contains(assert(sub_ca:plan("add", B)).warnings[1], "oops")
end

function tests.a_plan_is_json_too()
    local json = assert(sub_ca_of_new_site():plan("set", { A })):to_json()
    kit.contains(json, '"service_name": "' .. NAME .. '"')
    kit.contains(json, '"before": null')
    kit.contains(json, '"action": "add"')
end

function tests.wrong_use_raises()
    local sub_ca = sub_ca_of_new_site()
    kit.contains(kit.fails("config", sub_ca:plan("replace", A)), '"replace" is not set, add or remove')
    kit.raises("or text (got", sub_ca.add, sub_ca, { A, 5 })
    kit.raises("got nil", sub_ca.add, sub_ca)
    kit.raises("a SubCaPlan expected", sub_ca.apply, sub_ca, sub_ca)
end

return tests
