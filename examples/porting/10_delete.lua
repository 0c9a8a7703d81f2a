local rehearsal = require "rehearsal"

local site = rehearsal.site(arg[1])
local query = "SELECT * FROM SMS_Collection WHERE MemberCount = 0"
for _, collection in ipairs(assert(assert(site:query(query)):all())) do
    print("Deleting " .. collection.Name)
    assert(collection:delete_())
end
assert(site:delete("SMS_Collection.CollectionID='" .. arg[2] .. "'"))
