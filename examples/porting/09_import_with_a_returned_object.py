import sys

import rehearsal

site = rehearsal.site(sys.argv[1])
out_params = site.call("SMS_Driver", "CreateFromINF", DriverPath=sys.argv[2], INFFile=sys.argv[3])
# The object that came out is no instance of the site yet: it is completed and put.
driver = out_params.Driver
driver.ContentSourcePath = sys.argv[2]
driver.IsEnabled = True
site.put(driver)
print(driver.CI_ID, driver.LocalizedDisplayName)
