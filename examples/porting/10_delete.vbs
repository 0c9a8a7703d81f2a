Option Explicit
Function ConnectSite(server)
    Dim locator, sms, location
    Set locator = CreateObject("WbemScripting.SWbemLocator")
    Set sms = locator.ConnectServer(server, "root\sms")
    For Each location In sms.ExecQuery("SELECT * FROM SMS_ProviderLocation WHERE ProviderForLocalSite = true")
        Set ConnectSite = locator.ConnectServer(location.Machine, "root\sms\site_" & location.SiteCode)
    Next
End Function

Dim site, collection
Set site = ConnectSite(WScript.Arguments(0))
For Each collection In site.ExecQuery("SELECT * FROM SMS_Collection WHERE MemberCount = 0")
    WScript.Echo "Deleting " & collection.Name
    collection.Delete_
Next
site.Delete "SMS_Collection.CollectionID='" & WScript.Arguments(1) & "'"
