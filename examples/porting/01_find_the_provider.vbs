Option Explicit
Dim locator, sms, location, site

Set locator = CreateObject("WbemScripting.SWbemLocator")
Set sms = locator.ConnectServer(WScript.Arguments(0), "root\sms")
For Each location In sms.ExecQuery("SELECT * FROM SMS_ProviderLocation WHERE ProviderForLocalSite = true")
    Set site = locator.ConnectServer(location.Machine, "root\sms\site_" & location.SiteCode)
    WScript.Echo "Site " & location.SiteCode & " has its provider on " & location.Machine
Next
For Each location In site.ExecQuery("SELECT SiteName FROM SMS_Site")
    WScript.Echo location.SiteName
Next
