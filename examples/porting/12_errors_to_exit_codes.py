import sys

import rehearsal

from cmgateway.errors import Error

site = rehearsal.site(sys.argv[1])
try:
    collection = site.get("SMS_Collection.CollectionID='" + sys.argv[2] + "'")
    print(collection.Name)
except Error as error:
    code = error.wbem.code if error.wbem else None
    if code == 0x80041002:  # WBEM_E_NOT_FOUND
        print(f"Not found ({error.wbem.signed_code})")
        sys.exit(2)
    if code == 0x80041003:  # WBEM_E_ACCESS_DENIED
        print(f"Access denied ({error.wbem.signed_code})")
        sys.exit(3)
    print("Error", error)
    sys.exit(1)
