-- "I give an address and get my site, or am told what is wrong with it."

local cmgateway = require "cmgateway"
local kit = require "kit"
local tests = {}

function tests.a_new_site_knows_its_code_and_address()
    local site, address, folder = kit.site_with_gateway()
    kit.equal(address, "sqlite:" .. folder .. "/site.db")
    kit.equal(site:code(), "GF1")
    kit.equal(tostring(site), "<cmgateway.Site " .. address .. ">")
end

function tests.a_site_is_found_again()
    local _, address = kit.site_with_gateway("a.contoso.com")
    local again = assert(cmgateway.connect(address, { timeout = 2.5 }))
    kit.equal(#assert(again:gateways()), 1)
end

function tests.what_is_wrong_with_an_address_is_told_by_kind()
    local _, address, folder = kit.site_with_gateway()
    kit.fails("not_found", cmgateway.connect("sqlite:" .. folder .. "/none.db"))
    kit.fails("config", cmgateway.connect("lab.db"))
    kit.fails("config", cmgateway.connect("http://cm1/AdminService"))
    kit.fails("unsupported", cmgateway.connect("winmgmts://cm1"))
    kit.fails("config", cmgateway.connect("winrm://cm1/sms"))
    kit.fails("config", cmgateway.connect(address, { token = "secret" }))
    kit.fails("config", cmgateway.connect(address, { timeout = 0 }))
    kit.fails("config", cmgateway.connect(address, { timeout = -1 }))
    kit.fails("conflict", cmgateway.create_site(folder .. "/site.db", "GF1"))
    kit.fails("config", cmgateway.create_site(folder .. "/other.db", "toolong"))
end

function tests.a_token_is_not_in_the_message()
    local _, address = kit.site_with_gateway()
    local err = kit.fails("config", cmgateway.connect(address, { token = "s3cret" }))
    kit.equal(tostring(err):find("s3cret", 1, true), nil)
end

function tests.an_unknown_option_raises_and_names_the_allowed_ones()
    local err = kit.raises("unknown option 'tokn' to 'connect'", cmgateway.connect, "sqlite:x.db", { tokn = "x" })
    kit.contains(err, "token, auth, user")
    kit.raises("unknown option '1'", cmgateway.connect, "sqlite:x.db", { "token" })
    kit.raises("bad option 'timeout' to 'connect'", cmgateway.connect, "sqlite:x.db", { timeout = {} })
end

function tests.wrong_use_raises()
    kit.raises("bad argument", cmgateway.connect)
    kit.raises("bad argument", cmgateway.connect, {})
    local site = kit.site_with_gateway()
    kit.raises("bad argument", site.code, "no site")
    kit.raises("", function() site.address = "x" end)
end

function tests.the_module_is_one_table()
    kit.equal(require "cmgateway", cmgateway)
    kit.equal(type(cmgateway.version), "string")
    kit.equal(tostring(cmgateway.null), "null")
end

function tests.a_closed_site_answers_no_more()
    local site, address = kit.site_with_gateway("a.contoso.com")
    local gateway = assert(site:gateway("a.contoso.com"))
    local service = assert(gateway:instance())
    kit.equal(site:close(), true)
    kit.equal(site:close(), true)
    kit.fails("stopped", site:code())
    kit.fails("stopped", site:query("SELECT * FROM SMS_Site"))
    kit.fails("stopped", site:get(service.path_))
    kit.fails("stopped", site:put(service))
    kit.fails("stopped", site:delete(service))
    kit.fails("stopped", site:class_definition("SMS_Site"))
    kit.fails("stopped", site:gateways())
    kit.fails("stopped", gateway.sub_ca:list())
    kit.equal(site.address, address)
    -- Another connection to the same file is not touched.
    kit.equal(assert(cmgateway.connect(address)):code(), "GF1")
end

return tests
