Option Explicit
Function ConnectSite(server)
    Dim locator, sms, location
    Set locator = CreateObject("WbemScripting.SWbemLocator")
    Set sms = locator.ConnectServer(server, "root\sms")
    For Each location In sms.ExecQuery("SELECT * FROM SMS_ProviderLocation WHERE ProviderForLocalSite = true")
        Set ConnectSite = locator.ConnectServer(location.Machine, "root\sms\site_" & location.SiteCode)
    Next
End Function

Dim site, component, prop
Set site = ConnectSite(WScript.Arguments(0))
For Each component In site.ExecQuery("SELECT * FROM SMS_SCI_Component WHERE ComponentName = 'SMS_NETWORK_DISCOVERY'")
    Set component = site.Get(component.Path_.RelPath)
    For Each prop In component.Props
        If prop.PropertyName = "Discovery Enabled" Then
            WScript.Echo "Discovery Enabled was " & prop.Value
            prop.Value = 1
        End If
    Next
    component.Put_
Next
