-- "My script does over the wire what it does on a copy: WinRM with a user, a locator, and what is refused."

local cmgateway = require "cmgateway"
local kit = require "kit"
local tests = {}

-- Base64 of `anna:hunter2`.
local AUTHORIZATION = "Basic YW5uYTpodW50ZXIy"

local function program()
    local target = os.getenv("CARGO_TARGET_DIR") or "target"
    local path = target .. "/debug/wsman-service" .. (kit.on_windows and ".exe" or "")
    local file = io.open(path, "rb")
    if not file then return nil end
    file:close()
    return path
end

-- Starts the service; its standard input, which ends it, and the port.
local function start(path)
    local folder = kit.folder()
    local told = folder .. "/port.txt"
    local input = assert(io.popen(('%s "%s/wsman.db" "%s" > "%s"'):format(path, folder, AUTHORIZATION, told), "w"))
    local deadline = os.time() + 20
    repeat
        local file = io.open(told, "rb")
        local port = file and file:read("*a"):match("^(%d+)\r?\n")
        if file then file:close() end
        if port then return input, port end
    until os.time() > deadline
    error("the service did not start")
end

function tests.winrm_with_a_user_and_a_password()
    local path = program()
    if not path then
        return kit.skip("the service is not built: cargo build -p cmgateway-tests --bin wsman-service")
    end
    local input, port = start(path)
    local address = ("winrm://localhost:%s/root/sms/site_GF1"):format(port)
    local options = { auth = "basic", user = "anna", password = "hunter2", timeout = 20 }
    local site = assert(cmgateway.connect(address, options))
    kit.equal(assert(site:identify()).product_vendor, "cmgateway tests")
    kit.equal(site:code(), "GF1")
    local thing = assert(site:get("Lab_Thing.Name='one'"))
    kit.equal(thing.Rules[1].RuleName, "r")
    thing.Number = 11
    assert(thing:put_())
    kit.equal(assert(site:get("Lab_Thing.Name='one'")).Number, 11)
    kit.equal(assert(site:call("Lab_Thing", "Sum", { A = 2, B = 3 })).Total, 5)

    local locator = assert(cmgateway.locator({ auth = "basic" }))
    local arguments = { user = "anna", password = "hunter2" }
    local sms = assert(locator:connect_server("localhost:" .. port, "root/sms/site_GF1", arguments))
    kit.equal(sms.address, address)
    kit.equal(#assert(assert(sms:query("SELECT * FROM Lab_Thing")):all()), 2)

    options.password = "wrong"
    kit.fails("auth", assert(cmgateway.connect(address, options)):code())
    input:close()
end

function tests.options_that_cannot_be_are_refused_before_anything_is_sent()
    local address = "winrm://cm1/root/sms/site_GF1"
    kit.fails("config", cmgateway.connect(address, { auth = "basic", user = "a", password = "b" }))
    kit.fails("config", cmgateway.connect(address, { user = "a" }))
    kit.fails("config", cmgateway.connect(address, { auth = "digest", user = "a", password = "b" }))
    kit.fails("config", cmgateway.connect(address, { key_file = "k.pem" }))
    kit.fails("config", cmgateway.connect("https://cm1/AdminService", { auth = "negotiate", user = "a" }))
    kit.fails("config", cmgateway.connect("https://cm1/AdminService", {
        auth = "kerberos", user = "a", password = "b", keytab_file = "a.keytab",
    }))
    local locator = assert(cmgateway.locator({ tls = true }))
    local arguments = { user = "contoso\\a", password = "b", authority = "ntlmdomain:contoso" }
    kit.fails("config", locator:connect_server("cm1", "root/sms", arguments))
    kit.fails("unsupported", locator:connect_server(".", "root/sms"))
    kit.fails("unsupported", locator:get_object("winmgmts:{impersonationLevel=delegate}!//cm1/root/sms"))
    kit.raises("unknown option", function() return locator:connect_server("cm1", "root/sms", { usr = "a" }) end)
end

return tests
