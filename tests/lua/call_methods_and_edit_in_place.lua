-- "I call methods, edit arrays where they are, and declare classes in MOF, as my VBScript did."

local kit = require "kit"
local tests = {}

local function component(site)
    return assert(site:new("SMS_SCI_Component", {
        ItemName = "SMS_SITE_COMPONENT_MANAGER|CM1", ItemType = "Component", SiteCode = "GF1", FileType = 2,
    }))
end

function tests.arrays_and_embedded_objects_are_edited_where_they_are()
    local site = kit.site_with_gateway()
    local item = component(site)
    kit.equal(item.Props, nil)
    for name, value in pairs({ IISSSLState = 224 }) do
        table.insert(item:array_("Props"), assert(site:new("SMS_EmbeddedProperty", {
            PropertyName = name, Value = value,
        })))
    end
    local path = assert(item:put_())
    local read = assert(site:get(path))
    kit.equal(#read.Props, 1)
    for _, property in ipairs(read.Props) do property.Value = 480 end
    table.insert(read.Props, assert(site:new("SMS_EmbeddedProperty", { PropertyName = "More" })))
    assert(site:put(read))
    local again = assert(site:get(path))
    kit.equal(again.Props[1].Value, 480)
    kit.equal(again.Props[2].PropertyName, "More")
    table.remove(again.Props, 2)
    assert(again:put_())
    kit.equal(#assert(site:get(path)).Props, 1)
    kit.equal(again["__SUPERCLASS"], "SMS_SiteControlItem")
end

function tests.lazy_properties_are_loaded()
    local site = kit.site_with_gateway()
    local rule = assert(site:new("SMS_CollectionRuleDirect", { RuleName = "PC1", ResourceID = 7 }))
    assert(assert(site:new("SMS_Collection", { CollectionID = "GF100001", CollectionRules = { rule } })):put_())
    local row = assert(assert(site:query("SELECT * FROM SMS_Collection")):first())
    kit.equal(row.CollectionRules, nil)
    kit.fails("config", row:array_("CollectionRules"))
    row.Name = "All"
    assert(row:load_())
    kit.equal(row.CollectionRules[1].class_, "SMS_CollectionRuleDirect")
    kit.equal(row.Name, "All")
end

function tests.methods_run_the_functions_of_the_script()
    local site = kit.site_with_gateway()
    assert(site:on_method("SMS_Collection", "AddMembershipRule", function(path, input)
        local collection = assert(site:get(path))
        table.insert(collection:array_("CollectionRules"), input.collectionRule)
        assert(collection:put_())
        return { QueryID = 5, ReturnValue = 0 }
    end))
    local collection = assert(site:new("SMS_Collection", { CollectionID = "GF100001", Name = "a" }))
    assert(collection:put_())
    local rule = assert(site:new("SMS_CollectionRuleQuery", { RuleName = "r", QueryExpression = "x" }))
    kit.equal(assert(collection:AddMembershipRule(rule)).QueryID, 5)
    kit.equal(assert(collection:AddMembershipRule_(rule)).ReturnValue, 0)
    kit.equal(assert(site:call(collection, "addmembershiprule", { collectionRule = rule })).QueryID, 5)
    kit.equal(#assert(site:get(collection.path_)).CollectionRules, 3)
    local err = kit.fails("unsupported", collection:RequestRefresh(false))
    kit.equal(err.wbem.name, "METHOD_NOT_IMPLEMENTED")
    kit.fails("not_found", site:call(collection, "NoSuchMethod"))
    assert(site:on_method("SMS_Site", "ImportMachineEntry", function() error("broken") end))
    kit.contains(kit.fails("protocol", site:call("SMS_Site", "ImportMachineEntry", { NetbiosName = "PC1" })), "broken")
end

function tests.context_values_and_errors_have_their_numbers()
    local site = kit.site_with_gateway()
    local session = assert(site:context({ SessionHandle = "{1}" }))
    kit.equal(assert(session:code()), "GF1")
    local err = kit.fails("not_found", site:get("SMS_Site.SiteCode='XYZ'"))
    kit.equal(err.wbem.signed_code, -2147217406)
    kit.equal(kit.fails("config", site:query("SELECT")).wbem.name, "INVALID_QUERY")
end

function tests.mof_declares_classes_and_instances()
    local site = kit.site_with_gateway()
    assert(site:compile_mof('class Rack { [key] string Row; uint32 Units[]; };' ..
        'instance of Rack { Row = "A"; Units = {1, 2}; };'))
    local rack = assert(site:get("Rack='A'"))
    kit.equal(rack.Units[2], 2)
    kit.contains(rack:mof_(), 'Units = {1, 2};')
    kit.contains(kit.fails("config", site:compile_mof("class {")), "line 1, column 7")
    local names = {}
    for _, class in ipairs(assert(site:classes())) do names[class.name] = class end
    kit.contains(names.Rack.mof, "uint32 Units[];")
end

function tests.an_instance_is_written_as_xml_and_a_class_tells_its_methods()
    local site = kit.site_with_gateway()
    local alert = assert(site:new("SMS_Alert", { Name = "a<b" }))
    kit.contains(assert(alert:xml_()), '<PROPERTY NAME="Name" TYPE="string"><VALUE>a&lt;b</VALUE></PROPERTY>')
    alert.Name = "\1"
    kit.fails("config", alert:xml_())
    local class = assert(site:class_definition("SMS_Alert"))
    kit.equal(class.inputs.Close[1].name, "Comments")
    kit.equal(#class.outputs.Close, 0)
    local collection = assert(site:class_definition("SMS_Collection"))
    kit.equal(collection.properties[2].qualifiers.lazy, true)
    kit.equal(assert(site:class_definition("SMS_Resource")).qualifiers.abstract, true)
end

return tests
