-- "I am told once about what is wrong with my gateway, and told again when it is over."

local cmgateway = require "cmgateway"
local kit = require "kit"
local tests = {}

local unpack_all = table.unpack or unpack -- luacheck: ignore
local SCRIPT = arg[0]:gsub("tests[/\\]lua[/\\]run%.lua$", "") .. "examples/lua/tell_notices.lua"
local FULL = { { id = "disk", level = "warning", text = "it is nearly full" } }

function tests.a_function_is_told_once_and_told_when_it_is_over()
    local told, notices = {}, assert(cmgateway.notices())
    local function keep(all)
        for _, notice in ipairs(all) do told[#told + 1] = notice.id .. " " .. notice.level end
    end
    kit.equal(assert(notices:tell(keep, { conditions = FULL, at = 1772323200 }))[1].at, "2026-03-01T00:00:00Z")
    kit.equal(#assert(notices:tell(keep, { conditions = FULL })), 0)
    local kept = assert(cmgateway.notices(notices:to_json()))
    kit.equal(assert(kept:tell(keep))[1].is_recovery, true)
    kit.same_list(told, { "disk warning", "disk normal" })
    kit.contains(notices, "Notices")
end

function tests.what_a_function_did_not_take_is_told_again()
    local notices = assert(cmgateway.notices())
    local value, err = notices:tell(function() return nil, "the printer is on fire" end, { conditions = FULL })
    kit.equal(value, nil)
    kit.equal(err, "the printer is on fire")
    kit.raises("no paper", notices.tell, notices, function() error("no paper") end, { conditions = FULL })
    kit.equal(#assert(notices:tell(function() end, { conditions = FULL })), 1)
end

function tests.the_reports_of_the_other_calls_are_taken_as_they_are()
    local site = kit.site_with_gateway("gw.contoso.test")
    local monitor = assert(site:gateway("gw.contoso.test")).monitor
    assert(monitor:record("0", 6000 * 1073741824, { at = 1772323200 }))
    local told = assert(assert(cmgateway.notices()):tell(function() end, {
        report = assert(monitor:check({ at = 1772323200 })),
        warnings = assert(cmgateway.expiry_warnings({ secrets = { app = os.time() + 86400 } })),
        analysis = assert(cmgateway.analyze("gw.contoso.test", { addresses = { "127.0.0.1:9" } })),
    }))
    kit.equal(#told, 3)
    -- Nothing ends soon: a table without items.
    kit.equal(#assert(assert(cmgateway.notices()):tell(function() end, { warnings = {} })), 0)
end

function tests.a_receiver_that_cannot_be_reached_is_told_later()
    local notices = assert(cmgateway.notices())
    local hook = assert(cmgateway.webhook("http://127.0.0.1:1/hook", "shared", { timeout = 5 }))
    kit.fails("unavailable", notices:tell(hook, { conditions = FULL }))
    local mail = assert(cmgateway.mail("localhost:1", "cmg@contoso.com", { "admins@contoso.com" }, {
        user = "gateway", password = "s3cret", timeout = 5,
    }))
    kit.fails("unavailable", notices:tell(mail, { conditions = FULL }))
    kit.equal(#assert(notices:tell(function() end, { conditions = FULL })), 1)
    kit.contains(hook, "127.0.0.1")
    kit.contains(mail, "localhost:1")
end

function tests.the_example_tells_each_change_once()
    local site, address, folder = kit.site_with_gateway("gw.contoso.test")
    local gateway = assert(site:gateway("gw.contoso.test"))
    assert(gateway.monitor:record("0", 6000 * 1073741824))
    local function said(...)
        local output, code = kit.run(SCRIPT, "--site", address, "--kept", folder, ...)
        return output, code
    end
    kit.contains(said("gw.contoso.test"), "6000 GB of 10000 GB went out in 14 days")
    local second, code = said("gw.contoso.test")
    kit.equal(second, "")
    kit.equal(code, 0)
    local row = assert(gateway:instance())
    row.TrafficOutInGB = 50000
    assert(site:put(row))
    kit.contains(said("gw.contoso.test"), "\tover\t")
    -- Nobody is there: it is told with the next run, and the exit code says so.
    local nobody = { "--mail", "localhost:1", "--from", "cmg@contoso.com", "--to", "admins@contoso.com" }
    row.TrafficOutInGB = 1
    assert(site:put(row))
    nobody[#nobody + 1] = "gw.contoso.test"
    local unreached, failed = said(unpack_all(nobody))
    kit.contains(unreached, "mail: could not")
    kit.equal(failed, 1)
    for _, words in ipairs({ { "--mail", "localhost:1" }, { "--kepd", "." }, { "other.contoso.test" } }) do
        words[#words + 1] = "gw.contoso.test"
        kit.equal(select(2, said(unpack_all(words))), 2)
    end
    kit.equal(select(2, said("gw.contoso.test", "--webhook")), 2)
end

function tests.wrong_use_is_told()
    local notices = assert(cmgateway.notices())
    kit.raises("a Webhook, a Mail or a function", notices.tell, notices, "admins@contoso.com")
    kit.raises("unknown option 'condition'", notices.tell, notices, print, { condition = {} })
    kit.contains(kit.fails("config", notices:tell(print, { conditions = { { id = "x" } } })), "level")
    kit.contains(kit.fails("config", cmgateway.webhook("http://hooks.contoso.com", "s")), "https")
    kit.contains(kit.fails("config", cmgateway.mail("smtp.contoso.com", "nobody", { "a@contoso.com" })), "sender")
    local one = { "a@contoso.com" }
    kit.fails("config", cmgateway.mail("smtp.contoso.com", "a@contoso.com", one, { security = "local" }))
    kit.raises("bad security", cmgateway.mail, "smtp.contoso.com", "a@contoso.com", one, { security = "none" })
    kit.fails("config", cmgateway.notices("[]"))
end

return tests
