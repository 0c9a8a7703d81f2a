-- "I serve a copy of my site as an AdminService and work on it over HTTPS as on the real one."

local cmgateway = require "cmgateway"
local kit = require "kit"
local tests = {}

local function served()
    local site = kit.site_with_gateway("a.contoso.com")
    local _, folder = kit.pki()
    local server = assert(site:serve({
        certificate_file = folder .. "/server.pem", key_file = folder .. "/server.key", token = "s3cret",
    }))
    return server, folder .. "/root.cer", site
end

function tests.the_same_calls_work_over_https()
    local server, ca_file, site = served()
    local remote = assert(cmgateway.connect(server.url, { token = "s3cret", ca_file = ca_file, timeout = 20 }))
    kit.equal(remote:code(), "GF1")
    local thumbprint = "8824022CB382CADD9E19290449B893A839140962"
    assert(assert(remote:gateway("A.contoso.com")).sub_ca:add(thumbprint))
    kit.equal(tostring(assert(assert(site:gateway("a.contoso.com")).sub_ca:list())), thumbprint)
    kit.fails("unsupported", remote:define_class("Rack", { Row = "string" }, { keys = { "Row" } }))
    kit.equal(server:stop(), true)
end

function tests.who_has_no_token_or_no_trust_is_told_so()
    local server, ca_file = served()
    kit.fails("auth", assert(cmgateway.connect(server.url, { token = "wrong", ca_file = ca_file })):code())
    kit.fails("certificate", assert(cmgateway.connect(server.url, { token = "s3cret" })):code())
    server:stop()
end

function tests.a_stopped_server_is_gone()
    local server, ca_file = served()
    kit.contains(server, server.url)
    kit.equal(server:stop(), true)
    kit.equal(server:stop(), true)
    kit.contains(server, "stopped")
    local remote = assert(cmgateway.connect(server.url, { token = "s3cret", ca_file = ca_file, timeout = 5 }))
    local err = kit.fails("unavailable", remote:code())
    kit.equal(err.retry_after, 1)
    kit.equal(err.fault, "network")
end

function tests.wrong_options_are_told()
    local site = kit.site_with_gateway()
    kit.raises("option 'certificate_file' to 'serve' is missing", site.serve, site)
    kit.raises("unknown option 'port'", site.serve, site, { port = 1 })
    local _, folder = kit.pki()
    local files = { certificate_file = folder .. "/server.pem", key_file = folder .. "/none.key", token = "t" }
    kit.fails("not_found", site:serve(files))
    files.address = "localhost"
    kit.fails("config", site:serve(files))
end

return tests
