"""The site that the scripts of this folder speak to.

With CMGATEWAY_REHEARSE=sqlite:FILE it is a copy. A copy has no provider behind it, so the methods that the scripts
call are supplied here; otherwise it is the real site of the server, found through its provider.
"""

import os

import cmgateway

REHEARSE = os.environ.get("CMGATEWAY_REHEARSE")


def site(server: str) -> cmgateway.Site:
    found = cmgateway.Locator(rehearse=REHEARSE).site(server)
    if REHEARSE:
        found.on_method("SMS_ScheduleMethods", "WriteToString", write_to_string)
        found.on_method("SMS_Site", "ImportMachineEntry", import_machine_entry)
        found.on_method("SMS_Driver", "CreateFromINF", lambda path, inputs: create_from_inf(found, inputs))
    return found


def write_to_string(path, inputs):
    return {"StringData": "|".join(str(token.StartTime) for token in inputs.TokenData), "ReturnValue": 0}


def import_machine_entry(path, inputs):
    return {"ResourceID": 16777219, "MachineExists": False, "ReturnValue": 0}


def create_from_inf(found, inputs):
    driver = found.new("SMS_Driver", CI_ID=17, LocalizedDisplayName=inputs.INFFile, IsEnabled=False)
    return {"Driver": driver, "ReturnValue": 0}
