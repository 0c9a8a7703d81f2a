-- "I run an instance and a connection point from Lua, look at them, and change their settings."

local cmgateway = require "cmgateway"
local kit = require "kit"
local tests = {}

local function instance_file(folder)
    return kit.write(folder .. "/instance.toml", [=[
listen = ["127.0.0.1:0"]
admin_listen = "127.0.0.1:0"
certificate = "server.pem"
key = "server.key"
connection_points = ["client.pem"]
]=])
end

local function point_file(folder, address)
    return kit.write(folder .. "/point.toml", ([=[
name = "CP1"
certificate = "client.pem"
key = "client.key"
instance_pins = ["server.pem"]
[gateway]
service_name = "localhost"
addresses = [["%s"]]
[trust]
roots = ["root.cer"]
sub_cas = ["subca1.cer"]
[[mapping]]
id = 17
internal = ["https://localhost:1"]
]=]):format(address))
end

local function running()
    local _, folder = kit.pki()
    local instance = assert(cmgateway.start_instance(instance_file(folder)))
    local file = point_file(folder, instance.addresses[1])
    local point = assert(cmgateway.start_connection_point(file))
    kit.equal(assert(point:ready({ timeout = 20 })), true)
    return instance, point, file, folder
end

function tests.both_see_each_other()
    local instance, point = running()
    kit.contains(instance, instance.addresses[1])
    kit.contains(point, "CP1")
    -- One connection is enough to be ready; the second follows.
    local front, back
    local until_then = os.time() + 20
    repeat
        front, back = assert(instance:status()), assert(point:status())
    until front.tunnels >= 2 and back.instances[1].connections == front.tunnels or os.time() > until_then
    kit.same_list(front.connection_points, { "CP1" })
    kit.equal(front.requests, 0)
    kit.equal(back.name, "CP1")
    kit.same_list(back.instances[1].addresses, instance.addresses)
    kit.equal(back.instances[1].connections, front.tunnels)
    kit.equal(back.instances[1].configuration, front.configuration)
    kit.equal(front.configuration > 0, true)
    kit.equal(#back.traffic, 0)
    kit.contains(instance.admin_address, "127.0.0.1:")
    kit.equal(instance.admin_address ~= instance.addresses[1], true)
    kit.equal(point:stop(), true)
    kit.equal(instance:stop(), true)
end

function tests.the_health_of_a_gateway_and_its_dashboard_are_there()
    local instance, point, file, folder = running()
    local health = assert(point:health())
    kit.equal(health.service_name .. " " .. health.connection_points[1], "localhost CP1")
    kit.equal(#health.conditions, 0)
    kit.equal(health.level, "normal")
    kit.equal(health.instances[1].counts.connections, 0)
    kit.equal(point:dashboard_url(), nil)
    assert(point:stop())
    kit.write(folder .. "/token", "0123456789abcdef")
    kit.write(file, kit.read(file) .. '[monitor]\n[dashboard]\nlisten = "127.0.0.1:0"\ntoken_file = "token"\n')
    local watched = assert(cmgateway.start_connection_point(file))
    kit.contains(watched:dashboard_url(), "http://127.0.0.1:")
    assert(watched:stop())
    kit.fails("stopped", watched:health())
    kit.fails("stopped", watched:dashboard_url())
    assert(instance:stop())
end

function tests.a_broken_reload_keeps_the_old_settings_and_tells_why()
    local instance, point, file, folder = running()
    local good = kit.read(file)
    kit.write(file, "surprise = 1\n" .. good)
    kit.contains(kit.fails("config", point:reload()), "point.toml:1: unknown field `surprise`")
    kit.equal(assert(point:status()).instances[1].configuration, assert(instance:status()).configuration)
    local before = assert(instance:status()).configuration
    kit.write(file, (good:gsub("id = 17", "id = 18")))
    kit.equal(assert(point:reload()), true)
    assert(point:ready({ timeout = 20 }))
    kit.equal(assert(instance:status()).configuration > before, true)
    kit.write(folder .. "/server.pem", "nonsense")
    kit.fails("certificate", instance:reload())
    kit.equal(assert(instance:status()).tunnels > 0, true)
    point:stop()
    instance:stop()
end

function tests.how_long_a_stop_waits_is_a_setting()
    local instance, point, file, folder = running()
    for service, path in pairs({ [instance] = folder .. "/instance.toml", [point] = file }) do
        local good = kit.read(path)
        kit.write(path, "drain_seconds = 86401\n" .. good)
        kit.contains(kit.fails("config", service:reload()), "drain_seconds")
        kit.write(path, "drain_seconds = 86400\n" .. good)
        kit.equal(assert(service:reload()), true)
    end
    -- Nothing is open, so that neither waits for a day.
    point:stop()
    instance:stop()
end

function tests.what_is_stopped_says_so()
    local instance, point = running()
    for _, service in ipairs({ point, instance }) do
        kit.equal(service:stop(), true)
        kit.equal(service:stop(), true)
        kit.contains(service, "stopped")
        kit.fails("stopped", service:status())
        kit.fails("stopped", service:reload())
    end
    kit.fails("stopped", point:ready())
end

function tests.wrong_files_and_options_are_told()
    local _, folder = kit.pki()
    kit.fails("not_found", cmgateway.start_instance(folder .. "/none.toml"))
    kit.fails("not_found", cmgateway.start_connection_point(folder .. "/none.toml"))
    kit.raises("start_instance", cmgateway.start_instance)
    local point = assert(cmgateway.start_connection_point(point_file(folder, "localhost:1")))
    kit.fails("timed_out", point:ready({ timeout = 0.1 }))
    kit.fails("config", point:ready({ timeout = -1 }))
    kit.raises("unknown option 'time'", point.ready, point, { time = 1 })
    kit.raises("has no field", function() return point.nothing end)
    point:stop()
end

return tests
