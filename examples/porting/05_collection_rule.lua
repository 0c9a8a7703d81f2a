local rehearsal = require "rehearsal"

local site = rehearsal.site(arg[1])
-- get reads the lazy rules too; a query would leave them out.
local collection = assert(site:get("SMS_Collection.CollectionID='" .. arg[2] .. "'"))
local rules = collection.CollectionRules
for _, rule in ipairs(rules) do
    if rule.class_ == "SMS_CollectionRuleQuery" and rule.RuleName == "By name" then
        rule.QueryExpression = 'SELECT * FROM SMS_R_System WHERE Name LIKE "SRV[0-9]%"'
    end
end
local new = assert(site:new("SMS_CollectionRuleDirect"))
new.RuleName = "SRV2"
new.ResourceClassName = "SMS_R_System"
new.ResourceID = 2
table.insert(rules, new)
assert(collection:put_())
for _, rule in ipairs(assert(site:get(collection.path_)).CollectionRules) do
    print(rule.class_ .. " " .. rule.RuleName)
end
