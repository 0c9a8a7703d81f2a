-- Builds the module for the Lua that runs this, and puts it where LuaRocks wants it; the rockspec calls it:
--   lua build_rock.lua           builds
--   lua build_rock.lua FOLDER    copies what was built there, as `cmgateway.so` or `cmgateway.dll`
-- It needs cargo and a C compiler. CARGO_TARGET_DIR is heeded; CMGATEWAY_ROCK_PROFILE names another profile than
-- `release`.

local function fail(message)
    io.stderr:write("build_rock.lua: ", message, "\n")
    os.exit(1)
end

-- LuaJIT calls itself Lua 5.1, but its modules need not work there.
local feature = jit and "luajit" or "lua" .. _VERSION:gsub("%D", "")
local profile = os.getenv("CMGATEWAY_ROCK_PROFILE") or "release"
local separator = package.config:sub(1, 1)

local function read(file)
    local handle, cause = io.open(file, "rb")
    if not handle then return nil, cause end
    local bytes = handle:read("*a")
    handle:close()
    return bytes
end

local function built()
    local target = os.getenv("CARGO_TARGET_DIR") or ".." .. separator .. "target"
    local folder = target .. separator .. (profile == "dev" and "debug" or profile) .. separator
    local last
    for _, name in ipairs { "libcmgateway_lua.so", "libcmgateway_lua.dylib", "cmgateway_lua.dll" } do
        local bytes, cause = read(folder .. name)
        if bytes then return bytes, name end
        last = cause
    end
    fail("nothing was built: " .. last)
end

local folder = arg[1]
if folder then
    local bytes, name = built()
    -- Lua looks for .so on every Unix, also where the linker says .dylib.
    local file = folder .. separator .. (name:find("%.dll$") and "cmgateway.dll" or "cmgateway.so")
    local handle, cause = io.open(file, "wb")
    if not handle then fail(cause) end
    if not (handle:write(bytes) and handle:close()) then fail("could not write " .. file) end
else
    local command = ("cargo build --package cmgateway-lua --lib --features %s --profile %s"):format(feature, profile)
    -- LuaRocks names its own C compiler, and with another one Cargo would build all C code anew.
    if separator == "/" then command = "unset CC; exec " .. command end
    local done = os.execute(command)
    -- Lua 5.1 and LuaJIT give the exit code, the others true.
    if done ~= true and done ~= 0 then fail("failed: " .. command) end
end
