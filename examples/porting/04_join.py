import sys

import rehearsal

site = rehearsal.site(sys.argv[1])
query = (
    "SELECT sys.Name, cs.Model FROM SMS_R_System AS sys "
    "INNER JOIN SMS_G_System_COMPUTER_SYSTEM AS cs ON cs.ResourceID = sys.ResourceID "
    "WHERE cs.Model LIKE 'P%' ORDER BY sys.Name"
)
for row in site.query(query):
    print(row.sys.Name + ": " + row.cs.Model)
