-- "When something fails I can tell what, whose fault it is, and whether to try again."

local cmgateway = require "cmgateway"
local kit = require "kit"
local tests = {}

function tests.an_error_says_what_whose_and_whether_to_retry()
    local err = kit.fails("not_found", cmgateway.connect("sqlite:/no/such/folder/site.db"))
    kit.equal(err.fault, "caller")
    kit.equal(err.retry_after, nil)
    kit.contains(err.operation, "open site")
    kit.equal(err.message, tostring(err))
    kit.equal(err.message, "could not " .. err.operation .. ": " .. err.cause)
    kit.equal(type(err.context), "table")
    kit.equal("failed: " .. err, "failed: " .. err.message)
end

function tests.assert_keeps_the_error_whole()
    local done, err = pcall(function() assert(cmgateway.connect("sqlite:/no/such/site.db")) end)
    kit.equal(done, false)
    if kit.has_integers or jit then
        kit.equal(err.kind, "not_found")
    end
end

function tests.each_kind_is_met()
    local site = kit.site_with_gateway("a.contoso.com")
    local sub_ca = assert(site:gateway("a.contoso.com")).sub_ca
    kit.fails("config", sub_ca:add({}))
    kit.fails("certificate", cmgateway.cert.load_cer("no certificate"))
    kit.fails("not_found", site:gateway("none.contoso.com"))
    kit.put_gateway(site, "A.contoso.com")
    kit.fails("conflict", site:gateway("a.contoso.com"))
    if not kit.on_windows then kit.fails("unsupported", cmgateway.connect("com://cm1/root/sms")) end
end

function tests.a_field_that_an_object_does_not_have_raises_its_name()
    local site = kit.site_with_gateway("a.contoso.com")
    local gateway = assert(site:gateway("a.contoso.com"))
    local pki = kit.pki()
    local objects = {
        Site = site, Gateway = gateway, SubCa = gateway.sub_ca, ObjectPath = gateway.path,
        SubCaPlan = assert(gateway.sub_ca:plan("set", {})), ThumbprintList = assert(gateway.sub_ca:list()),
        Certificate = pki.root.certificate, Thumbprint = pki.root.certificate.thumbprint, DevelopmentPki = pki,
        IssuedCertificate = pki.root, Rows = assert(site:query("SELECT * FROM SMS_Site")),
        DateTime = assert(cmgateway.wmi.datetime("20260301120000.000000+060")),
        Error = select(2, site:gateway("none")),
    }
    for class, object in pairs(objects) do
        kit.raises(class .. " has no field 'nope'", function() return object.nope end)
    end
    -- A field that is there may well be nil, and an instance is the site's, not ours.
    kit.equal(objects.SubCaPlan.before, nil)
    kit.equal(gateway.path.server, nil)
    kit.equal(objects.ThumbprintList[1], nil)
    kit.equal(objects.Error.retry_after, nil)
    kit.equal(assert(gateway:instance()).nope, nil)
end

function tests.a_bad_word_is_an_error_of_kind_config()
    local site = kit.site_with_gateway("a.contoso.com")
    local gateway = assert(site:gateway("a.contoso.com"))
    kit.fails("config", gateway.sub_ca:plan("replace", {}))
    kit.fails("config", site:put(assert(gateway:instance()), "always"))
    kit.fails("config", site:query("SELECT * FROM \255"))
    local err = kit.fails("config", cmgateway.connect("https://cm1/AdminService", { timeout = -1 }))
    kit.contains(err, "-1 is no number of seconds above 0")
end

function tests.a_bad_argument_is_told_as_the_script_counts()
    local site = kit.site_with_gateway("a.contoso.com")
    kit.raises("bad argument #1 to 'connect': text expected, got table", cmgateway.connect, {})
    kit.raises("bad argument #2 to 'connect': options go in a table", cmgateway.connect, "sqlite:x", "token")
    kit.raises("bad argument #2 to 'create_site': text expected, got nil", cmgateway.create_site, "x.db")
    kit.raises("bad argument #1 to 'gateway': text expected, got nil", site.gateway, site)
    kit.raises("bad argument #1 to 'put': an Instance expected", site.put, site, {})
    kit.raises("bad argument #2 to 'define_class': a table of types expected", site.define_class, site, "A", "B")
    local sub_ca = assert(site:gateway("a.contoso.com")).sub_ca
    kit.raises("bad argument #1 to 'apply': a SubCaPlan expected", sub_ca.apply, sub_ca, "plan")
    kit.raises("bad argument #1 to 'load_cer': text expected", cmgateway.cert.load_cer)
end

function tests.a_loop_raises_the_error_whole()
    local site = kit.site_with_gateway()
    local done, err = pcall(function()
        local rows = assert(site:query("SELECT * FROM SMS_AzureService"))
        rows:close()
        for row in rows:each() do print(row) end
    end)
    kit.equal(done, false)
    kit.contains(err, "closed")
end

return tests
