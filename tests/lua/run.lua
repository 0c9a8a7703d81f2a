-- Runs the Lua tests: `lua tests/lua/run.lua [STORY...]`, from the top folder of the checkout.
-- It prints a line `ok` or `not ok` per test and ends with 1 where one failed.

local here = arg[0]:match("^(.*[/\\])") or "./"
package.path = here .. "?.lua;" .. package.path
local kit = require "kit"

local STORIES = {
    "connect_to_a_site", "query_with_values", "read_and_write_objects", "call_methods_and_edit_in_place",
    "keep_values_exact", "tell_errors_apart",
    "bear_bad_servers", "define_classes", "read_certificates", "read_key_files", "trust_a_chain",
    "requests_and_authorities", "check_the_gateways_certificate", "change_sub_cas",
    "set_up_the_site", "locate_a_client",
    "serve_a_site", "reach_a_remote_site", "run_a_gateway", "analyze_a_gateway",
    "watch_over_a_gateway", "tell_what_changed",
    "use_azure", "create_gateways",
    "run_the_readme", "run_the_guide", "run_the_example",
    "run_the_porting_guide", "close_the_state", "names_of_the_api", "run_the_gateway_example",
}

local wanted = #arg > 0 and arg or STORIES
for _, story in ipairs(wanted) do
    kit.story(story, dofile(here .. story .. ".lua"))
end
kit.finish()
