/* A C program that embeds Lua, in few lines: `lua SCRIPT ARGUMENTS...`. It is the interpreter of machines that have none,
   and a host as other programs are hosts: with LUA_HOST_STATES=N it runs the script in N states, one after the other, and
   closes each. The Lua sources that come with Rust's lua-src have everything but lua.c. */

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

/* One state, from its beginning to its end. */
static int run(int argc, char **argv) {
    int i, status;
    lua_State *L = luaL_newstate();
    if (L == NULL) return 1;
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
    return status;
}

int main(int argc, char **argv) {
    const char *wanted = getenv("LUA_HOST_STATES");
    int states = wanted == NULL ? 1 : atoi(wanted), status = 0;
    if (argc < 2) {
        fprintf(stderr, "usage: lua SCRIPT [ARGUMENT...]\n");
        return EXIT_FAILURE;
    }
    while (status == 0 && states-- > 0) status = run(argc, argv);
    return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
