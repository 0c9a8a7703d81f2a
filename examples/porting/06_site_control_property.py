import sys

import rehearsal

site = rehearsal.site(sys.argv[1])
for component in site.query("SELECT * FROM SMS_SCI_Component WHERE ComponentName = 'SMS_NETWORK_DISCOVERY'"):
    component = site.get(component.path_)
    for prop in component.Props:
        if prop.PropertyName == "Discovery Enabled":
            print("Discovery Enabled was", prop.Value)
            prop.Value = 1
    component.put_()
