-- "I call the script as I called the VBScript, and with the options that are better."

local kit = require "kit"
local tests = {}

local unpack_all = table.unpack or unpack -- luacheck: ignore

local NAME = "GraniteFalls.contoso.com"
local A = "8824022CB382CADD9E19290449B893A839140962"
local B = "0123456789ABCDEF0123456789ABCDEF01234567"
local SCRIPT = arg[0]:gsub("tests[/\\]lua[/\\]run%.lua$", "") .. "examples/lua/update_subca_thumbprints.lua"
local USAGE = "Usage: update_subca_thumbprints.lua <ServiceCName> <SubCA cert thumbprints, separated by ;>\n"

local function run(...)
    return kit.run(SCRIPT, ...)
end

local function thumbprints(site)
    return tostring(assert(assert(site:gateway(NAME)).sub_ca:list()))
end

function tests.as_the_vbscript_message_for_message()
    local site, address = kit.site_with_gateway(NAME)
    local output, code = kit.run_with({}, SCRIPT, "--site", address, NAME, A .. ";x")
    kit.equal(output, "Searching for SMS Provider for local site...\nSiteCode = GF1\n"
        .. "Run WQL query: SELECT * From SMS_AzureService WHERE ServiceType = 'CloudProxyService' AND ServiceCName = '"
        .. NAME .. "'\nUpdate [SubCACertThumbprint] to " .. A .. ";x\n[SubCACertThumbprint] is updated successfully.\n")
    kit.equal(code, 0)
    kit.equal(thumbprints(site), A .. ";x")
end

function tests.usage_without_arguments_or_with_two_ways()
    local output, code = run()
    kit.equal(output, USAGE)
    kit.equal(code, 1)
    output, code = run(NAME)
    kit.equal(output, USAGE)
    kit.equal(code, 1)
    output, code = run(NAME, A, "--add", A)
    kit.equal(output, USAGE)
    kit.equal(code, 1)
    output, code = run(NAME, "--ad", A)
    kit.contains(output, "unrecognized arguments: --ad")
    kit.equal(code, 2)
    kit.equal(select(2, run("--help")), 0)
end

function tests.a_gateway_that_is_not_there()
    local _, address = kit.site_with_gateway(NAME)
    local output, code = run("--site", address, "other.contoso.com", A)
    kit.contains(output, "Failed to get Azure_Service instance.\n")
    kit.equal(code, 1)
    output, code = run("--site", address, "x' OR ''='", A)
    kit.contains(output, "Failed to get Azure_Service instance.\n")
    kit.equal(code, 1)
end

function tests.two_gateways_of_one_name_are_refused()
    local site, address = kit.site_with_gateway(NAME)
    kit.put_gateway(site, NAME:lower())
    local output, code = run("--site", address, NAME, A)
    kit.contains(output, "could not update: the site has 2 gateways of this name\n")
    kit.equal(code, 1)
end

function tests.a_plan_first_then_the_change()
    local site, address = kit.site_with_gateway(NAME)
    local _, folder = kit.pki()
    local first, second = folder .. "/subca1.cer", folder .. "/subca2.cer"
    local output, code = run("--site", address, NAME, "--add", first, second, "--plan")
    kit.contains(output, "2 to add, 0 to remove, 0 kept\n")
    kit.equal(code, 0)
    kit.equal(thumbprints(site), "")
    kit.equal(select(2, run("--site=" .. address, NAME, "--from-cert", folder .. "/subca1.cer")), 0)
    kit.equal(#thumbprints(site), 40)
    kit.contains(run("--site", address, NAME, "--add", folder .. "/subca1.cer"), "nothing to do")
    kit.equal(select(2, run("--site", address, NAME, "--remove", folder .. "/subca1.cer")), 0)
    kit.equal(thumbprints(site), "")
    kit.equal(select(2, run("--site", address, NAME, "--set")), 0)
end

function tests.the_list_is_printed_a_thumbprint_a_line()
    local site, address = kit.site_with_gateway(NAME)
    local output, code = run("--site", address, NAME, "--list")
    kit.equal(output, "the list is empty\n")
    kit.equal(code, 0)
    assert(assert(site:gateway(NAME)).sub_ca:set({ A }))
    kit.equal(run("--site", address, NAME, "--list"), A .. "\n")
end

function tests.json_is_indented_by_two()
    local _, address = kit.site_with_gateway(NAME)
    local output, code = run("--site", address, NAME, A, "--plan", "--json")
    kit.equal(code, 0)
    kit.contains(output, '{\n  "service_name": "' .. NAME .. '",\n')
    kit.contains(output, '  "steps": [\n    {\n      "action": "add",\n')
    kit.contains(output, '"warnings": []\n}\n')
end

function tests.what_fails_goes_to_standard_error_with_code_1()
    local _, address, folder = kit.site_with_gateway(NAME)
    local pki_folder = select(2, kit.pki())
    local output, code = run("--site", address, NAME, "--add", pki_folder .. "/server.pem")
    kit.contains(output, "is not the certificate of a CA")
    kit.equal(code, 1)
    output, code = run("--site", "sqlite:" .. folder .. "/none.db", NAME, "--add", A)
    kit.contains(output, "could not open site")
    kit.equal(code, 1)
    output, code = run("--site", address, NAME, "--add", A, "--token-file", folder .. "/none")
    kit.equal(code, 1)
    kit.contains(output, "none")
    local token = kit.write(folder .. "/token", "\239\187\191abc\n")
    output, code = run("--site", address, NAME, "--add", A, "--token-file", token)
    kit.contains(output, "takes no token")
    kit.equal(code, 1)
end

function tests.a_site_must_be_named()
    local _, code, output = kit.run_with({ CMGATEWAY_SITE = "" }, SCRIPT, NAME, A)
    kit.contains(output, "no site: give --site or set CMGATEWAY_SITE")
    kit.equal(code, 1)
end

function tests.names_and_options_come_in_any_order()
    local site, address = kit.site_with_gateway(NAME)
    for _, words in ipairs({
        { NAME, "--site", address, A }, { "--site", address, "--", NAME, A }, { "--plan", NAME, A, "--site", address },
        { NAME, A, "--site=" .. address }, { NAME, "--site", address, "--", A },
    }) do
        local output, code = run(unpack_all(words))
        kit.equal(code, 0, output)
    end
    kit.equal(thumbprints(site), A)
    kit.equal(select(2, run("--site", address, "--", NAME, "-5")), 0)
    kit.equal(thumbprints(site), "-5")
end

function tests.wrong_options_are_said_with_code_2()
    for _, case in ipairs({
        { "--lis", "unrecognized arguments: --lis", NAME, "--lis" },
        { "--re", "unrecognized arguments: --re", NAME, "--re", A },
        { "no name", "required: ServiceCName", "--list" },
        { "no value", "argument --add: expected at least one argument", NAME, "--add" },
        { "no site", "argument --site: expected one argument", NAME, "--list", "--site" },
        { "a third name", "unrecognized arguments: b", NAME, A, "b", "--plan" },
        { "a value too many", "ignored explicit argument 'x'", NAME, "--list=x" },
    }) do
        local output, code = run(unpack_all(case, 3))
        kit.contains(output, case[2])
        kit.contains(output, USAGE)
        kit.equal(code, 2, case[1])
    end
end

function tests.what_the_environment_says_of_an_adminservice_is_not_for_a_site_file()
    local site, address = kit.site_with_gateway(NAME)
    local variables = { CMGATEWAY_TOKEN = "t", CMGATEWAY_CA_FILE = "/no/such/file", CMGATEWAY_SITE = address }
    local _, code, output = kit.run_with(variables, SCRIPT, NAME, A)
    kit.equal(code, 0, output)
    kit.equal(thumbprints(site), A)
    -- An empty variable is as good as none; the service is asked then, and does not answer.
    variables = { CMGATEWAY_CA_FILE = "", CMGATEWAY_TOKEN = "" }
    _, code, output = kit.run_with(variables, SCRIPT, NAME, "--list", "--site", "https://127.0.0.1:1/AdminService")
    kit.contains(output, "127.0.0.1")
    kit.equal(output:find("CA file", 1, true), nil)
    kit.equal(code, 1)
    variables.CMGATEWAY_CA_FILE = "/no/such/file"
    _, _, output = kit.run_with(variables, SCRIPT, NAME, "--list", "--site", "https://127.0.0.1:1/AdminService")
    kit.contains(output, "/no/such/file")
end

-- The cases of the table that the tests in Python run, too.
local function cases()
    local all, case = {}, nil
    for line in (kit.read("tests/parity/script_calls.txt"):gsub("\r", "") .. "\n"):gmatch("(.-)\n") do
        local key, text = line:match("^(%l+) ?(.*)$")
        if line == "" then
            case = nil
        elseif key then
            if not case then
                case = { case = {}, word = {}, exit = {}, line = {}, error = {}, after = {} }
                all[#all + 1] = case
            end
            table.insert(case[key], text)
        end
    end
    return all
end

local function filled(lines, texts)
    local result = {}
    for at, line in ipairs(lines) do
        result[at] = line:gsub("{(%l+)}", texts)
    end
    return result
end

function tests.each_call_does_what_the_table_says()
    local pki, certificates = kit.pki()
    local all = cases()
    kit.equal(#all > 20, true)
    for _, case in ipairs(all) do
        local site, address = kit.site_with_gateway(NAME)
        assert(assert(site:gateway(NAME)).sub_ca:set(A))
        local texts = {
            name = NAME, site = address, a = A, b = B, c = tostring(pki.sub_cas[1].certificate.thumbprint),
            cer = certificates .. "/subca1.cer", script = "update_subca_thumbprints.lua",
        }
        local what = case.case[1]
        local none = { CMGATEWAY_SITE = "", CMGATEWAY_TOKEN = "", CMGATEWAY_CA_FILE = "" }
        local output, code, errors = kit.run_with(none, SCRIPT, unpack_all(filled(case.word, texts)))
        local lines = table.concat(filled(case.line, texts), "\n")
        kit.equal(output, lines == "" and "" or lines .. "\n", what .. ": " .. errors)
        kit.equal(tostring(code), case.exit[1], what)
        kit.equal(errors ~= "", #case.error > 0, what .. ": " .. errors)
        for _, part in ipairs(filled(case.error, texts)) do kit.contains(errors, part) end
        local service = assert(assert(site:gateway(NAME)):instance())
        kit.equal(service.SubCACertThumbprint or "", filled(case.after, texts)[1] or A, what)
    end
end

return tests
