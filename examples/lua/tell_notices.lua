-- Looks at a gateway once, and tells what has changed since the last run: to standard output, a webhook, or by mail.
--
-- Meant for cron or the task scheduler. What was told is kept in a file for each recipient, so that each change is told
-- once, and once more when it is over. A recipient that cannot be reached is told with the next run.
--
--     lua tell_notices.lua --site sqlite:site.db GraniteFalls.contoso.com
--     lua tell_notices.lua --site sqlite:site.db --webhook https://hooks.contoso.com/cmg --secret-file hook \
--         GraniteFalls.contoso.com
--     lua tell_notices.lua --site sqlite:site.db --mail smtp.contoso.com --from a@contoso.com --to b@contoso.com \
--         GraniteFalls.contoso.com

local cmgateway = require "cmgateway"

local function read(name)
    local file = io.open(name, "rb")
    if not file then return nil end
    local text = file:read("*a")
    file:close()
    return text
end

local function write(name, text)
    local file = assert(io.open(name, "wb"))
    file:write(text)
    file:close()
end

local function printed(notices)
    for _, notice in ipairs(notices) do
        print(notice.at, notice.is_recovery and "over" or notice.level, notice.id, notice.text)
    end
end

-- The options; `to` may be given several times.
local function arguments()
    local given = { kept = ".", to = {} }
    local known = {
        ["--site"] = "site", ["--connection-point"] = "connection_point", ["--kept"] = "kept",
        ["--webhook"] = "webhook", ["--secret-file"] = "secret_file",
        ["--mail"] = "mail", ["--from"] = "from", ["--to"] = "to",
    }
    local words, next_word, is_wrong = arg or {}, 1, false
    while words[next_word] do
        local word, value = words[next_word], words[next_word + 1]
        if known[word] and value then
            if known[word] == "to" then given.to[#given.to + 1] = value else given[known[word]] = value end
            next_word = next_word + 2
        else
            is_wrong = is_wrong or word:sub(1, 2) == "--" or given.service_name ~= nil
            given.service_name, next_word = word, next_word + 1
        end
    end
    if is_wrong or not given.site or not given.service_name or (given.webhook and not given.secret_file)
        or (given.mail and not (given.from and given.to[1])) then
        io.stderr:write([[
usage: tell_notices.lua --site <site> [--connection-point <settings>] [--kept <folder>]
       [--webhook <url> --secret-file <file>] [--mail <server> --from <sender> --to <recipient> ...]
       <service name>
]])
        os.exit(2)
    end
    return given
end

local function recipients(given)
    local found = { { name = "stdout", to = printed } }
    if given.webhook then
        local secret = assert(read(given.secret_file), "no secret file"):gsub("%s+$", "")
        found[#found + 1] = { name = "webhook", to = assert(cmgateway.webhook(given.webhook, secret)) }
    end
    if given.mail then
        found[#found + 1] = { name = "mail", to = assert(cmgateway.mail(given.mail, given.from, given.to)) }
    end
    return found
end

local given = arguments()
local gateway = assert(assert(cmgateway.connect(given.site)):gateway(given.service_name))
local report = assert(gateway.monitor:check())
local warnings = assert(cmgateway.expiry_warnings({ connection_point_file = given.connection_point }))

local failed = false
for _, recipient in ipairs(recipients(given)) do
    local file = given.kept .. "/told-" .. recipient.name .. ".json"
    local notices = assert(cmgateway.notices(read(file)))
    local told, err = notices:tell(recipient.to, { report = report, warnings = warnings })
    if not told then
        io.stderr:write(recipient.name, ": ", tostring(err), "\n")
        failed = true
    end
    write(file, notices:to_json())
end
os.exit(failed and 1 or 0)
