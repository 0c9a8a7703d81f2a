Option Explicit
Function ConnectSite(server)
    Dim locator, sms, location
    Set locator = CreateObject("WbemScripting.SWbemLocator")
    Set sms = locator.ConnectServer(server, "root\sms")
    For Each location In sms.ExecQuery("SELECT * FROM SMS_ProviderLocation WHERE ProviderForLocalSite = true")
        Set ConnectSite = locator.ConnectServer(location.Machine, "root\sms\site_" & location.SiteCode)
    Next
End Function

Dim site, inParams, outParams, driver
Set site = ConnectSite(WScript.Arguments(0))
Set inParams = site.Get("SMS_Driver").Methods_("CreateFromINF").InParameters.SpawnInstance_
inParams.DriverPath = WScript.Arguments(1)
inParams.INFFile = WScript.Arguments(2)
Set outParams = site.ExecMethod("SMS_Driver", "CreateFromINF", inParams)
' The object that came out is no instance of the site yet: it is completed and put.
Set driver = outParams.Driver
driver.ContentSourcePath = WScript.Arguments(1)
driver.IsEnabled = True
driver.Put_
WScript.Echo driver.CI_ID & " " & driver.LocalizedDisplayName
