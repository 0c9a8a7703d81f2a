-- "I hold the VBScript in one hand: its Lua counterpart does the same on a copy of the site."

local cmgateway = require "cmgateway"
local kit = require "kit"
local tests = {}

local unpack_all = table.unpack or unpack -- luacheck: ignore
local TOP = arg[0]:gsub("tests[/\\]lua[/\\]run%.lua$", "")
local FOLDER = TOP .. "examples/porting/"

local function copy()
    local file = kit.folder() .. "/copy.db"
    local site = assert(cmgateway.create_site(file, "GF1"))
    assert(site:compile_mof_file(FOLDER .. "rehearsal.mof"))
    return site, { CMGATEWAY_REHEARSE = "sqlite:" .. file, LUA_PATH = FOLDER .. "?.lua;;" }
end

local function cases()
    local found, case = {}, nil
    for line in (kit.read(TOP .. "tests/parity/porting_guide.txt") .. "\n"):gmatch("([^\n]*)\n") do
        local key, text = line:match("^(%l+) (.*)$")
        if key == "script" then
            case = { script = text, words = {}, out = "", code = 0 }
            table.insert(found, case)
        elseif key == "word" then
            table.insert(case.words, text)
        elseif key == "code" then
            case.code = tonumber(text)
        elseif key == "out" then
            case.out = case.out .. text:gsub("<TAB>", "\t") .. "\n"
        end
    end
    return found
end

function tests.each_script_does_what_the_table_says()
    local count = 0
    for _, case in ipairs(cases()) do
        local site, variables = copy()
        local output, code = kit.run_with(variables, FOLDER .. case.script .. ".lua", unpack_all(case.words))
        kit.equal(output, case.out, case.script)
        kit.equal(code, case.code, case.script)
        if case.script == "05_collection_rule" then
            local rules = assert(site:get("SMS_Collection.CollectionID='GF100001'")).CollectionRules
            kit.equal(#rules, 3)
            kit.contains(rules[1].QueryExpression, "SRV[0-9]%")
        elseif case.script == "06_site_control_property" then
            kit.equal(assert(assert(site:query("SELECT * FROM SMS_SCI_Component")):first()).Props[1].Value, 1)
        elseif case.script == "10_delete" then
            kit.equal(#assert(assert(site:query("SELECT * FROM SMS_Collection")):all()), 1)
        end
        assert(site:close())
        count = count + 1
    end
    kit.equal(count > 11, true)
end

function tests.the_watch_sees_what_is_made_meanwhile()
    local site, variables = copy()
    local script = kit.start(variables, FOLDER .. "11_watch.lua", "cm1")
    kit.equal(script:read("*l"), "Watching")
    assert(assert(site:new("SMS_Collection", { CollectionID = "GF100009", Name = "Fresh" })):put_())
    kit.equal(script:read("*l"), "New collection Fresh")
    script:close()
end

function tests.a_loop_over_a_watch_ends_with_its_time()
    local site = copy()
    local query = "SELECT * FROM __InstanceCreationEvent WITHIN 0.05 WHERE TargetInstance ISA 'SMS_Alert'"
    local watch = assert(site:watch(query, nil, { timeout = 0.5 }))
    for number = 1, 3 do assert(assert(site:new("SMS_Alert", { Name = "a" .. number })):put_()) end
    local names = {}
    for event in watch do table.insert(names, event.TargetInstance.Name) end
    table.sort(names)
    kit.same_list(names, { "a1", "a2", "a3" })
    kit.raises("unknown option", function() return site:watch(query, nil, { tmeout = 1 }) end)
end

function tests.a_snapshot_tells_its_progress_and_is_compared()
    local site = copy()
    local file, seen = kit.folder() .. "/before.db", {}
    local options = { classes = { "SMS_Collection", "SMS_R_System" } }
    options.progress = function(class, number, count, instances)
        table.insert(seen, ("%s %d/%d %d"):format(class, number, count, instances))
        return class ~= "SMS_R_System"
    end
    kit.fails("stopped", site:snapshot(file, options))
    kit.same_list(seen, { "SMS_Collection 1/2 3", "SMS_R_System 2/2 3" })
    kit.fails("conflict", cmgateway.connect("sqlite:" .. file))
    options.progress = nil
    local report = assert(site:snapshot(file, options))
    kit.equal(report.instances, 6)
    local before = assert(cmgateway.connect("sqlite:" .. file))
    assert(site:delete("SMS_R_System.ResourceID=3"))
    local found = assert(cmgateway.diff(before, site, { classes = { "SMS_Collection", "SMS_R_System" } }))
    kit.equal(tostring(found), "removed  SMS_R_System.ResourceID=3\n0 added, 1 removed, 0 changed")
    kit.equal(found.objects[1].properties.Name, "PC1")
    kit.contains(found:to_json(), '"difference": "removed"')
end

function tests.associations_are_found()
    local site = copy()
    assert(site:compile_mof([[
        class Rack { [key] string Row; }; class Box { [key] uint32 Number; };
        [association] class Holds { [key] Rack ref At; [key] Box ref What; };
        instance of Rack { Row = "A"; }; instance of Box { Number = 7; };
        instance of Holds { At = "Rack.Row='A'"; What = "Box.Number=7"; };
    ]]))
    local rack = assert(site:get("Rack.Row='A'"))
    kit.equal(tostring(assert(assert(rack:associators_({ result_class = "Box" })):first()).path_), "Box.Number=7")
    kit.equal(#assert(assert(rack:references_()):all()), 1)
    kit.raises("unknown option", function() return rack:references_({ assoc_class = "Holds" }) end)
    local classes = assert(assert(site:query("SELECT * FROM meta_class WHERE __this ISA 'SMS_Resource'")):all())
    kit.equal(#classes, 3)
end

return tests
