import sys

import rehearsal

site = rehearsal.site(sys.argv[1])
query = "SELECT * FROM __InstanceCreationEvent WITHIN 0.1 WHERE TargetInstance ISA 'SMS_Collection'"
events = site.watch(query)
print("Watching", flush=True)
found = events.next(20)
print("New collection", found.TargetInstance.Name)
