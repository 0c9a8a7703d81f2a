Option Explicit
Function ConnectSite(server)
    Dim locator, sms, location
    Set locator = CreateObject("WbemScripting.SWbemLocator")
    Set sms = locator.ConnectServer(server, "root\sms")
    For Each location In sms.ExecQuery("SELECT * FROM SMS_ProviderLocation WHERE ProviderForLocalSite = true")
        Set ConnectSite = locator.ConnectServer(location.Machine, "root\sms\site_" & location.SiteCode)
    Next
End Function

Dim site, inParams, outParams
Set site = ConnectSite(WScript.Arguments(0))
Set inParams = site.Get("SMS_Site").Methods_("ImportMachineEntry").InParameters.SpawnInstance_
inParams.NetbiosName = WScript.Arguments(1)
inParams.MACAddress = WScript.Arguments(2)
inParams.OverwriteExistingRecord = False
Set outParams = site.ExecMethod("SMS_Site", "ImportMachineEntry", inParams)
If outParams.ReturnValue <> 0 Then WScript.Quit 1
WScript.Echo "ResourceID " & outParams.ResourceID
If outParams.MachineExists Then WScript.Echo "It was there already"
