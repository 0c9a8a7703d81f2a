/* A stock Lua interpreter in few lines, for machines that have none: `lua SCRIPT ARGUMENTS...`.
   The Lua sources that come with Rust's lua-src have everything but lua.c. */

#include <stdio.h>
#include <stdlib.h>

#include "lua.h"
#include "lauxlib.h"
#include "lualib.h"

/* As in lua.c: what is raised becomes text by its __tostring. */
static const char *message(lua_State *L) {
    if (luaL_callmeta(L, -1, "__tostring") && lua_isstring(L, -1)) return lua_tostring(L, -1);
    return lua_isstring(L, -1) ? lua_tostring(L, -1) : "(error object is not a string)";
}

int main(int argc, char **argv) {
    int i, status;
    lua_State *L = luaL_newstate();
    if (L == NULL || argc < 2) {
        fprintf(stderr, "usage: lua SCRIPT [ARGUMENT...]\n");
        return EXIT_FAILURE;
    }
    luaL_openlibs(L);
    lua_newtable(L);
    for (i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i - 1);
    }
    lua_setglobal(L, "arg");
    status = luaL_loadfile(L, argv[1]);
    if (status == 0) {
        luaL_checkstack(L, argc, "too many arguments");
        for (i = 2; i < argc; i++) lua_pushstring(L, argv[i]);
        status = lua_pcall(L, argc - 2, 0, 0);
    }
    if (status != 0) fprintf(stderr, "lua: %s\n", message(L));
    lua_close(L);
    return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
