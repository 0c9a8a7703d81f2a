local rehearsal = require "rehearsal"

local site = rehearsal.site(arg[1])
local token = assert(site:new("SMS_ST_RecurWeekly"))
token.Day = 7
token.ForNumberOfWeeks = 1
token.HourDuration = 4
token.StartTime = "20260307220000.000000+***"
local out_params = assert(site:call("SMS_ScheduleMethods", "WriteToString", { TokenData = { token } }))

local window = assert(site:new("SMS_ServiceWindow"))
window.Name = "Saturday night"
window.IsEnabled = true
window.ServiceWindowSchedules = out_params.StringData
window.ServiceWindowType = 1

local settings = assert(site:get("SMS_CollectionSettings.CollectionID='" .. arg[2] .. "'"))
local windows = settings:array_("ServiceWindows") -- a null array is taken for an empty one
table.insert(windows, window)
assert(settings:put_())
print(#windows .. " window(s), the last one: " .. window.Name .. " " .. window.ServiceWindowSchedules)
