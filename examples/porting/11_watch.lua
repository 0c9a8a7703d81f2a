local rehearsal = require "rehearsal"

local site = rehearsal.site(arg[1])
local query = "SELECT * FROM __InstanceCreationEvent WITHIN 0.1 WHERE TargetInstance ISA 'SMS_Collection'"
local events = assert(site:watch(query))
print("Watching")
io.stdout:flush()
local found = assert(events:next(20))
print("New collection " .. found.TargetInstance.Name)
