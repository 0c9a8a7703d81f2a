import sys

import rehearsal

site = rehearsal.site(sys.argv[1])
for collection in site.query("SELECT * FROM SMS_Collection ORDER BY Name DESC"):
    print(collection.CollectionID, collection.Name, collection.MemberCount, sep="\t")
print(len(site.query("SELECT * FROM SMS_Collection").all()), "collections")
