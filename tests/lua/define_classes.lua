-- "I look at a class, and add one of my own to a site file."

local kit = require "kit"
local tests = {}

function tests.a_class_is_described()
    local site = kit.site_with_gateway()
    local class = assert(site:class_definition("sms_azureservice"))
    kit.equal(class.name, "SMS_AzureService")
    kit.same_list(class.keys, { "AzureServiceID" })
    local types = {}
    for _, property in ipairs(class.properties) do types[property.name] = property end
    kit.equal(types.ServiceCName.type, "string")
    kit.equal(types.AzureServiceID.is_key, true)
    kit.equal(types.ServiceCName.is_array, false)
    kit.fails("not_found", site:class_definition("SMS_NoSuchClass"))
end

function tests.a_class_is_added_with_its_keys_first()
    local site = kit.site_with_gateway()
    kit.equal(site:define_class("Rack", { Units = "uint32[]", Row = "string", Number = "uint32" }, {
        keys = { "Row", "Number" },
    }), true)
    local class = assert(site:class_definition("Rack"))
    kit.same_list(class.keys, { "Row", "Number" })
    kit.equal(class.properties[3].name, "Units")
    kit.equal(class.properties[3].is_array, true)
    local rack = assert(site:new("Rack", { Row = "A", Number = 2, Units = { 1, 2 } }))
    kit.contains(assert(site:put(rack)), "Rack.")
end

function tests.what_cannot_be_a_class_is_refused()
    local site = kit.site_with_gateway()
    kit.fails("config", site:define_class("Rack", { Row = "text" }, { keys = { "Row" } }))
    kit.fails("config", site:define_class("Rack", { Row = "string" }))
    kit.fails("config", site:define_class("Rack", { Row = "string" }, { keys = { "Other" } }))
    kit.fails("config", site:define_class("a b", { Row = "string" }, { keys = { "Row" } }))
    kit.fails("conflict", site:define_class("SMS_AzureService", { Row = "string" }, { keys = { "Row" } }))
    kit.raises("unknown option 'key'", site.define_class, site, "Rack", { Row = "string" }, { key = "Row" })
end

return tests
