import os
import sys

import cmgateway

locator = cmgateway.Locator(rehearse=os.environ.get("CMGATEWAY_REHEARSE"))
sms = locator.connect_server(sys.argv[1], r"root\sms")
for location in sms.query("SELECT * FROM SMS_ProviderLocation WHERE ProviderForLocalSite = true"):
    site = locator.connect_server(location.Machine, r"root\sms\site_" + location.SiteCode)
    print("Site " + location.SiteCode + " has its provider on " + location.Machine)
for location in site.query("SELECT SiteName FROM SMS_Site"):
    print(location.SiteName)
