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
