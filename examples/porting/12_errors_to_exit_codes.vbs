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
On Error Resume Next
Set collection = site.Get("SMS_Collection.CollectionID='" & WScript.Arguments(1) & "'")
Select Case Err.Number
    Case 0
        WScript.Echo collection.Name
    Case &H80041002 ' WBEM_E_NOT_FOUND
        WScript.Echo "Not found (" & Err.Number & ")"
        WScript.Quit 2
    Case &H80041003 ' WBEM_E_ACCESS_DENIED
        WScript.Echo "Access denied (" & Err.Number & ")"
        WScript.Quit 3
    Case Else
        WScript.Echo "Error " & Err.Number
        WScript.Quit 1
End Select
