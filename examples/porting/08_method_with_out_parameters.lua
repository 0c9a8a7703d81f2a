local rehearsal = require "rehearsal"

local site = rehearsal.site(arg[1])
local out_params = assert(site:call("SMS_Site", "ImportMachineEntry", {
    NetbiosName = arg[2],
    MACAddress = arg[3],
    OverwriteExistingRecord = false,
}))
if out_params.ReturnValue ~= 0 then os.exit(1) end
print("ResourceID " .. out_params.ResourceID)
if out_params.MachineExists then print("It was there already") end
