Option Explicit
Function ConnectSite(server)
    Dim locator, sms, location
    Set locator = CreateObject("WbemScripting.SWbemLocator")
    Set sms = locator.ConnectServer(server, "root\sms")
    For Each location In sms.ExecQuery("SELECT * FROM SMS_ProviderLocation WHERE ProviderForLocalSite = true")
        Set ConnectSite = locator.ConnectServer(location.Machine, "root\sms\site_" & location.SiteCode)
    Next
End Function

Dim site, query, row
Set site = ConnectSite(WScript.Arguments(0))
query = "SELECT sys.Name, cs.Model FROM SMS_R_System AS sys " & _
        "INNER JOIN SMS_G_System_COMPUTER_SYSTEM AS cs ON cs.ResourceID = sys.ResourceID " & _
        "WHERE cs.Model LIKE 'P%' ORDER BY sys.Name"
For Each row In site.ExecQuery(query)
    WScript.Echo row.sys.Name & ": " & row.cs.Model
Next
