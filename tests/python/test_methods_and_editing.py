"""Calling methods, editing arrays in place, MOF: what a VBScript does with the objects of a site."""

import pickle

import pytest

import cmgateway
from cmgateway.errors import ConfigError, Error, NotFoundError, UnsupportedError


@pytest.fixture
def item(site):
    properties = {"ItemName": "A|B", "ItemType": "Component", "SiteCode": "GF1", "FileType": 2}
    return site.new("SMS_SCI_Component", **properties)


def prop(site, name, value):
    return site.new("SMS_EmbeddedProperty", PropertyName=name, Value=value)


def test_arrays_and_embedded_objects_are_edited_where_they_are(site, item):
    assert item.Props is None
    item.array_("Props").append(prop(site, "IISSSLState", 224))
    path = item.put_()
    read = site.get(path)
    for each in read.Props:
        each.Value = 480
    read.Props.append(prop(site, "More", 1))
    site.put(read)
    again = site.get(path)
    assert [(each.PropertyName, each.Value) for each in again.Props] == [("IISSSLState", 480), ("More", 1)]
    again.Props[:] = [each for each in again.Props if each.PropertyName == "More"]
    again.put_()
    assert [each.PropertyName for each in site.get(path).Props] == ["More"]
    again.Props.clear()
    again.put_()
    assert site.get(path).Props == []
    assert again["__CLASS"] == "SMS_SCI_Component"
    assert again["__DERIVATION"] == ["SMS_SiteControlItem", "SMS_BaseClass"]


def test_reading_an_array_changes_nothing(site, item):
    item.array_("PropLists")
    item.Props = [prop(site, "a", 1)]
    path = item.put_()
    one, other = site.get(path), site.get(path)
    assert one.Props[0].Value == 1
    assert one.PropLists is None
    other.Props[0].Value = 2
    other.put_()
    one.put_("update_unchanged")
    assert site.get(path).Props[0].Value == 2


def test_an_array_that_holds_its_owner_is_refused(site, item):
    item.array_("Props").append(item)
    with pytest.raises(ConfigError, match="nested deeper"):
        item.put_()


def test_lazy_properties_are_loaded_and_never_wiped(site):
    rule = site.new("SMS_CollectionRuleDirect", RuleName="PC1", ResourceID=7)
    site.new("SMS_Collection", CollectionID="GF100001", CollectionRules=[rule]).put_()
    row = site.query("SELECT * FROM SMS_Collection").first()
    assert row.CollectionRules is None
    with pytest.raises(ConfigError, match="load_"):
        row.array_("CollectionRules")
    row.Name = "All"
    row.put_()
    row.load_()
    assert row.CollectionRules[0].ResourceID == 7
    assert row.Name == "All"


def test_methods_run_what_the_script_supplies(site):
    def add(path, inputs):
        collection = site.get(path)
        collection.array_("CollectionRules").append(inputs.collectionRule)
        collection.put_()
        return {"QueryID": 5}

    site.on_method("SMS_Collection", "AddMembershipRule", add)
    collection = site.new("SMS_Collection", CollectionID="GF100001", Name="a")
    collection.put_()
    rule = site.new("SMS_CollectionRuleQuery", RuleName="r", QueryExpression="x")
    out = collection.AddMembershipRule(rule)
    assert (out.QueryID, out.ReturnValue) == (5, 0)
    assert collection.AddMembershipRule_(collectionRule=rule).QueryID == 5
    assert site.call(collection.path_, "addmembershiprule", rule).QueryID == 5
    assert len(site.get(collection.path_).CollectionRules) == 3
    with pytest.raises(UnsupportedError) as caught:
        collection.RequestRefresh(False)
    assert caught.value.wbem.name == "METHOD_NOT_IMPLEMENTED"
    with pytest.raises(AttributeError):
        _ = collection.NoSuchMethod
    with pytest.raises(ConfigError, match="no parameter rule"):
        collection.AddMembershipRule(rule=rule)


def test_what_a_handler_raises_the_call_raises(site):
    def broken(path, inputs):
        raise ZeroDivisionError("broken")

    site.on_method("SMS_Site", "ImportMachineEntry", broken)
    with pytest.raises(ZeroDivisionError, match="broken"):
        site.call("SMS_Site", "ImportMachineEntry", NetbiosName="PC1")
    site.on_method("SMS_Site", "ImportMachineEntry", lambda path, inputs: {"Nothing": 1})
    with pytest.raises(Error, match="gives back no Nothing"):
        site.call("SMS_Site", "ImportMachineEntry", NetbiosName="PC1")


def test_context_goes_with_the_calls_and_ends_alone(site):
    with site.context(ApplicationName="x") as session:
        assert session.code() == "GF1"
    assert site.code() == "GF1"


def test_errors_have_the_numbers_of_wmi(site):
    with pytest.raises(NotFoundError) as caught:
        site.get("SMS_Site.SiteCode='XYZ'")
    wbem = pickle.loads(pickle.dumps(caught.value)).wbem
    assert (wbem.code, wbem.signed_code, str(wbem)) == (0x80041002, -2147217406, "NOT_FOUND (0x80041002)")
    with pytest.raises(ConfigError) as caught:
        site.query("SELECT * FORM x")
    assert caught.value.wbem.name == "INVALID_QUERY"


def test_mof_files_of_windows_are_read(site, tmp_path):
    file = tmp_path / "rack.mof"
    file.write_bytes('class Rack { [key] string Row; }; instance of Rack { Row = "ä"; };'.encode("utf-16"))
    site.compile_mof_file(file)
    assert site.query("SELECT * FROM Rack").first().Row == "ä"
    with pytest.raises(NotFoundError):
        site.compile_mof_file(tmp_path / "none.mof")
    assert cmgateway.wmi.Instance is type(site.get("Rack='ä'"))


def test_a_watch_tells_what_happens_and_ends_with_its_time(site):
    query = "SELECT * FROM __InstanceModificationEvent WITHIN 0.1 WHERE TargetInstance ISA ?"
    watch = site.watch(query, "SMS_Site", timeout=1)
    instance = site.get("SMS_Site.SiteCode='GF1'")
    before, instance.SiteName = instance.SiteName, "new"
    instance.put_()
    events = list(watch)
    assert [(e.PreviousInstance.SiteName, e.TargetInstance.SiteName) for e in events] == [(before, "new")]
    with pytest.raises(ConfigError, match="WITHIN"):
        site.watch("SELECT * FROM __InstanceCreationEvent WHERE TargetInstance ISA 'SMS_Site'")
