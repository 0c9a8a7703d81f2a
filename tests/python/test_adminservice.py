"""A site file is served as an AdminService, and the same script works on both."""

import json
import ssl
import urllib.error
import urllib.request

import pytest
from conftest import NAME, A, put_gateway

import cmgateway
from cmgateway.errors import (
    AuthError,
    CertificateError,
    ConfigError,
    ConflictError,
    Error,
    NotFoundError,
    UnavailableError,
    UnsupportedError,
)

TOKEN = "s3cret-t0ken"


@pytest.fixture
def serve(site, certificates):
    def serve(address="127.0.0.1:0", certificate="server.pem", key="server.key", token=TOKEN):
        files = {"certificate_file": certificates / certificate, "key_file": certificates / key}
        return site.serve(address, token=token, **files)

    return serve


@pytest.fixture
def remote(serve, certificates):
    with serve() as server:
        yield cmgateway.connect(server.url, token=TOKEN, ca_file=certificates / "root.cer", timeout=30)


def test_the_same_script_works_through_https(site, remote, certificates):
    put_gateway(remote)
    assert remote.code() == "GF1"
    assert remote.gateway(NAME.lower()).sub_ca.add([A, certificates / "subca1.cer"]).is_change
    service = remote.query("SELECT * FROM SMS_AzureService WHERE ServiceCName = ?", NAME).first()
    service.Description = 'O\'Brien "☃"'
    remote.put(service)
    here = site.get(service.path_)
    assert here.Description == 'O\'Brien "☃"'
    assert here.SubCACertThumbprint.startswith(A)
    assert remote.query("SELECT * FROM SMS_AzureService WHERE ServiceCName = ?", "' or 1 eq 1").all() == []
    remote.delete(service)
    with pytest.raises(NotFoundError):
        site.get(service.path_)
    with pytest.raises(UnsupportedError):
        remote.define_class("Lab_Thing", {"Id": "uint32"}, keys=["Id"])


def test_who_is_not_trusted_is_refused(serve, certificates):
    with serve() as server:
        with pytest.raises(AuthError) as caught:
            cmgateway.connect(server.url, token="wrong", ca_file=certificates / "root.cer").code()
        assert "wrong" not in str(caught.value)
        with pytest.raises(Error):
            cmgateway.connect(server.url, token=TOKEN, ca_file=certificates / "subca2.cer").code()
        with pytest.raises(Error):
            cmgateway.connect(server.url, token=TOKEN).code()


def test_another_client_is_served_too(serve, certificates, pki):
    trust = ssl.create_default_context(cadata=pki.root.certificate_pem)
    with serve() as server:
        request = urllib.request.Request(
            f"{server.url}/wmi/SMS_Site", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        with urllib.request.urlopen(request, context=trust, timeout=30) as answer:
            assert json.load(answer)["value"][0]["SiteCode"] == "GF1"
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"{server.url}/wmi/SMS_Site", context=trust, timeout=30)


def test_it_stops(serve, certificates):
    server = serve()
    site = cmgateway.connect(server.url, token=TOKEN, ca_file=certificates / "root.cer")
    assert site.code() == "GF1"
    server.stop()
    server.stop()
    with pytest.raises(UnavailableError):
        site.code()


def test_what_cannot_be_served(serve, tmp_path):
    for address in ("", "127.0.0.1", "nowhere:1", "127.0.0.1:70000"):
        with pytest.raises(ConfigError, match="serve"):
            serve(address)
    with pytest.raises(ConfigError):
        serve(token="")
    for files in ({"certificate": "none.pem"}, {"key": "none.key"}):
        with pytest.raises(NotFoundError):
            serve(**files)
    for files in ({"key": "client.key"}, {"key": "server.pem"}, {"certificate": "server.key"}):
        with pytest.raises(CertificateError):
            serve(**files)
    with serve() as server, pytest.raises(UnavailableError):
        serve(server.url.split("/")[2])


def test_a_snapshot_through_https_is_the_same_site(site, remote, tmp_path):
    put_gateway(site)
    rules = [site.new("SMS_CollectionRuleDirect", RuleName="a", ResourceID=1)]
    site.new("SMS_Collection", CollectionID="GF100001", Name="All", CollectionRules=rules).put_()
    report = remote.snapshot(tmp_path / "copy.db", lazy=True)
    assert report["skipped"] == {}
    with cmgateway.connect(f"sqlite:{tmp_path / 'copy.db'}") as copy:
        assert copy.code() == "GF1"
        classes = ["SMS_AzureService", "SMS_Collection", "SMS_Site", "SMS_ProviderLocation"]
        same = cmgateway.diff(site, copy, classes, lazy=True)
        assert (len(same), same.compared) == (0, 8), str(same)
    assert len(remote.query("SELECT * FROM meta_class WHERE __Class = 'SMS_Site'").all()) == 1


def test_progress_that_raises_ends_the_snapshot(site, tmp_path):
    def progress(name, number, count, instances):
        raise KeyError(name)

    with pytest.raises(KeyError, match="SMS_Site"):
        site.snapshot(tmp_path / "copy.db", ["SMS_Site"], progress=progress)
    with pytest.raises(ConflictError, match="not finished"):
        cmgateway.connect(f"sqlite:{tmp_path / 'copy.db'}")
