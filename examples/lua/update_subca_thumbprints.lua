#!/usr/bin/env lua
--[[ Set the sub-CA thumbprints of a cloud management gateway: UpdateSubCAThumbprints.vbs in Lua.

As the VBScript was called, message for message and exit code for exit code:

    update_subca_thumbprints.lua <ServiceCName> <thumbprints, separated by ;>

The site then comes from --site or from the environment: CMGATEWAY_SITE, CMGATEWAY_TOKEN, CMGATEWAY_CA_FILE.
The list is written as it stands; --set, --add, --remove and --from-cert check first, show a plan, and read back:

    update_subca_thumbprints.lua --site sqlite:site.db GraniteFalls.contoso.com --add subca2.cer --plan
]]

local cmgateway = require "cmgateway"

local USAGE = "Usage: update_subca_thumbprints.lua <ServiceCName> <SubCA cert thumbprints, separated by ;>"
local QUERY = "SELECT * From SMS_AzureService WHERE ServiceType = 'CloudProxyService' AND ServiceCName = "

local HELP = USAGE .. [[


  --site SITE          sqlite:FILE or https://HOST/AdminService (else CMGATEWAY_SITE)
  --ca-file FILE       CA of the AdminService (else CMGATEWAY_CA_FILE)
  --token-file FILE    file with the bearer token (else CMGATEWAY_TOKEN)
  --set [SUBCA...]     make the list exactly these
  --add SUBCA...       add these: thumbprints or certificate files
  --remove SUBCA...    remove these
  --from-cert FILE...  the list, taken from certificate files
  --list               print the list, one thumbprint a line
  --plan               show what would change, and change nothing
  --json               print the plan as JSON]]

-- How many values an option takes: "0", "1", "*" any number, "+" at least one.
local OPTIONS = {
    ["--site"] = "1", ["--ca-file"] = "1", ["--token-file"] = "1",
    ["--set"] = "*", ["--add"] = "+", ["--remove"] = "+", ["--from-cert"] = "+",
    ["--list"] = "0", ["--plan"] = "0", ["--json"] = "0", ["--help"] = "0",
}

local function say_error(message)
    io.stderr:write(tostring(message), "\n")
end

-- An error that ends the script: thrown here, caught in `run`.
local function give_up(message, code)
    error({ message = message, code = code or 1 }, 0)
end

-- An expected failure is `nil, err`; here it ends the script, as an exception does in Python.
local function check(value, err)
    if err ~= nil then give_up(tostring(err)) end
    return value
end

local function read_values(words, at, option)
    local values, kind = {}, OPTIONS[option]
    while words[at] and words[at]:sub(1, 2) ~= "--" and not (kind == "1" and #values == 1) do
        values[#values + 1] = words[at]
        at = at + 1
    end
    if #values == 0 and (kind == "1" or kind == "+") then
        give_up(USAGE .. "\nerror: argument " .. option .. ": a value is missing", 2)
    end
    return kind == "1" and values[1] or values, at
end

local function read_options(words)
    local options, at = {}, 1
    while words[at] do
        local word = words[at]
        at = at + 1
        local option, value = word:match("^(%-%-[^=]+)=(.*)$")
        if option and OPTIONS[option] == "1" then
            options[option:sub(3)] = value
        elseif OPTIONS[word] == "0" then
            options[word:sub(3)] = true
        elseif OPTIONS[word] then
            options[word:sub(3)], at = read_values(words, at, word)
        elseif word:sub(1, 1) == "-" or options.thumbprints then
            give_up(USAGE .. "\nerror: unrecognized argument: " .. word, 2)
        elseif options.service_name then
            options.thumbprints = word
        else
            options.service_name = word
        end
    end
    return options
end

local function connect(options)
    local token = os.getenv("CMGATEWAY_TOKEN")
    if options["token-file"] then
        local file, message = io.open(options["token-file"], "rb")
        if not file then give_up(message) end
        token = file:read("*a"):gsub("^\239\187\191", ""):match("^%s*(.-)%s*$")
        file:close()
    end
    local site = options.site or os.getenv("CMGATEWAY_SITE")
    if not site then
        give_up("no site: give --site or set CMGATEWAY_SITE (sqlite:FILE or https://HOST/AdminService)")
    end
    local ca_file = options["ca-file"] or os.getenv("CMGATEWAY_CA_FILE")
    return check(cmgateway.connect(site, { token = token ~= "" and token or nil, ca_file = ca_file }))
end

-- Line for line what the VBScript did, with the `Put_` that the published page lost.
local function as_the_vbscript(options)
    print("Searching for SMS Provider for local site...")
    local site = connect(options)
    local site_code = ""
    local locations = "SELECT * From SMS_ProviderLocation WHERE ProviderForLocalSite = true"
    for location in check(site:query(locations)):each() do
        site_code = location.SiteCode
    end
    if site_code == "" then
        print("Failed to locate SMS provider.")
        return 1
    end
    print("SiteCode = " .. site_code)

    print("Run WQL query: " .. QUERY .. "'" .. options.service_name .. "'")
    -- The name goes in as a value: a quote in it cannot change the query, as it could in the VBScript.
    local services = check(check(site:query(QUERY .. "?", { options.service_name })):all())
    if #services == 0 then
        print("Failed to get Azure_Service instance.")
        return 1
    end
    if #services > 1 then -- the VBScript silently took the last one
        say_error("could not update: the site has " .. #services .. " gateways of this name")
        return 1
    end
    local service = services[1]
    if service.ServiceCName:lower() ~= options.service_name:lower() then
        say_error("could not update: the site answered with " .. service.ServiceCName)
        return 1
    end

    print("Update [SubCACertThumbprint] to " .. options.thumbprints)
    service.SubCACertThumbprint = options.thumbprints
    check(site:put(service))
    print("[SubCACertThumbprint] is updated successfully.")
    return 0
end

local function split(text)
    local items = {}
    for item in (text .. ";"):gmatch("([^;]*);") do
        items[#items + 1] = item
    end
    return items
end

local function print_list(stored)
    for thumbprint in stored:each() do print(thumbprint) end
    for _, other in ipairs(stored.others) do print(other) end
    if tostring(stored) == "" then print("the list is empty") end
    return 0
end

-- Checks, shows what changes, changes it, reads back.
local function with_a_plan(options)
    local sub_ca = check(connect(options):gateway(options.service_name)).sub_ca
    if options.list then return print_list(check(sub_ca:list())) end
    local kind, sources = "set", options.set or options["from-cert"]
    if options.add then
        kind, sources = "add", options.add
    elseif options.remove then
        kind, sources = "remove", options.remove
    elseif options.thumbprints then
        sources = split(options.thumbprints)
    end
    local plan = check(sub_ca:plan(kind, sources))
    print(options.json and plan:to_json() or tostring(plan))
    if not options.plan then
        check(sub_ca:apply(plan))
        if plan.is_change and not options.json then print("  applied and read back") end
    end
    return 0
end

local function main(words)
    local has_option = false
    for _, word in ipairs(words) do has_option = has_option or word:sub(1, 1) == "-" end
    if #words ~= 2 and not has_option then
        print(USAGE)
        return 1
    end
    local options = read_options(words)
    if options.help then
        print(HELP)
        return 0
    end
    local ways = 0
    for _, way in ipairs({ "thumbprints", "set", "add", "remove", "from-cert", "list" }) do
        ways = ways + (options[way] and 1 or 0)
    end
    if ways ~= 1 or not options.service_name then
        print(USAGE)
        return options.service_name and 1 or 2
    end
    if options.thumbprints and not (options.plan or options.json) then
        return as_the_vbscript(options)
    end
    return with_a_plan(options)
end

local function run(words)
    local done, result = pcall(main, words)
    if done then return result end
    if type(result) == "table" then
        say_error(result.message)
        return result.code
    end
    say_error(result)
    return 1
end

local code = run(arg)
if code ~= 0 then os.exit(code) end
