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

build_dependencies = {
   "luarocks-build-rust-mlua",
}

build = {
   type = "rust-mlua",
   -- The backend adds the feature of the running Lua: lua54, lua53, lua51 or luajit. There is no default.
   modules = {
      ["cmgateway"] = "cmgateway_lua",
   },
   copy_directories = { "types" },
}
