"""The gateway's own rules about its certificate and its names, and issuers from a web server."""

import datetime
import http.server
import threading

import pytest

import cmgateway
from cmgateway import cert, errors

DEPLOYMENT = "granitefalls.westus.cloudapp.azure.com"


@pytest.fixture(scope="module")
def root():
    return cert.Authority.root("CN=Root", key="ec_p256")


def test_a_good_certificate_and_its_pfx(root):
    server = root.issue_server("granitefalls.contoso.com")
    report = cmgateway.check_server_certificate(server.certificate)
    assert report.is_good
    assert report.needs_cname
    assert report.findings == []
    assert report.service_name == "granitefalls.contoso.com"
    assert report.days_left == server.certificate.days_left() in (364, 365)
    pfx = cert.load_pfx(server.to_pfx(password="p"), "p")
    assert str(cmgateway.check_server_certificate(pfx).findings[0]).startswith("warning pfx_modern: ")
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=400)
    assert [
        each.rule for each in cmgateway.check_server_certificate(server.certificate, at=later).findings
    ] == ["expired"]
    with pytest.raises(TypeError, match="a Certificate or a Pfx is checked"):
        cmgateway.check_server_certificate("server.cer")
    with pytest.raises(errors.ConfigError, match="cloud is one of public, government"):
        cmgateway.check_server_certificate(server.certificate, cloud="china")


def test_names(root):
    wildcard = root.issue_server("*.contoso.com", key="ec_p256").certificate
    with pytest.raises(errors.CertificateError, match="has a wildcard"):
        cmgateway.service_name(wildcard)
    assert cmgateway.service_name(wildcard, "granitefalls") == "granitefalls.contoso.com"
    assert (
        cmgateway.deployment_name("GraniteFalls.contoso.com", model="classic") == "granitefalls.cloudapp.net"
    )
    assert cmgateway.deployment_name("gw1.contoso.com", cloud="government") == "gw1.usgovcloudapp.net"
    with pytest.raises(errors.ConfigError, match="has its region"):
        cmgateway.deployment_name("gw1.contoso.com")
    findings = cmgateway.check_name_prefix("Granite-Falls")
    assert [(each.severity, each.rule) for each in findings] == [
        ("warning", "name_hyphen"),
        ("warning", "name_case"),
    ]


def test_a_renewal_heeds_case(root):
    old = root.issue_server("gw.contoso.com", subject="CN=GW.contoso.com", key="ec_p256").certificate
    new = root.issue_server(
        "gw.contoso.com", subject="CN=gw.contoso.com", key="ec_p256", days=500
    ).certificate
    assert [each.rule for each in cmgateway.check_renewal(old, new)] == ["common_name_case"]


def test_a_cname_check_says_why_it_fails():
    assert cmgateway.check_cname(DEPLOYMENT, DEPLOYMENT) == [DEPLOYMENT]
    wait = datetime.timedelta(milliseconds=300)
    with pytest.raises((errors.TimedOutError, errors.UnavailableError), match=r"127\.0\.0\.1:9"):
        cmgateway.check_cname("gw.contoso.com", DEPLOYMENT, name_server="127.0.0.1:9", timeout=wait)
    for wrong in ({"name_server": "dns.contoso.com"}, {"name_server": ""}):
        with pytest.raises(errors.ConfigError, match="not the address of a name server"):
            cmgateway.check_cname("gw.contoso.com", DEPLOYMENT, **wrong)
    with pytest.raises(errors.ConfigError, match="not in a domain of Azure"):
        cmgateway.check_cname("gw.contoso.com", "gw.fabrikam.com")


def test_issuers_come_from_pythons_web_server(tmp_path):
    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(tmp_path))

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/root.cer"
        root = cert.Authority.root("CN=Root", key="ec_p256", ca_issuer_urls=[url])
        leaf = root.issue_client("client1.contoso.com", key="ec_p256").certificate
        fetched = cert.fetch_issuers(leaf)
        assert fetched.downloads[0].error == "the server answered 404"
        assert fetched.chain.missing.urls == [url]
        (tmp_path / "root.cer").write_bytes(root.certificate.der)
        fetched = cert.fetch_issuers(leaf, timeout=datetime.timedelta(seconds=10))
        assert fetched.chain.root == root.certificate
        assert [(each.url, each.error) for each in fetched.downloads] == [(url, None)]
        server.shutdown()
