Option Explicit
Function ConnectSite(server)
    Dim locator, sms, location
    Set locator = CreateObject("WbemScripting.SWbemLocator")
    Set sms = locator.ConnectServer(server, "root\sms")
    For Each location In sms.ExecQuery("SELECT * FROM SMS_ProviderLocation WHERE ProviderForLocalSite = true")
        Set ConnectSite = locator.ConnectServer(location.Machine, "root\sms\site_" & location.SiteCode)
    Next
End Function

Dim site, name, collections, collection
Set site = ConnectSite(WScript.Arguments(0))
name = Replace(Replace(WScript.Arguments(1), "\", "\\"), """", "\""")
Set collections = site.ExecQuery("SELECT * FROM SMS_Collection WHERE Name = """ & name & """")
If collections.Count = 0 Then
    WScript.Echo "There is no such collection"
    WScript.Quit 1
End If
For Each collection In collections
    WScript.Echo collection.CollectionID
Next
