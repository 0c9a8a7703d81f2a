local rehearsal = require "rehearsal"

local site = rehearsal.site(arg[1])
for collection in assert(site:query("SELECT * FROM SMS_Collection ORDER BY Name DESC")):each() do
    print(table.concat({ collection.CollectionID, collection.Name, collection.MemberCount }, "\t"))
end
print(#assert(assert(site:query("SELECT * FROM SMS_Collection")):all()) .. " collections")
