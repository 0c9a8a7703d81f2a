-- "I read an object, change a property, put it back, delete it; names do not mind case."

local cmgateway = require "cmgateway"
local kit = require "kit"
local tests = {}

function tests.properties_are_fields_whatever_the_case()
    local site = kit.site_with_gateway("a.contoso.com")
    local service = assert(site:get("SMS_AzureService.AzureServiceID=1"))
    kit.equal(service.ServiceCName, "a.contoso.com")
    kit.equal(service.servicecname, "a.contoso.com")
    kit.equal(service["SERVICECNAME"], "a.contoso.com")
    service.subcacertthumbprint = "AA"
    kit.equal(service.SubCACertThumbprint, "AA")
    kit.equal(assert(site:get("SMS_AzureService.AzureServiceID=1")).SubCACertThumbprint, nil, "local until put")
    kit.equal(tostring(assert(site:put(service))), "SMS_AzureService.AzureServiceID=1")
    kit.equal(assert(site:get("SMS_AzureService.AzureServiceID=1")).SubCACertThumbprint, "AA")
end

function tests.helpers_end_in_an_underscore()
    local site = kit.site_with_gateway()
    local path, service = kit.put_gateway(site, "a.contoso.com")
    kit.equal(service.class_, "SMS_AzureService")
    kit.equal(service.path_, path)
    kit.equal(assert(site:new("SMS_AzureService")).path_, nil)
    local stored = assert(site:get(path))
    kit.equal(stored.properties_.ServiceCName, "a.contoso.com")
    kit.equal(#stored.names_ > 3, true)
    kit.raises("path_ cannot be assigned", function() service.path_ = "x" end)
end

function tests.null_nil_and_empty_are_three_things()
    local site = kit.site_with_gateway()
    local path, service = kit.put_gateway(site, "a.contoso.com")
    service.Description = ""
    service.SubCACertThumbprint = cmgateway.null
    assert(site:put(service))
    local stored = assert(site:get(path))
    kit.equal(stored.Description, "")
    kit.equal(stored.SubCACertThumbprint, nil)
    kit.equal(stored.properties_.SubCACertThumbprint, cmgateway.null)
    kit.equal(stored.NoSuchProperty, nil)
    kit.equal(stored.properties_.NoSuchProperty, nil)
    kit.raises("cannot assign nil to Description", function() stored.Description = nil end)
end

function tests.put_modes_refuse_what_they_should()
    local site = kit.site_with_gateway()
    local _, service = kit.put_gateway(site, "a.contoso.com")
    local copy = assert(site:new("SMS_AzureService", { AzureServiceID = 1, ServiceCName = "copy" }))
    kit.fails("conflict", site:put(copy, "create_only"))
    local other = assert(site:new("SMS_AzureService", { AzureServiceID = 77, ServiceCName = "other" }))
    kit.fails("not_found", site:put(other, "update_only"))
    assert(site:put(service, "update_only"))
    assert(site:put(service, "create_or_update"))
    kit.contains(kit.fails("config", site:put(service, "upsert")), 'mode "upsert" is not')
    kit.raises("an Instance expected", site.put, site, site)
end

function tests.delete_takes_a_path_a_text_or_an_instance()
    local site = kit.site_with_gateway()
    local path = kit.put_gateway(site, "a")
    kit.equal(site:delete(path), true)
    kit.fails("not_found", site:delete(path))
    kit.put_gateway(site, "b")
    kit.equal(site:delete(tostring(assert(site:gateways())[1].path)), true)
    local _, service = kit.put_gateway(site, "c")
    kit.equal(site:delete(service), true)
    kit.equal(#assert(site:gateways()), 0)
    kit.fails("config", site:delete(assert(site:new("SMS_AzureService"))))
    kit.raises("a path is", site.delete, site, 5)
end

function tests.paths_are_values()
    local text = [[\\CM1\root\sms\site_GF1:SMS_AzureService.AzureServiceID=1]]
    local path = assert(cmgateway.wmi.path(text))
    kit.equal(tostring(path), text)
    kit.equal(path.class_name, "SMS_AzureService")
    kit.equal(path.server, "CM1")
    kit.equal(path.namespace, [[root\sms\site_GF1]])
    kit.equal(path.keys.AzureServiceID, 1)
    kit.equal(path, assert(cmgateway.wmi.path(text:lower())))
    kit.equal(path == assert(cmgateway.wmi.path("SMS_Site.SiteCode='GF1'")), false)
    kit.fails("config", cmgateway.wmi.path("no path ="))
    kit.fails("config", kit.site_with_gateway():get("="))
end

function tests.instances_compare_by_content_and_show_their_path()
    local site = kit.site_with_gateway()
    local path = kit.put_gateway(site, "a")
    local one, two = assert(site:get(path)), assert(site:get(path))
    kit.equal(one, two)
    two.Description = "changed"
    kit.equal(one == two, false)
    kit.equal(one == site, false)
    kit.equal(tostring(one), "<SMS_AzureService.AzureServiceID=1>")
    kit.equal(tostring(assert(cmgateway.wmi.instance("SMS_AzureService"))), "<SMS_AzureService>")
end

function tests.names_are_checked()
    local site = kit.site_with_gateway()
    kit.fails("config", site:new("x' OR 1=1"))
    kit.fails("config", site:new("SMS_AzureService", { ["bad name"] = 1 }))
    local service = assert(site:new("SMS_AzureService"))
    local done, err = pcall(function() service["bad name"] = 1 end)
    kit.equal(done, false)
    kit.equal(err.kind, "config")
end

return tests
