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

local function wrong_options(message)
    say_error(USAGE .. "\nerror: " .. message)
    give_up(nil, 2)
end

local function looks_like_an_option(word)
    return word:sub(1, 1) == "-" and word ~= "-"
end

local function read_values(words, at, option)
    local values, kind = {}, OPTIONS[option]
    while words[at] and not looks_like_an_option(words[at]) and not (kind == "1" and #values == 1) do
        values[#values + 1] = words[at]
        at = at + 1
    end
    if #values == 0 and (kind == "1" or kind == "+") then
        local expected = kind == "1" and "one" or "at least one"
        wrong_options("argument " .. option .. ": expected " .. expected .. " argument")
    end
    return kind == "1" and values[1] or values, at
end

-- One word that begins with a dash: an option, maybe with `=VALUE`; gives where to read on.
local function read_option(options, words, at)
    local option, value = words[at]:match("^(%-%-[^=]+)=(.*)$")
    option = option or words[at]
    option = option == "-h" and "--help" or option
    local kind, name = OPTIONS[option], option:sub(3)
    if not kind then wrong_options("unrecognized arguments: " .. words[at]) end
    if not value then
        if kind ~= "0" then
            options[name], at = read_values(words, at + 1, option)
            return at
        end
        options[name] = true
    elseif kind == "0" then
        wrong_options("argument " .. option .. ": ignored explicit argument '" .. value .. "'")
    else
        options[name] = kind == "1" and value or { value }
    end
    return at + 1
end

-- Options and the two names in any order; after `--` there are no options any more.
local function read_options(words)
    local options, names, at = {}, {}, 1
    while words[at] do
        if words[at] == "--" then
            for rest = at + 1, #words do names[#names + 1] = words[rest] end
            break
        elseif looks_like_an_option(words[at]) then
            at = read_option(options, words, at)
        else
            names[#names + 1] = words[at]
            at = at + 1
        end
    end
    if options.help then return options end
    if #names > 2 then wrong_options("unrecognized arguments: " .. table.concat(names, " ", 3)) end
    if #names == 0 then wrong_options("the following arguments are required: ServiceCName") end
    options.service_name, options.thumbprints = names[1], names[2]
    return options
end

-- A variable of the environment; an empty one is as good as none.
local function environment(name)
    local value = os.getenv(name)
    return value ~= "" and value or nil
end

local function read_token(path)
    local file, message = io.open(path, "rb")
    if not file then give_up(message) end
    local text = file:read("*a")
    file:close()
    if not text then give_up(path .. ": cannot be read") end
    text = text:gsub("^\239\187\191", ""):match("^%s*(.-)%s*$")
    return text ~= "" and text or nil
end

local function connect(options)
    local site = options.site or environment("CMGATEWAY_SITE")
    if not site or site == "" then
        give_up("no site: give --site or set CMGATEWAY_SITE (sqlite:FILE or https://HOST/AdminService)")
    end
    local token = options["token-file"] and read_token(options["token-file"])
    local ca_file = options["ca-file"]
    -- What the environment says about an AdminService is no business of a site file.
    if site:lower():sub(1, 6) == "https:" then
        token = token or environment("CMGATEWAY_TOKEN")
        ca_file = ca_file or environment("CMGATEWAY_CA_FILE")
    end
    return check(cmgateway.connect(site, { token = token, ca_file = ca_file }))
end

-- The old call takes any text, as the VBScript did; a slip is at least said.
local function warn_of_what_is_no_thumbprint(text)
    local count, number = select(2, text:gsub(";", ";")) + 1, 0
    for item in (text .. ";"):gmatch("([^;]*);") do
        local thumbprint, err = cmgateway.cert.thumbprint(item)
        number = number + 1
        if not thumbprint then
            say_error(("warning: item %d of %d is no thumbprint: %s"):format(number, count, err.cause))
        end
    end
end

-- Line for line what the VBScript did, with the `Put_` that the published page lost.
local function as_the_vbscript(options)
    print("Searching for SMS Provider for local site...")
    local site = connect(options)
    local site_code = ""
    local locations = "SELECT * From SMS_ProviderLocation WHERE ProviderForLocalSite = true"
    for location in check(site:query(locations)):each() do
        site_code = location.SiteCode or ""
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

    warn_of_what_is_no_thumbprint(options.thumbprints)
    print("Update [SubCACertThumbprint] to " .. options.thumbprints)
    service.SubCACertThumbprint = options.thumbprints
    check(site:put(service))
    print("[SubCACertThumbprint] is updated successfully.")
    return 0
end

-- A file is a file here, never a thumbprint.
local function certificates_of(files)
    local certificates = {}
    for _, file in ipairs(files) do
        for _, certificate in ipairs(check(cmgateway.cert.load_cer_file(file))) do
            certificates[#certificates + 1] = certificate
        end
    end
    return certificates
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
    local kind, sources = "set", options.set or options.thumbprints
    if options.add then
        kind, sources = "add", options.add
    elseif options.remove then
        kind, sources = "remove", options.remove
    elseif options["from-cert"] then
        sources = certificates_of(options["from-cert"])
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
    if ways ~= 1 then
        print(USAGE)
        return 1
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
        if result.message then say_error(result.message) end
        return result.code
    end
    say_error(result)
    return 1
end

local code = run(arg)
if code ~= 0 then os.exit(code) end
