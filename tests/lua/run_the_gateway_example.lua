-- "I run the example gateway: curl and openssl reach nginx through two instances."

local kit = require "kit"
local tests = {}

local SCRIPT = arg[0]:gsub("tests[/\\]lua[/\\]run%.lua$", "") .. "examples/lua/run_gateway.lua"

local function is_there(command)
    local done = os.execute(command .. (kit.on_windows and " >NUL 2>&1" or " >/dev/null 2>&1"))
    return done == true or done == 0
end

function tests.curl_and_openssl_are_served()
    if not (is_there("nginx -v") or is_there("/usr/sbin/nginx -v")) then kit.skip("nginx is not installed") end
    if not (is_there("curl -V") and is_there("openssl version")) then kit.skip("curl or openssl is not installed") end
    local output, code = kit.run(SCRIPT, kit.folder())
    kit.equal(code, 0, output)
    for _, line in ipairs({
        "curl through instance 0: 127%.0%.0%.1 over CN=CP[12]%.contoso%.com %(200%)\n",
        "curl through instance 1: 127%.0%.0%.1 over CN=CP[12]%.contoso%.com %(200%)\n",
        "curl without a certificate: CMGService_Clientcertificaterequired %(403%)\n",
        "openssl s_client: New, TLSv1%.3, [^\n]*; HTTP/1%.1 200 OK\n",
        "CP1 has stopped; curl: 127%.0%.0%.1 over CN=CP2%.contoso%.com %(200%)\n",
        "instance 0: 3 requests, 3 handshakes, by way of CP2\n",
        "instance 1: 2 requests, 2 handshakes, by way of CP2\n",
    }) do
        if not output:find(line) then error("no " .. line .. " in " .. output) end
    end
end

function tests.a_wrong_call_shows_how()
    local output, code = kit.run(SCRIPT)
    kit.equal(output, "Usage: run_gateway.lua FOLDER\n")
    kit.equal(code, 2)
end

return tests
