Option Explicit
Function ConnectSite(server)
    Dim locator, sms, location
    Set locator = CreateObject("WbemScripting.SWbemLocator")
    Set sms = locator.ConnectServer(server, "root\sms")
    For Each location In sms.ExecQuery("SELECT * FROM SMS_ProviderLocation WHERE ProviderForLocalSite = true")
        Set ConnectSite = locator.ConnectServer(location.Machine, "root\sms\site_" & location.SiteCode)
    Next
End Function

Dim site, collection, rule, rules, i
Set site = ConnectSite(WScript.Arguments(0))
' Get reads the lazy rules too; a query would leave them out.
Set collection = site.Get("SMS_Collection.CollectionID='" & WScript.Arguments(1) & "'")
rules = collection.CollectionRules
For i = 0 To UBound(rules)
    Set rule = rules(i)
    If rule.Path_.Class = "SMS_CollectionRuleQuery" And rule.RuleName = "By name" Then
        rule.QueryExpression = "SELECT * FROM SMS_R_System WHERE Name LIKE ""SRV[0-9]%"""
    End If
Next
Set rule = site.Get("SMS_CollectionRuleDirect").SpawnInstance_
rule.RuleName = "SRV2"
rule.ResourceClassName = "SMS_R_System"
rule.ResourceID = 2
ReDim Preserve rules(UBound(rules) + 1)
Set rules(UBound(rules)) = rule
collection.CollectionRules = rules
collection.Put_
For Each rule In site.Get(collection.Path_.RelPath).CollectionRules
    WScript.Echo rule.Path_.Class & " " & rule.RuleName
Next
