"""A script reads and writes WMI objects as it did through SWbemServices."""

import contextlib
import copy
import datetime
import math
import pickle
import threading
import time

import pytest
from conftest import put_gateway

import cmgateway
from cmgateway.errors import ConfigError, ConflictError, Error, NotFoundError, StoppedError, UnavailableError
from cmgateway.wmi import DateTime, Instance, ObjectPath, format_query, like_literal, quote

UTC = datetime.timezone.utc
TYPES = {
    "Id": "uint32",
    "Flag": "boolean",
    "Big": "uint64",
    "Small": "sint64",
    "Number": "real64",
    "Text": "string",
    "Texts": "string[]",
    "Numbers": "uint64[]",
    "When": "datetime",
    "Where": "reference",
    "Inner": "object",
}


@pytest.fixture
def things(site):
    site.define_class("Lab_Thing", TYPES, keys=["Id"])
    return site


def stored(site, **values):
    return site.get(site.put(site.new("Lab_Thing", **values)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Flag", True),
        ("Flag", False),
        ("Big", 2**64 - 1),
        ("Big", 2**53 + 1),
        ("Small", -(2**63)),
        ("Number", 2.5),
        ("Text", 'O\'Brien "x" \\ ☃ 🐍 \t%_?:a'),
        ("Text", ""),
        ("Texts", ["a", "", "☃"]),
        ("Texts", []),
        ("Numbers", [0, 2**64 - 1]),
        ("Where", ObjectPath("SMS_AzureService.AzureServiceID=1")),
        ("When", DateTime("20240131120000.123456+060")),
        ("When", DateTime("00000001000000.000000:000")),
    ],
)
def test_a_value_comes_back_exactly(things, name, value):
    back = stored(things, Id=1, **{name: value})[name]
    assert back == value
    assert type(back) is type(value)


def test_null_is_not_empty(things):
    thing = stored(things, Id=1, Text="", Texts=[])
    assert (thing.Text, thing.Texts, thing.Flag) == ("", [], None)
    thing.Text = None
    things.put(thing)
    assert things.get(thing.path_).Text is None


def test_an_embedded_object_is_a_copy(things):
    inner = things.new("Lab_Thing", Id=7, Text="inside")
    thing = things.new("Lab_Thing", Id=1, Inner=inner)
    inner.Text = "changed"
    assert thing.Inner.Text == "inside"
    back = things.get(things.put(thing)).Inner
    assert isinstance(back, Instance)
    assert (back.class_, back.Id, back.Text) == ("Lab_Thing", 7, "inside")


def test_a_datetime_may_be_pythons_if_it_has_a_time_zone(things):
    moment = datetime.datetime(
        2026, 1, 31, 12, 0, 0, 250000, tzinfo=datetime.timezone(datetime.timedelta(hours=1))
    )
    back = stored(things, Id=1, When=moment).When
    assert str(back) == "20260131120000.250000+060"
    assert back.to_datetime() == moment
    assert back.to_datetime().utcoffset() == datetime.timedelta(hours=1)
    with pytest.raises(ConfigError, match=r"When.*time zone"):
        things.new("Lab_Thing", When=datetime.datetime(2026, 1, 31))


@pytest.mark.parametrize(
    "value", [2**64, -(2**63) - 1, 10**40, math.nan, math.inf, -math.inf, [["a"]], [("a",)]]
)
def test_what_wmi_cannot_hold_is_refused_by_name(things, value):
    with pytest.raises(ConfigError, match="Numbers"):
        things.new("Lab_Thing", Numbers=value)


@pytest.mark.parametrize("value", [b"bytes", {"a": 1}, object(), {1, 2}, 1j])
def test_a_type_that_is_none_of_wmis_is_a_type_error(things, value):
    with pytest.raises(TypeError, match="Text"):
        things.new("Lab_Thing", Text=value)


@pytest.mark.parametrize(
    ("name", "value"), [("Id", -1), ("Id", 2**32), ("Id", "one"), ("Texts", "a"), ("Flag", 2)]
)
def test_a_value_that_does_not_fit_its_property_is_refused(things, name, value):
    thing = things.new("Lab_Thing", Id=1)
    thing[name] = value
    with pytest.raises(ConfigError, match=name):
        things.put(thing)


def test_names_have_no_case(things):
    thing = things.new("lab_THING", id=1)
    thing.TEXT = "a"
    thing["tExT"] = "b"
    assert thing.text == thing["Text"] == "b"
    assert "TEXT" in thing
    assert "Other" not in thing
    assert list(thing.properties_) == ["id", "TEXT"]
    assert "TEXT" in dir(thing)


def test_an_unknown_property_is_named(things):
    thing = things.new("Lab_Thing")
    with pytest.raises(AttributeError, match=r"Lab_Thing.*Colour"):
        _ = thing.Colour
    with pytest.raises(KeyError, match=r"Lab_Thing.*Colour"):
        thing["Colour"]
    assert getattr(thing, "Colour", "none") == "none"
    with pytest.raises(AttributeError):
        thing.path_ = "x"
    with pytest.raises(ConfigError):
        thing["no name"] = 1


def test_an_instance_is_read_by_name_and_has_no_names_of_ours(things):
    thing = things.new("Lab_Thing", Id=1, Text="a")
    assert list(thing) == ["Id", "Text"]
    assert {name: thing[name] for name in thing} == thing.properties_
    with pytest.raises(AttributeError, match="set it to None"):
        del thing.Text
    with pytest.raises(TypeError, match="set it to None"):
        del thing["Text"]
    for name in ("Typo_", "path_", "__class__"):
        with pytest.raises(AttributeError, match=name):
            setattr(thing, name, "x")
        with pytest.raises(ConfigError, match=f"{name}: names that end in an underscore"):
            thing[name] = "x"
        with pytest.raises(ConfigError, match=name):
            things.new("Lab_Thing", **{name: 1})
    assert list(thing) == ["Id", "Text"]


def test_put_modes(things):
    thing = things.new("Lab_Thing", Id=1)
    with pytest.raises(NotFoundError):
        things.put(thing, "update_only")
    assert thing.path_ is None
    path = things.put(thing, mode="create_only")
    assert thing.path_ == path == ObjectPath("lab_thing.id=1")
    assert repr(thing) == "<Lab_Thing.Id=1>"
    with pytest.raises(ConflictError):
        things.put(things.new("Lab_Thing", Id=1), "create_only")
    with pytest.raises(ConfigError, match="upsert"):
        things.put(thing, "upsert")


def test_delete_takes_path_text_or_instance(things):
    for number, target in enumerate((lambda path: path, str, things.get)):
        path = things.put(things.new("Lab_Thing", Id=number))
        things.delete(target(path))
        with pytest.raises(NotFoundError):
            things.get(path)
    with pytest.raises(ConfigError):
        things.delete(things.new("Lab_Thing", Id=9))


INJECTIONS = [
    "' OR 1=1 --",
    '" OR "a"="a',
    "x' OR ServiceType<>'",
    "\\' OR 1=1",
    "?",
    ":name",
    "a;b",
    "%",
    "☃'",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_a_value_stays_a_value(site, text):
    put_gateway(site, "other.contoso.com")
    for rows in (
        site.query("SELECT * FROM SMS_AzureService WHERE ServiceCName = ?", text),
        site.query("SELECT * FROM SMS_AzureService WHERE ServiceCName = :n", n=text),
        site.query(f"SELECT * FROM SMS_AzureService WHERE ServiceCName = {quote(text)}"),
        site.query("SELECT * FROM SMS_AzureService WHERE ServiceCName LIKE ?", like_literal(text)),
        site.query(format_query("SELECT * FROM SMS_AzureService WHERE ServiceCName = ?", text)),
    ):
        assert rows.all() == []
    put_gateway(site, text)
    found = site.query("SELECT * FROM SMS_AzureService WHERE ServiceCName = ?", text).all()
    assert [row.ServiceCName for row in found] == [text]


@pytest.mark.parametrize(
    ("wql", "place"),
    [("SELECT * FROM", "line 1, column 14"), ("SELECT *\nFROM SMS_Site WHERE", "line 2, column 20")],
)
def test_bad_wql_says_where(site, wql, place):
    with pytest.raises(ConfigError, match=place) as caught:
        site.query(wql)
    assert set(caught.value.context) == {"line", "column"}


@pytest.mark.parametrize(("args", "named"), [((), {}), ((1, 2), {}), ((), {"a": 1})])
def test_placeholders_and_values_must_match(site, args, named):
    with pytest.raises(ConfigError):
        site.query("SELECT * FROM SMS_Site WHERE SiteCode = ?", *args, **named)
    with pytest.raises(TypeError):
        site.query("SELECT * FROM SMS_Site WHERE SiteCode = ?", 1, a=1)


def test_rows_are_read_once_and_as_asked_for(things):
    for number in range(600):
        things.put(things.new("Lab_Thing", Id=number))
    rows = things.query("SELECT * FROM Lab_Thing ORDER BY Id")
    assert next(rows).Id == 0
    assert [row.Id for row in rows] == list(range(1, 600))
    assert rows.all() == []
    assert rows.first() is None
    with pytest.raises(StopIteration):
        next(rows)
    assert things.query("SELECT * FROM Lab_Thing WHERE Id = 17").first().Id == 17


def begun(things):
    rows = things.query("SELECT * FROM Lab_Thing")
    next(rows)
    return rows


def test_rows_that_are_closed_are_free_for_other_queries(things):
    for number in range(1000):
        things.put(things.new("Lab_Thing", Id=number))
    opened = []
    with pytest.raises(UnavailableError, match="close"):
        opened.extend(begun(things) for _ in range(30))
    assert repr(opened[0]) == "<rows, open>"
    for rows in opened:
        rows.close()
        rows.close()
        assert rows.all() == []
    assert repr(opened[0]) == "<rows, closed>"
    for _ in range(40):
        with things.query("SELECT * FROM Lab_Thing") as rows:
            assert next(rows).Id == 0
        things.query("SELECT * FROM Lab_Thing").first()


def test_what_is_set_while_a_put_runs_is_kept(site, tmp_path):
    sqlite3 = pytest.importorskip("sqlite3")
    service = site.new("SMS_AzureService", Name="before")
    site.put(service)
    service.Name = "written"
    with contextlib.closing(sqlite3.connect(tmp_path / "site.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writer = threading.Thread(target=site.put, args=(service,))
        writer.start()
        time.sleep(0.3)  # until the put waits for the lock; a shorter one would only make the test weaker
        service.Region = "south"
        other.execute("ROLLBACK")
    writer.join()
    assert (service.Name, service.Region) == ("written", "south")
    site.put(service)
    again = site.get(service.path_)
    assert (again.Name, again.Region) == ("written", "south")


def test_a_closed_site_lets_go_of_its_file(tmp_path):
    with cmgateway.create_site(tmp_path / "one.db", "GF1") as one:
        put_gateway(one)
        gateway = one.gateways()[0]
    assert [file.name for file in tmp_path.iterdir()] == ["one.db"]
    one.close()
    for call in (one.code, gateway.instance, lambda: one.query("SELECT * FROM SMS_Site")):
        with pytest.raises(StoppedError, match="closed"):
            call()


def test_class_definitions(things):
    definition = things.class_definition("lab_thing")
    assert (definition.name, definition.keys) == ("Lab_Thing", ["Id"])
    assert {p.name: p.type + "[]" * p.is_array for p in definition.properties} == TYPES
    with pytest.raises(NotFoundError):
        things.class_definition("Lab_Nothing")
    with pytest.raises(ConflictError):
        things.define_class("Lab_Thing", {"Id": "uint32"}, keys=["Id"])
    for properties, keys in [({"Id": "int"}, ["Id"]), ({"Id": "uint32"}, []), ({"Id": "uint32"}, ["Key"])]:
        with pytest.raises(ConfigError):
            things.define_class("Lab_Other", properties, keys)


def test_object_paths_and_datetimes_are_values():
    path = ObjectPath(r"\\CM1\root\sms\site_GF1:SMS_Site.SiteCode='GF1'")
    assert (path.server, path.class_name, path.keys) == ("CM1", "SMS_Site", {"SiteCode": "GF1"})
    assert path == ObjectPath(str(path))
    assert {path: 1}[ObjectPath(str(path).lower().replace('gf1"', 'GF1"'))] == 1
    moment = DateTime("20240131120000.000000+000")
    assert moment.to_datetime() == datetime.datetime(2024, 1, 31, 12, tzinfo=UTC)
    assert eval(repr(moment)) == moment
    assert eval(repr(path)) == path
    assert DateTime("00000001000000.000000:000").is_interval
    for text in ("", "2024", "20240231120000.000000+000"):
        with pytest.raises(ConfigError):
            DateTime(text)
    with pytest.raises(ConfigError):
        ObjectPath("SMS_Site.SiteCode=")


def test_datetimes_are_in_the_order_of_time():
    early, late = DateTime("20240131120000.000000+120"), DateTime("20240131113000.000000+060")
    assert early < late
    assert late >= early
    assert max(early, late) == late
    assert early != DateTime("20240131100000.000000+000") <= early
    assert DateTime("00000001000000.000000:000") < DateTime("00000002000000.000000:000")
    assert len({early, late, DateTime(str(late))}) == 2
    for other in (DateTime("00000001000000.000000:000"), DateTime("2024**********.******+***"), "x"):
        with pytest.raises(TypeError):
            _ = early < other


def test_values_can_be_pickled_and_handles_say_that_they_cannot(site):
    for value in (ObjectPath("SMS_Site.SiteCode='GF1'"), DateTime("20240131120000.000000+060")):
        assert pickle.loads(pickle.dumps(value)) == copy.deepcopy(value) == value
    for handle in (site, site.query("SELECT * FROM SMS_Site"), site.new("SMS_Site")):
        with pytest.raises(TypeError, match="cannot pickle"):
            pickle.dumps(handle)


def test_many_threads_share_a_site(things):
    failures = []

    def work(first):
        try:
            for number in range(first, first + 20):
                things.put(things.new("Lab_Thing", Id=number))
                assert things.query("SELECT * FROM Lab_Thing WHERE Id = ?", number).first().Id == number
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(0, 160, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(things.query("SELECT * FROM Lab_Thing").all()) == 160


def test_one_rows_object_may_be_shared_by_threads(things):
    for number in range(300):
        things.put(things.new("Lab_Thing", Id=number))
    rows, found = things.query("SELECT * FROM Lab_Thing"), []
    threads = [threading.Thread(target=lambda: found.extend(row.Id for row in rows)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(300))


def test_every_error_has_the_package_parent(site):
    with pytest.raises(Error):
        site.get("SMS_AzureService.AzureServiceID=99")
    assert cmgateway.Error is Error
