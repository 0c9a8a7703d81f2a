local rehearsal = require "rehearsal"

local site = rehearsal.site(arg[1])
local query = "SELECT sys.Name, cs.Model FROM SMS_R_System AS sys "
    .. "INNER JOIN SMS_G_System_COMPUTER_SYSTEM AS cs ON cs.ResourceID = sys.ResourceID "
    .. "WHERE cs.Model LIKE 'P%' ORDER BY sys.Name"
for row in assert(site:query(query)):each() do
    print(row.sys.Name .. ": " .. row.cs.Model)
end
