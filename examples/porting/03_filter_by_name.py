import sys

import rehearsal

site = rehearsal.site(sys.argv[1])
# A placeholder takes the name as it stands: nothing is escaped by hand, and no name can change the query.
collections = site.query("SELECT * FROM SMS_Collection WHERE Name = ?", sys.argv[2]).all()
if len(collections) == 0:
    print("There is no such collection")
    sys.exit(1)
for collection in collections:
    print(collection.CollectionID)
