"""An administrator changes the sub-CA thumbprints of a gateway, and is stopped where it would do harm."""

import contextlib
import datetime
import json

import pytest
from conftest import NAME, A, B, put_gateway

import cmgateway
from cmgateway.cert import DevelopmentPki, Thumbprint, load_cer
from cmgateway.errors import CertificateError, ConfigError, ConflictError, NotFoundError

NOW = datetime.datetime.now(datetime.timezone.utc)


def text_of(site):
    return site.get("SMS_AzureService.AzureServiceID=1").SubCACertThumbprint


def test_plan_changes_nothing_and_apply_reads_back(site, sub_ca):
    plan = sub_ca.plan("set", A)
    assert text_of(site) is None
    assert (plan.is_change, plan.before, plan.after, plan.service_name) == (True, None, A, NAME)
    assert [(step.action, step.thumbprint, step.subject) for step in plan.steps] == [("add", A, None)]
    assert "1 to add" in str(plan)
    assert list(sub_ca.apply(plan)) == [Thumbprint.from_hex(A)]
    sub_ca.apply(plan)
    assert text_of(site) == A


def test_add_and_remove_are_safe_to_repeat(site, sub_ca):
    assert sub_ca.set([A]).is_change
    assert sub_ca.add([B, A]).after == f"{A};{B}"
    assert not sub_ca.add(B).is_change
    assert sub_ca.remove(A).after == B
    again = sub_ca.remove(A)
    assert not again.is_change
    assert "not in the list" in again.warnings[0]
    sub_ca.set([])
    assert text_of(site) == ""


def test_every_kind_of_source_means_the_same(sub_ca, certificates, pki):
    file = certificates / "subca1.cer"
    certificate = pki.sub_cas[0].certificate
    plans = [
        sub_ca.plan("add", source)
        for source in (
            certificate,
            [certificate],
            file,
            (str(file),),
            file.read_bytes(),
            [pki.sub_cas[0].certificate_pem.encode()],
            iter([file]),
            load_cer(file),
            pki.sub_cas[0],
            bytearray(file.read_bytes()),
        )
    ]
    assert all(plan == plans[0] for plan in plans)
    assert plans[0].steps[0].subject == certificate.subject
    bare = sub_ca.plan("add", [certificate.thumbprint])
    assert (bare.after, bare.steps[0].subject) == (plans[0].after, None)
    assert sub_ca.plan("add", str(certificate.thumbprint)).after == bare.after
    assert sub_ca.plan("add", sub_ca.apply(bare)).is_change is False


def test_certificates_are_checked_first(site, sub_ca, pki):
    old = DevelopmentPki(not_before=NOW - datetime.timedelta(days=3000), days=30)
    for wrong, cause in [(pki.client, "not the certificate of a CA"), (old.sub_cas[0], "expired on")]:
        with pytest.raises(CertificateError, match=cause) as caught:
            sub_ca.add([pki.sub_cas[0].certificate, wrong.certificate])
        assert caught.value.context == {"thumbprint": str(wrong.certificate.thumbprint)}
    assert text_of(site) is None
    coming = DevelopmentPki(not_before=NOW + datetime.timedelta(days=10))
    for strange, warning in [(pki.root, "is a root"), (coming.sub_cas[0], "not valid before")]:
        assert warning in sub_ca.plan("add", strange.certificate).warnings[0]
    assert "more than once" in sub_ca.plan("add", [A, A]).warnings[0]
    # What has expired can be taken out all the same.
    sub_ca.remove(old.sub_cas[0].certificate)


@pytest.mark.parametrize("kind", ["add", "remove"])
def test_nothing_to_add_or_remove_is_refused(sub_ca, kind):
    with pytest.raises(ConfigError):
        sub_ca.plan(kind, [])
    with pytest.raises(ConfigError, match="replace"):
        sub_ca.plan("replace", A)


def test_what_an_old_script_left_is_kept_and_shown(site):
    put_gateway(site, stored=f"{A}; oops ;;{B.lower()}")
    sub_ca = site.gateway(NAME).sub_ca
    found = sub_ca.list()
    assert [str(thumbprint) for thumbprint in found] == [A, B]
    assert (len(found), found.others, str(found)) == (2, ["oops"], f"{A};oops;{B}")
    assert A.lower() in found
    assert Thumbprint.from_hex(B) in found
    assert "0" * 40 not in found
    plan = sub_ca.remove(A)
    assert plan.after == f"oops;{B}"
    assert "oops" in plan.warnings[0]


def test_a_plan_that_is_out_of_date_is_refused(site, sub_ca):
    plan = sub_ca.plan("set", A)
    sub_ca.set(B)
    with pytest.raises(ConflictError, match="new plan"):
        sub_ca.apply(plan)
    put_gateway(site, "other.contoso.com")
    with pytest.raises(ConflictError):
        site.gateway("other.contoso.com").sub_ca.apply(sub_ca.plan("add", A))
    assert text_of(site) == B


def test_what_goes_and_what_stays_without_being_a_thumbprint_is_a_step(site):
    put_gateway(site, stored="junk")
    sub_ca = site.gateway(NAME).sub_ca
    plan = sub_ca.plan("set", [])
    assert [(step.action, step.thumbprint) for step in plan.steps] == [("remove", "junk")]
    assert str(plan).endswith("0 to add, 1 to remove, 0 kept")
    assert json.loads(plan.to_json())["steps"][0]["thumbprint"] == "junk"
    assert [step.action for step in sub_ca.plan("add", A).steps] == ["keep", "add"]
    assert repr(plan) == f"<plan for {NAME}: 0 to add, 1 to remove, 0 kept>"
    put_gateway(site, "lower.contoso.com", stored=A.lower())
    spelt = site.gateway("lower.contoso.com").sub_ca.plan("set", A)
    assert str(spelt).endswith("the list is written anew in its usual form: 1 kept")


def test_a_provider_that_spells_the_list_in_its_own_way(site, sub_ca, tmp_path):
    sqlite3 = pytest.importorskip("sqlite3")
    with contextlib.closing(sqlite3.connect(tmp_path / "site.db", isolation_level=None)) as file:
        tables = file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        (table,) = [
            name for (name,) in tables if "azureservice" in name.lower() and "task" not in name.lower()
        ]
        file.execute(
            f'CREATE TRIGGER own AFTER UPDATE ON "{table}" BEGIN UPDATE "{table}" SET SubCACertThumbprint ='
            " lower(SubCACertThumbprint) || ';' WHERE rowid = NEW.rowid; END"
        )
    plan = sub_ca.plan("set", [A, B])
    assert [str(item) for item in sub_ca.apply(plan)] == [A, B]
    assert text_of(site) == f"{A};{B};".lower()
    assert len(sub_ca.apply(plan)) == 2


def test_a_list_of_thumbprints_in_one_text(sub_ca):
    assert sub_ca.set(f"{A}; {B.lower()}").after == f"{A};{B}"
    for text, says in [(f"{A};", "item 2 of 2 is empty"), (f"{A};;{B}", "item 2 of 3 is empty")]:
        with pytest.raises(ConfigError, match=says):
            sub_ca.plan("set", text)
    stored = sub_ca.list()
    assert (stored[0], stored[-1]) == (Thumbprint.from_hex(A), Thumbprint.from_hex(B))
    for index in (2, -3):
        with pytest.raises(IndexError):
            stored[index]
    sub_ca.set([])
    assert repr(sub_ca.list()) == "<no sub-CA thumbprints>"


def test_what_is_no_sub_ca_is_a_type_error_that_says_what_is_one(sub_ca, certificates):
    with open(certificates / "subca1.cer", "rb") as file:
        for wrong in (None, 1, {"a": 1}, file, [None], [[A]]):
            with pytest.raises(TypeError, match="a sub-CA is a Certificate"):
                sub_ca.plan("add", wrong)


def test_a_plan_is_json(sub_ca, certificates):
    plan = sub_ca.plan("add", certificates / "subca2.cer")
    read = json.loads(plan.to_json())
    assert (read["service_name"], read["before"], read["after"]) == (NAME, None, plan.after)
    assert read["steps"] == [
        {"action": "add", "thumbprint": plan.after, "subject": "CN=Contoso Issuing CA 2,O=Contoso"}
    ]


def test_gateways_by_name(site):
    with pytest.raises(NotFoundError, match="no gateway"):
        site.gateway(NAME)
    put_gateway(site, "b.contoso.com")
    put_gateway(site, "A.contoso.com")
    assert [gateway.service_name for gateway in site.gateways()] == ["A.contoso.com", "b.contoso.com"]
    assert site.gateway("B.CONTOSO.COM").path == cmgateway.ObjectPath("SMS_AzureService.AzureServiceID=1")
    put_gateway(site, "a.CONTOSO.com")
    with pytest.raises(ConflictError, match="2 gateways"):
        site.gateway("a.contoso.com")


def test_a_gateway_that_is_gone(site, sub_ca):
    site.delete("SMS_AzureService.AzureServiceID=1")
    for call in (sub_ca.list, lambda: sub_ca.add(A)):
        with pytest.raises(NotFoundError):
            call()
