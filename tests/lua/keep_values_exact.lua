-- "What I put in comes back as it was, up to the largest integer, and nothing is rounded in silence."

local cmgateway = require "cmgateway"
local kit = require "kit"
local tests = {}

local function site_with_class()
    local site = kit.site_with_gateway()
    assert(site:define_class("Sample", {
        Name = "string", Big = "uint64", Small = "sint64", Byte = "uint8", Ratio = "real64", Flag = "boolean",
        When = "datetime", Words = "string[]", Numbers = "uint64[]", Link = "reference", Part = "object",
    }, { keys = { "Name" } }))
    return site
end

local function stored(site, properties)
    properties.Name = "one"
    local sample = assert(site:new("Sample", properties))
    return assert(site:get(assert(site:put(sample))))
end

function tests.scalars_come_back()
    local back = stored(site_with_class(), { Byte = 255, Ratio = 0.5, Flag = false, Small = -7 })
    kit.equal(back.Byte, 255)
    kit.equal(back.Ratio, 0.5)
    kit.equal(back.Flag, false)
    kit.equal(back.Small, -7)
end

function tests.text_is_unicode_with_everything_in_it()
    local text = "Zürich \226\130\172 \240\159\153\130 '\"\\%\r\n\t"
    local site = site_with_class()
    site:define_class("Note", { ID = "uint32", Text = "string" }, { keys = { "ID" } })
    local note = assert(site:new("Note", { ID = 1, Text = text }))
    kit.equal(assert(site:get(assert(site:put(note)))).Text, text)
    kit.fails("config", site:new("Note", { Text = "\255\254" }))
    local err = select(2, pcall(function() note.Text = "\255" end))
    kit.equal(err.kind, "config")
end

function tests.the_largest_integers_are_exact()
    local back = stored(site_with_class(), { Big = "18446744073709551615", Small = "-9223372036854775808" })
    kit.equal(back.Big, "18446744073709551615")
    kit.equal(tostring(back.Small), "-9223372036854775808")
    kit.equal(type(back.Small), kit.has_integers and "number" or "string")
    back = stored(site_with_class(), { Big = "9007199254740992", Small = "9007199254740993" })
    kit.equal(back.Big, 9007199254740992)
    kit.equal(tostring(back.Small), "9007199254740993")
end

function tests.digits_go_back_as_the_number_they_were()
    local site = site_with_class()
    local back = stored(site, { Big = "18446744073709551615" })
    back.Big = back.properties_.Big
    assert(site:put(back))
    local same = assert(site:query("SELECT * FROM Sample WHERE Big = ?", { back.Big }))
    kit.equal(#assert(same:all()), 1)
end

function tests.what_does_not_fit_is_refused()
    local site = site_with_class()
    for name, value in pairs({ Byte = 256, Big = -1, Small = "9223372036854775808", Flag = "maybe", When = "today" }) do
        local sample = assert(site:new("Sample", { Name = "x", [name] = value }))
        kit.contains(kit.fails("config", site:put(sample)), name)
    end
    kit.fails("config", site:new("Sample", { Ratio = 0 / 0 }))
    kit.fails("config", site:new("Sample", { Ratio = 1 / 0 }))
end

function tests.arrays_are_sequences_and_may_be_empty()
    local site = site_with_class()
    local back = stored(site, { Words = { "a", "b" }, Numbers = { 1, "18446744073709551615" } })
    kit.same_list(back.Words, { "a", "b" })
    kit.same_list(back.Numbers, { "1", "18446744073709551615" })
    back = stored(site, { Words = {} })
    kit.equal(#back.Words, 0)
    kit.equal(type(back.Words), "table")
    kit.raises("without a hole", site.new, site, "Sample", { Words = { "a", nil, "c" } })
    kit.raises("without a hole", site.new, site, "Sample", { Words = { x = "a" } })
end

function tests.datetimes_are_kept_in_their_25_characters()
    local site = site_with_class()
    local when = assert(cmgateway.wmi.datetime("20260301120000.000000+060"))
    local back = stored(site, { When = when })
    kit.equal(tostring(back.When), "20260301120000.000000+060")
    kit.equal(back.When, when)
    kit.equal(back.When.unix, 1772362800)
    kit.equal(back.When.is_interval, false)
    local interval = assert(cmgateway.wmi.datetime("00000001000000.000000:000"))
    kit.equal(interval.is_interval, true)
    kit.equal(interval.unix, nil)
    kit.equal(tostring(stored(site, { When = "20260301120000.000000+060" }).When), tostring(when))
    kit.fails("config", cmgateway.wmi.datetime("2026-03-01"))
end

function tests.references_and_objects_come_back()
    local site = site_with_class()
    local link = assert(cmgateway.wmi.path("SMS_Site.SiteCode='GF1'"))
    local part = assert(cmgateway.wmi.instance("SMS_Part", { Colour = "blue" }))
    local back = stored(site, { Link = link, Part = part })
    kit.equal(back.Link, link)
    kit.equal(back.Part.class_, "SMS_Part")
    kit.equal(back.Part.Colour, "blue")
    back.Part.Colour = "red"
    kit.equal(back.Part.Colour, "red", "an embedded object is edited where it is")
end

return tests
