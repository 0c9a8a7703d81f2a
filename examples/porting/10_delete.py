import sys

import rehearsal

site = rehearsal.site(sys.argv[1])
for collection in site.query("SELECT * FROM SMS_Collection WHERE MemberCount = 0").all():
    print("Deleting", collection.Name)
    collection.delete_()
site.delete("SMS_Collection.CollectionID='" + sys.argv[2] + "'")
