Option Explicit
Function ConnectSite(server)
    Dim locator, sms, location
    Set locator = CreateObject("WbemScripting.SWbemLocator")
    Set sms = locator.ConnectServer(server, "root\sms")
    For Each location In sms.ExecQuery("SELECT * FROM SMS_ProviderLocation WHERE ProviderForLocalSite = true")
        Set ConnectSite = locator.ConnectServer(location.Machine, "root\sms\site_" & location.SiteCode)
    Next
End Function

Dim site, query, events, found
Set site = ConnectSite(WScript.Arguments(0))
query = "SELECT * FROM __InstanceCreationEvent WITHIN 0.1 WHERE TargetInstance ISA 'SMS_Collection'"
Set events = site.ExecNotificationQuery(query)
WScript.Echo "Watching"
Set found = events.NextEvent(20000)
WScript.Echo "New collection " & found.TargetInstance.Name
