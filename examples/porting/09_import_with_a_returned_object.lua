local rehearsal = require "rehearsal"

local site = rehearsal.site(arg[1])
local out_params = assert(site:call("SMS_Driver", "CreateFromINF", { DriverPath = arg[2], INFFile = arg[3] }))
-- The object that came out is no instance of the site yet: it is completed and put.
local driver = out_params.Driver
driver.ContentSourcePath = arg[2]
driver.IsEnabled = true
assert(site:put(driver))
print(driver.CI_ID .. " " .. driver.LocalizedDisplayName)
