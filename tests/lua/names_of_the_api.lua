-- "Every name in the list of the API is there": tests/parity/api.toml against objects of each class.

local cmgateway = require "cmgateway"
local kit = require "kit"
local tests = {}

local API = arg[0]:gsub("lua[/\\]run%.lua$", "") .. "parity/api.toml"

-- One object of each class that is more than a module's table.
local function objects()
    local site = kit.site_with_gateway("a.contoso.com")
    local gateway = assert(site:gateway("a.contoso.com"))
    local pki, folder = kit.pki()
    local server = assert(site:serve({
        certificate_file = folder .. "/server.pem", key_file = folder .. "/server.key", token = "t",
    }))
    return {
        Site = site,
        Rows = assert(site:query("SELECT * FROM SMS_Site")),
        Instance = assert(gateway:instance()),
        ObjectPath = gateway.path,
        DateTime = assert(cmgateway.wmi.datetime("20260301120000.000000+060")),
        AdminServiceServer = server,
        Gateway = gateway,
        SubCa = gateway.sub_ca,
        SubCaPlan = assert(gateway.sub_ca:plan("set", {})),
        ThumbprintList = assert(gateway.sub_ca:list()),
        ["cert.Certificate"] = pki.root.certificate,
        ["cert.Thumbprint"] = pki.root.certificate.thumbprint,
        ["cert.DevelopmentPki"] = pki,
    }
end

local function check(name, known)
    local class, method = name:match("^(.*):([%w_]+)$")
    if class then return kit.equal(type(known[class][method]), "function", name) end
    if known[name] then return kit.equal(type(known[name]), "userdata", name) end
    local owner, field = name:match("^(.*)%.([%w_]+)$")
    if known[owner] then return kit.equal(known[owner][field] ~= nil, true, name) end
    local found = cmgateway
    for part in name:gmatch("[%w_]+") do found = found[part] end
    kit.equal(type(found), "function", name)
end

function tests.each_name_is_there()
    local known, count = objects(), 0
    for name in kit.read(API):gmatch('\nlua = "([^"]+)"') do
        check(name, known)
        count = count + 1
    end
    kit.equal(count > 30, true, "names in the list")
end

return tests
