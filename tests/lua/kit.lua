-- What the tests share: checks, folders, sites.

local cmgateway = require "cmgateway"

-- Lua 5.1 has a local `arg` in every function with `...`.
local words_of_the_call = arg

local kit = { passed = 0, failed = 0, skipped = 0 }

kit.on_windows = package.config:sub(1, 1) == "\\"
-- Lua 5.3 and later have integers; before, a number is a double.
kit.has_integers = math.type ~= nil

local function shown(value)
    return type(value) == "string" and string.format("%q", value) or tostring(value)
end

function kit.equal(actual, expected, what)
    if actual ~= expected then
        error((what or "value") .. ": expected " .. shown(expected) .. ", got " .. shown(actual), 2)
    end
end

function kit.same_list(actual, expected, what)
    local left, right = {}, {}
    for at, item in ipairs(actual) do left[at] = tostring(item) end
    for at, item in ipairs(expected) do right[at] = tostring(item) end
    kit.equal(table.concat(left, " | "), table.concat(right, " | "), what)
end

function kit.contains(text, part)
    text = tostring(text)
    if not text:find(part, 1, true) then
        error("expected " .. shown(part) .. " in " .. shown(text), 2)
    end
end

-- A call that is expected to fail: its `nil, err`; gives err.
function kit.fails(kind, value, err)
    if value ~= nil then error("expected an error of kind " .. kind .. ", got " .. shown(value), 2) end
    if err == nil then error("expected an error of kind " .. kind .. ", got nil alone", 2) end
    kit.equal(err.kind, kind, "kind of " .. tostring(err))
    return err
end

-- Wrong use: it is raised, and the message says what is wrong.
function kit.raises(part, call, ...)
    local done, err = pcall(call, ...)
    if done then error("expected an error with " .. shown(part), 2) end
    kit.contains(err, part)
    return err
end

local folders = {}

-- A new folder, removed at the end.
function kit.folder()
    local path = os.tmpname()
    os.remove(path)
    if kit.on_windows and path:sub(1, 1) == "\\" then path = os.getenv("TEMP") .. path end
    -- On Windows a name comes again once its file is gone, and a folder may have been left by an earlier run.
    path = ("%s-cmgateway-%d-%d"):format(path, os.time(), #folders)
    os.execute((kit.on_windows and 'mkdir "' or 'mkdir -m 700 "') .. path .. '"')
    folders[#folders + 1] = path
    return path
end

-- A new site with one gateway; gives the site, its address, its folder.
function kit.site_with_gateway(service_name)
    local folder = kit.folder()
    local site = assert(cmgateway.create_site(folder .. "/site.db", "GF1"))
    if service_name then kit.put_gateway(site, service_name) end
    return site, site.address, folder
end

function kit.put_gateway(site, service_name)
    local service = assert(site:new("SMS_AzureService", {
        Name = "GraniteFalls", ServiceCName = service_name, ServiceType = "CloudProxyService",
    }))
    return assert(site:put(service, "create_only")), service
end

-- A PKI of which the certificates lie in a folder.
function kit.pki(options)
    local folder = kit.folder()
    local pki = assert(cmgateway.cert.development_pki(options))
    assert(pki:write_to(folder))
    return pki, folder
end

function kit.read(path)
    local file = assert(io.open(path, "rb"))
    local text = file:read("*a")
    file:close()
    return text
end

function kit.write(path, text)
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
    return path
end

-- Runs this interpreter with a script; gives its output (both streams) and its exit code.
function kit.run(script, ...)
    local output, code, errors = kit.run_with({}, script, ...)
    return output .. errors, code
end

local function assignments(variables)
    local words = {}
    for name, value in pairs(variables) do
        local pattern = kit.on_windows and 'set "%s=%s"&& ' or '%s="%s" '
        words[#words + 1] = pattern:format(name, value)
    end
    return table.concat(words)
end

-- What a command says, without its last line break.
local function output_of(command)
    local pipe = assert(io.popen(command))
    local text = pipe:read("*a")
    pipe:close()
    return (text:gsub("[\r\n]+$", ""))
end

-- A path from everywhere of one that begins at the current folder.
function kit.absolute(path)
    if path:match("^[/\\]") or path:match("^%a:") then return path end
    return output_of(kit.on_windows and "cd" or "pwd") .. "/" .. path
end

local function interpreter()
    local index = 0
    while words_of_the_call[index] do index = index - 1 end
    local word = words_of_the_call[index + 1]
    -- A bare name is found on the search path, wherever the script runs.
    return word:find("[/\\]") and kit.absolute(word) or word
end

-- What a shell is told to run this interpreter with a script and variables.
local function command_line(variables, script, ...)
    local words = {}
    words[1] = interpreter()
    words[2] = script
    for _, word in ipairs({ ... }) do words[#words + 1] = word end
    for at, word in ipairs(words) do
        words[at] = '"' .. (kit.on_windows and word or word:gsub('[\\"$`]', "\\%0")) .. '"'
    end
    return assignments(variables) .. table.concat(words, " ")
end

-- Starts this interpreter with a script and variables; gives what it writes, as it comes.
function kit.start(variables, script, ...)
    local command = command_line(variables, script, ...)
    return assert(io.popen(kit.on_windows and '"' .. command .. '"' or command, "r"))
end

-- The same with these variables in the script's environment; standard error comes third.
function kit.run_with(variables, script, ...)
    return kit.run_in(nil, variables, script, ...)
end

-- The same in a folder, where one is given.
function kit.run_in(folder, variables, script, ...)
    local output, errors = os.tmpname(), os.tmpname()
    local command = command_line(variables, script, ...) .. ' >"' .. output .. '" 2>"' .. errors .. '"'
    if folder then command = (kit.on_windows and 'cd /d "' or 'cd "') .. folder .. '" && ' .. command end
    if kit.on_windows then command = '"' .. command .. '"' end
    local first, how, code = os.execute(command)
    local text, said = kit.read(output):gsub("\r\n", "\n"), kit.read(errors):gsub("\r\n", "\n")
    os.remove(output)
    os.remove(errors)
    if type(first) == "number" then -- Lua 5.1: what wait() gave, on Unix the code times 256
        code = (first >= 256 and not kit.on_windows) and first / 256 or first
    elseif how == "signal" then
        code = 128 + code
    end
    return text, code, said
end

-- A test may call this to say why it does not apply here.
function kit.skip(why)
    error({ skip = why }, 0)
end

local function run(name, test)
    local done, err = xpcall(test, function(raised)
        if type(raised) == "table" then return raised end
        return tostring(raised)
    end)
    if done then
        kit.passed = kit.passed + 1
        print("ok     " .. name)
    elseif type(err) == "table" and err.skip then
        kit.skipped = kit.skipped + 1
        print("ok     " .. name .. " # skipped: " .. err.skip)
    else
        kit.failed = kit.failed + 1
        print("not ok " .. name .. "\n  " .. tostring(err):gsub("\n", "\n  "))
    end
end

-- Runs the tests of one file, in the order of their names.
function kit.story(story, tests)
    local names = {}
    for name in pairs(tests) do names[#names + 1] = name end
    table.sort(names)
    for _, name in ipairs(names) do run(story .. ": " .. name, tests[name]) end
end

function kit.remove_folders()
    for _, folder in ipairs(folders) do
        os.execute((kit.on_windows and 'rmdir /s /q "' or 'rm -rf "') .. folder .. '"')
    end
end

function kit.finish()
    collectgarbage()
    kit.remove_folders()
    local lua = jit and jit.version or _VERSION
    print(("%d passed, %d failed, %d skipped (%s)"):format(kit.passed, kit.failed, kit.skipped, lua))
    if kit.failed > 0 then os.exit(1) end
end

return kit
