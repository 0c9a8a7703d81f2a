import sys

import rehearsal

site = rehearsal.site(sys.argv[1])
out_params = site.call(
    "SMS_Site",
    "ImportMachineEntry",
    NetbiosName=sys.argv[2],
    MACAddress=sys.argv[3],
    OverwriteExistingRecord=False,
)
if out_params.ReturnValue != 0:
    sys.exit(1)
print("ResourceID", out_params.ResourceID)
if out_params.MachineExists:
    print("It was there already")
