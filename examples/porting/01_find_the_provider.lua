local cmgateway = require "cmgateway"

local site
local locator = assert(cmgateway.locator({ rehearse = os.getenv("CMGATEWAY_REHEARSE") }))
local sms = assert(locator:connect_server(arg[1], [[root\sms]]))
for location in assert(sms:query("SELECT * FROM SMS_ProviderLocation WHERE ProviderForLocalSite = true")):each() do
    site = assert(locator:connect_server(location.Machine, [[root\sms\site_]] .. location.SiteCode))
    print("Site " .. location.SiteCode .. " has its provider on " .. location.Machine)
end
for location in assert(site:query("SELECT SiteName FROM SMS_Site")):each() do
    print(location.SiteName)
end
