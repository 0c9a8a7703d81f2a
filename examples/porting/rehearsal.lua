-- The site that the scripts of this folder speak to.
--
-- With CMGATEWAY_REHEARSE=sqlite:FILE it is a copy. A copy has no provider behind it, so the methods that the scripts
-- call are supplied here; otherwise it is the real site of the server, found through its provider.

local cmgateway = require "cmgateway"

local rehearsal = {}
local rehearse = os.getenv("CMGATEWAY_REHEARSE")

local function supply_methods(site)
    assert(site:on_method("SMS_ScheduleMethods", "WriteToString", function(_, inputs)
        local starts = {}
        for _, token in ipairs(inputs.TokenData) do table.insert(starts, tostring(token.StartTime)) end
        return { StringData = table.concat(starts, "|"), ReturnValue = 0 }
    end))
    assert(site:on_method("SMS_Site", "ImportMachineEntry", function()
        return { ResourceID = 16777219, MachineExists = false, ReturnValue = 0 }
    end))
    assert(site:on_method("SMS_Driver", "CreateFromINF", function(_, inputs)
        local driver = { CI_ID = 17, LocalizedDisplayName = inputs.INFFile, IsEnabled = false }
        return { Driver = assert(site:new("SMS_Driver", driver)), ReturnValue = 0 }
    end))
end

function rehearsal.site(server)
    local site = assert(assert(cmgateway.locator({ rehearse = rehearse })):site(server))
    if rehearse then supply_methods(site) end
    return site
end

return rehearsal
