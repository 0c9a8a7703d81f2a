import sys

import rehearsal

site = rehearsal.site(sys.argv[1])
token = site.new("SMS_ST_RecurWeekly")
token.Day = 7
token.ForNumberOfWeeks = 1
token.HourDuration = 4
token.StartTime = "20260307220000.000000+***"
out_params = site.call("SMS_ScheduleMethods", "WriteToString", TokenData=[token])

window = site.new("SMS_ServiceWindow")
window.Name = "Saturday night"
window.IsEnabled = True
window.ServiceWindowSchedules = out_params.StringData
window.ServiceWindowType = 1

settings = site.get("SMS_CollectionSettings.CollectionID='" + sys.argv[2] + "'")
windows = settings.array_("ServiceWindows")  # a null array is taken for an empty one
windows.append(window)
settings.put_()
print(len(windows), "window(s), the last one:", window.Name, window.ServiceWindowSchedules)
