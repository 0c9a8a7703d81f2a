-- The scripts run under Lua 5.1 to 5.4 and LuaJIT and ask for what only some of them have (math.type, jit).
std = "max"
max_line_length = 120
-- Definitions for editors declare globals and unused arguments on purpose; LuaLS reads them, nothing runs them.
exclude_files = { "bindings-lua/types", "target" }
