local rehearsal = require "rehearsal"

local site = rehearsal.site(arg[1])
local collection, err = site:get("SMS_Collection.CollectionID='" .. arg[2] .. "'")
if collection then
    print(collection.Name)
elseif err.wbem and err.wbem.name == "NOT_FOUND" then
    print(("Not found (%d)"):format(err.wbem.signed_code))
    os.exit(2)
elseif err.wbem and err.wbem.name == "ACCESS_DENIED" then
    print(("Access denied (%d)"):format(err.wbem.signed_code))
    os.exit(3)
else
    print("Error " .. tostring(err))
    os.exit(1)
end
