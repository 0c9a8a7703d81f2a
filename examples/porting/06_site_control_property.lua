local rehearsal = require "rehearsal"

local site = rehearsal.site(arg[1])
local query = "SELECT * FROM SMS_SCI_Component WHERE ComponentName = 'SMS_NETWORK_DISCOVERY'"
for found in assert(site:query(query)):each() do
    local component = assert(site:get(found.path_))
    for _, prop in ipairs(component.Props) do
        if prop.PropertyName == "Discovery Enabled" then
            print("Discovery Enabled was " .. prop.Value)
            prop.Value = 1
        end
    end
    assert(component:put_())
end
