-- Looks at a gateway once, and tells what has changed since the last run: to standard output, and to a webhook.
--
-- Meant for cron or the task scheduler. What was told is kept in a file for each recipient, so that each change is told
-- once, and once more when it is over. A recipient that cannot be reached is told with the next run.
--
--     lua tell_notices.lua sqlite:site.db GraniteFalls.contoso.com
--     lua tell_notices.lua sqlite:site.db GraniteFalls.contoso.com https://hooks.contoso.com/cmg secret-file

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

local address, service_name, url, secret_file = (arg or {})[1], (arg or {})[2], (arg or {})[3], (arg or {})[4]
if not service_name or (url and not secret_file) then
    io.stderr:write("usage: tell_notices.lua <site> <service name> [<webhook> <secret file>]\n")
    os.exit(2)
end
local site = assert(cmgateway.connect(address))
local report = assert(assert(site:gateway(service_name)).monitor:check())

local recipients = { { name = "stdout", to = printed } }
if url then
    local secret = assert(read(secret_file), "no secret file"):gsub("%s+$", "")
    recipients[2] = { name = "webhook", to = assert(cmgateway.webhook(url, secret)) }
end

local failed = false
for _, recipient in ipairs(recipients) do
    local file = "told-" .. recipient.name .. ".json"
    local notices = assert(cmgateway.notices(read(file)))
    local told, err = notices:tell(recipient.to, { report = report })
    if not told then
        io.stderr:write(recipient.name, ": ", tostring(err), "\n")
        failed = true
    end
    write(file, notices:to_json())
end
os.exit(failed and 1 or 0)
