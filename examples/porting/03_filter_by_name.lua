local rehearsal = require "rehearsal"

local site = rehearsal.site(arg[1])
-- A placeholder takes the name as it stands: nothing is escaped by hand, and no name can change the query.
local query = "SELECT * FROM SMS_Collection WHERE Name = ?"
local collections = assert(assert(site:query(query, { arg[2] })):all())
if #collections == 0 then
    print("There is no such collection")
    os.exit(1)
end
for _, collection in ipairs(collections) do
    print(collection.CollectionID)
end
