-- "I ask in WQL, put my values in safely, and walk through the rows."

local cmgateway = require "cmgateway"
local kit = require "kit"
local tests = {}

local BY_NAME = "SELECT * FROM SMS_AzureService WHERE ServiceCName = ?"

function tests.values_go_in_by_position_and_by_name()
    local site = kit.site_with_gateway("a.contoso.com")
    kit.put_gateway(site, "b.contoso.com")
    local found = assert(assert(site:query(BY_NAME, { "A.CONTOSO.COM" })):all())
    kit.equal(#found, 1)
    kit.equal(found[1].ServiceCName, "a.contoso.com")
    local named = "SELECT * FROM SMS_AzureService WHERE ServiceCName = :name AND AzureServiceID >= :id"
    found = assert(assert(site:query(named, { name = "b.contoso.com", ID = 1 })):all())
    kit.equal(found[1].AzureServiceID, 2)
end

function tests.a_value_cannot_change_the_query()
    local site = kit.site_with_gateway("a.contoso.com")
    local attacks = {
        "' OR 1=1 --", '" OR ServiceCName LIKE "%', "x' OR ''='", "\\' OR 1=1", "a.contoso.com'; DROP TABLE x; --", "?",
        ":name", "%", "a.contoso.com\0",
    }
    for _, attack in ipairs(attacks) do
        local rows, err = site:query(BY_NAME, { attack })
        kit.equal(rows and #assert(rows:all()) or (err.kind == "config" and 0), 0, attack)
    end
    kit.equal(#assert(site:gateways()), 1)
    local odd = "O'Brien \"x\" \\ %_[a]"
    kit.put_gateway(site, odd)
    kit.equal(assert(assert(site:query(BY_NAME, { odd })):first()).ServiceCName, odd)
end

function tests.the_canonical_text_is_shown()
    local format = cmgateway.wmi.format_query
    local filled = 'SELECT * FROM X WHERE a = "it\'s" AND b = 5'
    kit.equal(format("select  * from X where a=? and b = ?", { "it's", 5 }), filled)
    kit.equal(format("SELECT * FROM X WHERE a = :a", { a = true }), "SELECT * FROM X WHERE a = TRUE")
    kit.fails("config", format("SELECT * FROM X WHERE a = ?"))
    kit.fails("config", format("SELECT * FROM X WHERE a = ?", { 1, 2 }))
    kit.fails("config", format("SELECT * FROM X WHERE a = :a", { b = 1 }))
    kit.equal(assert(cmgateway.wmi.quote('say "hi"')):sub(1, 1), '"')
    kit.equal(cmgateway.wmi.like_literal("50%_[x]"), "50[%][_][[]x]")
end

function tests.a_bad_query_is_told_with_line_and_column()
    local site = kit.site_with_gateway()
    local err = kit.fails("config", site:query("SELECT *\nFORM SMS_Site"))
    kit.equal(err.context.line, "2")
    kit.equal(err.context.column, "1")
    kit.contains(err.message, "line 2, column 1")
    kit.fails("config", site:query("DELETE FROM SMS_Site"))
    kit.fails("config", site:query(""))
end

function tests.an_unknown_class_is_not_found()
    local site = kit.site_with_gateway()
    local rows, err = site:query("SELECT * FROM SMS_NoSuchClass")
    if rows then rows, err = rows:all() end
    kit.fails("not_found", rows, err)
end

function tests.rows_are_read_one_by_one_and_end_in_nil()
    local site = kit.site_with_gateway("a.contoso.com")
    local rows = assert(site:query("SELECT * FROM SMS_AzureService"))
    kit.equal(rows:next().ServiceCName, "a.contoso.com")
    kit.equal(select("#", rows:next()), 1)
    kit.equal(rows:next(), nil)
    kit.equal(#rows:all(), 0)
    kit.contains(rows, "finished")
end

function tests.first_gives_one_row_or_nil()
    local site = kit.site_with_gateway("a.contoso.com")
    kit.equal(assert(site:query(BY_NAME, { "a.contoso.com" })):first().AzureServiceID, 1)
    local row, err = assert(site:query(BY_NAME, { "none" })):first()
    kit.equal(row, nil)
    kit.equal(err, nil)
end

function tests.each_walks_through_many_rows()
    local site = kit.site_with_gateway()
    for number = 1, 600 do kit.put_gateway(site, "gw" .. number) end
    local seen = 0
    for row in assert(site:query("SELECT * FROM SMS_AzureService ORDER BY AzureServiceID")):each() do
        seen = seen + 1
        kit.equal(row.ServiceCName, "gw" .. seen)
    end
    kit.equal(seen, 600)
end

function tests.each_may_be_left_early_as_often_as_one_likes()
    local site = kit.site_with_gateway()
    for number = 1, 300 do kit.put_gateway(site, "gw" .. number) end
    for _ = 1, 40 do
        local rows = assert(site:query("SELECT * FROM SMS_AzureService"))
        for row in rows:each() do
            if row then break end
        end
        rows:close()
    end
end

function tests.a_second_loop_has_no_rows()
    local site = kit.site_with_gateway("a.contoso.com")
    kit.put_gateway(site, "b.contoso.com")
    for _, leave_early in ipairs({ false, true }) do
        local rows, seen = assert(site:query("SELECT * FROM SMS_AzureService")), 0
        for _ in rows:each() do
            seen = seen + 1
            if leave_early then break end
        end
        kit.equal(seen, leave_early and 1 or 2)
        -- Where Lua does not close the rows, the loop that was left goes on; everywhere it ends without an error.
        for _ in rows:each() do seen = seen + 1 end
        for _ in rows:each() do error("a third loop has rows") end
        kit.equal(seen <= 2, true)
        kit.equal(#rows:all(), 0)
    end
end

function tests.queries_that_a_script_forgot_do_not_stand_in_the_way()
    local site = kit.site_with_gateway()
    for number = 1, 900 do kit.put_gateway(site, "gw" .. number) end
    collectgarbage("stop") -- so that it is not by chance
    local done, err = pcall(function()
        for _ = 1, 40 do
            assert(assert(site:query("SELECT * FROM SMS_AzureService")):next())
        end
        for _ = 1, 20 do
            for row in assert(site:query("SELECT * FROM SMS_AzureService")):each() do
                if row then break end
            end
        end
        kit.equal(site:code(), "GF1")
    end)
    collectgarbage("restart")
    if not done then error(err, 0) end
end

function tests.closed_rows_raise()
    local site = kit.site_with_gateway("a.contoso.com")
    local rows = assert(site:query("SELECT * FROM SMS_AzureService"))
    rows:close()
    rows:close()
    kit.contains(rows, "closed")
    kit.raises("the rows are closed", rows.next, rows)
    kit.raises("the rows are closed", rows.all, rows)
end

function tests.values_are_one_table_without_holes()
    local site = kit.site_with_gateway()
    kit.raises("without a hole", site.query, site, BY_NAME, { 1, nil, 3 })
    kit.raises("without a hole", site.query, site, BY_NAME, { 1, name = 2 })
    kit.raises("bad argument #2 to 'query': values go in a table, { value, … } or { name = value, … }, got string",
        site.query, site, BY_NAME, "a.contoso.com")
    kit.raises("bad argument #1 to 'query': text expected, got table", site.query, site, {})
    kit.raises("function", site.query, site, BY_NAME, { print })
end

return tests
