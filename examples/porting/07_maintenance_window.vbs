Option Explicit
Function ConnectSite(server)
    Dim locator, sms, location
    Set locator = CreateObject("WbemScripting.SWbemLocator")
    Set sms = locator.ConnectServer(server, "root\sms")
    For Each location In sms.ExecQuery("SELECT * FROM SMS_ProviderLocation WHERE ProviderForLocalSite = true")
        Set ConnectSite = locator.ConnectServer(location.Machine, "root\sms\site_" & location.SiteCode)
    Next
End Function

Dim site, settings, token, window, windows, inParams, outParams
Set site = ConnectSite(WScript.Arguments(0))
Set token = site.Get("SMS_ST_RecurWeekly").SpawnInstance_
token.Day = 7
token.ForNumberOfWeeks = 1
token.HourDuration = 4
token.StartTime = "20260307220000.000000+***"
Set inParams = site.Get("SMS_ScheduleMethods").Methods_("WriteToString").InParameters.SpawnInstance_
inParams.TokenData = Array(token)
Set outParams = site.ExecMethod("SMS_ScheduleMethods", "WriteToString", inParams)

Set window = site.Get("SMS_ServiceWindow").SpawnInstance_
window.Name = "Saturday night"
window.IsEnabled = True
window.ServiceWindowSchedules = outParams.StringData
window.ServiceWindowType = 1

Set settings = site.Get("SMS_CollectionSettings.CollectionID='" & WScript.Arguments(1) & "'")
windows = settings.ServiceWindows
If IsNull(windows) Then
    windows = Array(window)
Else
    ReDim Preserve windows(UBound(windows) + 1)
    Set windows(UBound(windows)) = window
End If
settings.ServiceWindows = windows
settings.Put_
WScript.Echo UBound(windows) + 1 & " window(s), the last one: " & window.Name & " " & window.ServiceWindowSchedules
