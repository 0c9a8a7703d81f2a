import sys

import rehearsal

site = rehearsal.site(sys.argv[1])
# get reads the lazy rules too; a query would leave them out.
collection = site.get("SMS_Collection.CollectionID='" + sys.argv[2] + "'")
rules = collection.CollectionRules
for rule in rules:
    if rule.class_ == "SMS_CollectionRuleQuery" and rule.RuleName == "By name":
        rule.QueryExpression = 'SELECT * FROM SMS_R_System WHERE Name LIKE "SRV[0-9]%"'
rule = site.new("SMS_CollectionRuleDirect")
rule.RuleName = "SRV2"
rule.ResourceClassName = "SMS_R_System"
rule.ResourceID = 2
rules.append(rule)
collection.put_()
for rule in site.get(collection.path_).CollectionRules:
    print(rule.class_, rule.RuleName)
