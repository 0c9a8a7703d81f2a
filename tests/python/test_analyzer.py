"""The analyzer from Python: a gateway that serves, then broken in a few ways; the report in its three forms."""

import datetime
import html.parser
import json

import pytest
from conftest import ROLE, A, put_gateway

import cmgateway
from cmgateway import errors

NAME = "gw.contoso.test"


@pytest.fixture(scope="module")
def pki():
    return cmgateway.cert.DevelopmentPki(server_names=[NAME, "localhost"], key="rsa_2048")


@pytest.fixture
def told(certificates, point_file, instance):
    """What the analyzer is told about a gateway that runs."""
    text = point_file.read_text(encoding="utf-8").replace('"localhost"', f'"{NAME}"', 1)
    point_file.write_text(text, encoding="utf-8")
    with cmgateway.start_connection_point(point_file) as point:
        point.ready(timeout=20)
        yield {
            "connection_point_file": point_file,
            "addresses": instance.addresses,
            "ca_file": certificates / "root.pem",
            "certificate_file": str(certificates / "client.pem"),
            "key_file": certificates / "client.key",
            "asks_inside": True,
            "timeout": datetime.timedelta(seconds=3),
        }


def test_a_gateway_that_serves_is_healthy(told, site, pki):
    report = cmgateway.analyze(NAME, **told)
    assert report.is_healthy, report
    assert report.first_cause is None
    assert report.summary.startswith("All is well: ")
    assert report.result("request_certificate").outcome == "passed"
    assert report.result("site_gateway").finding == "no site was given"
    assert report.result("no_such_check") is None

    put_gateway(site, NAME, ";".join(str(each.certificate.thumbprint) for each in pki.sub_cas))
    with_site = site.gateway(NAME).analyze(**told)
    assert with_site.is_healthy, with_site
    assert with_site.result("sub_cas_listed").outcome == "passed"


def test_the_first_cause_is_the_right_one(told, site, certificates, tmp_path):
    put_gateway(site, NAME, A)
    report = cmgateway.analyze(NAME, site=site, **told)
    assert report.first_cause.id == "site_list_uploaded", report
    assert A in report.first_cause.finding
    assert report.first_cause.remedy
    blocked = report.result("client_chain")
    assert (blocked.outcome, blocked.blocked_by) == ("skipped", "site_list_uploaded")

    other = cmgateway.cert.DevelopmentPki(sub_cas=1)
    other.write_to(tmp_path / "other")
    stranger = {
        **told,
        "certificate_file": tmp_path / "other/client.pem",
        "key_file": tmp_path / "other/client.key",
    }
    report = cmgateway.analyze(NAME, **stranger)
    assert report.first_cause.id == "client_chain", report
    assert other.sub_cas[0].certificate.subject in report.first_cause.finding

    report = cmgateway.analyze(NAME, **told, roles=[ROLE, ROLE + 1])
    assert report.first_cause.id == "roles_published"
    assert str(ROLE + 1) in report.first_cause.finding
    late = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    assert cmgateway.analyze(NAME, **told, at=late).first_cause.id == "clock"


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen, self.references = [], set(), []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.references += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_report_has_three_forms():
    report = cmgateway.analyze("gw.contoso.test", addresses=["127.0.0.1:9"])
    document = json.loads(report.to_json())
    assert document["first_cause"] == "port_clients"
    assert document["is_healthy"] is False
    assert [each["id"] for each in document["results"]] == [each.id for each in report.results]
    assert "failed   port_clients" in str(report)
    assert "remedy: " in str(report)
    tags = Tags()
    tags.feed(report.to_html())
    assert tags.open == []
    assert "script" not in tags.seen
    assert tags.references == []
    assert repr(report.first_cause) == "<failed port_clients>"
    hostile = cmgateway.analyze("<script>alert(1)</script>").to_html()
    assert "<script>" not in hostile
    assert "&lt;script&gt;" in hostile


def test_wrong_use_is_told():
    with pytest.raises(errors.ConfigError, match="service_name: it is empty"):
        cmgateway.analyze(" ")
    with pytest.raises(errors.ConfigError, match="belong together"):
        cmgateway.analyze(NAME, key_file="client.key")
    with pytest.raises(errors.NotFoundError, match=r"none\.toml"):
        cmgateway.analyze(NAME, connection_point_file="none.toml")
    with pytest.raises(TypeError, match="has no argument ca"):
        cmgateway.analyze(NAME, ca="root.pem")
    with pytest.raises(TypeError, match="site is a Site"):
        cmgateway.analyze(NAME, site="sqlite:site.db")
    with pytest.raises(TypeError, match="roles are whole numbers"):
        cmgateway.analyze(NAME, roles=[-1])


def test_the_page_names_every_check():
    page = cmgateway.checks_page()
    for result in cmgateway.analyze(NAME, addresses=["127.0.0.1:9"]).results:
        assert f"### `{result.id}`" in page
