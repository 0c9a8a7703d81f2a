rockspec_format = "3.0"
package = "cmgateway"
version = "dev-1"

source = {
   url = "git+https://github.com/cmgateway/cmgateway.git",
   -- The package lies in a folder of the repository; for `luarocks make`, stand in that folder.
   dir = "cmgateway/bindings-lua",
}

description = {
   summary = "The Configuration Manager cloud management gateway for Lua scripts",
   detailed = [[
Reads and writes a Configuration Manager site (a file or an AdminService), reads certificates, and changes the
sub-CA thumbprints of cloud management gateways, with a plan first.
   ]],
   license = "MIT OR Apache-2.0",
}

dependencies = {
   "lua >= 5.1, < 5.5",
}

-- Needs Rust (cargo) and a C compiler; the module is built for the Lua that LuaRocks works for.
build = {
   type = "command",
   build_command = [["$(LUA)" build_rock.lua]],
   install_command = [["$(LUA)" build_rock.lua "$(LIBDIR)"]],
   copy_directories = { "types" },
}
