"""WS-Management: our client against the tests' service, and foreign clients against that service."""

from __future__ import annotations

import base64
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest

import cmgateway
from cmgateway import errors

ROOT = Path(__file__).resolve().parents[2]
RESOURCE = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/sms/site_GF1"
USER, PASSWORD = "anna", "hunter2"


def program() -> Path:
    suffix = ".exe" if sys.platform == "win32" else ""
    return ROOT / "target" / "debug" / f"wsman-service{suffix}"


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    if not program().is_file():
        pytest.skip("wsman-service is not built; cargo build -p cmgateway-tests --bin wsman-service")
    authorization = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    command = [str(program()), str(tmp_path / "wsman.db"), authorization]
    service = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert service.stdout is not None
    assert service.stdin is not None
    yield int(service.stdout.readline())
    service.stdin.close()
    service.wait(10)


def connect(port: int, password: str = PASSWORD) -> cmgateway.Site:
    address = f"winrm://localhost:{port}/root/sms/site_GF1"
    return cmgateway.connect(address, auth="basic", user=USER, password=password)


def test_a_script_does_the_same_over_winrm(port: int) -> None:
    site = connect(port)
    assert site.identify()["product_vendor"] == "cmgateway tests"
    assert site.code() == "GF1"
    rows = list(site.query("SELECT * FROM Lab_Thing ORDER BY Number"))
    assert [row.Name for row in rows] == ["one", "two"]
    assert rows[0].Big == 2**64 - 1
    assert list(rows[0].Texts) == ["a", "b<"]
    assert rows[0].Rules[0].RuleName == "r"
    rows[1].Number = 22
    site.put(rows[1])
    assert site.get("Lab_Thing.Name='two'").Number == 22
    new = site.new("Lab_Thing", Name="three", Flag=True)
    assert str(site.put(new)) == 'Lab_Thing.Name="three"'
    site.delete(new)
    with pytest.raises(errors.NotFoundError):
        site.get("Lab_Thing.Name='three'")


def test_refusals_are_told_apart(port: int) -> None:
    with pytest.raises(errors.AuthError, match="offers Basic"):
        connect(port, "wrong").code()
    with pytest.raises(errors.ConfigError, match="danger_unencrypted"):
        cmgateway.connect("winrm://cm1/root/sms/site_GF1", auth="basic", user="a", password="b")
    for options in [{"auth": "digest"}, {"auth": "kerberos"}, {"user": "a"}, {"key_file": "k.pem"}]:
        with pytest.raises(errors.ConfigError):
            cmgateway.connect("winrm://cm1/root/sms/site_GF1", **options)  # type: ignore[arg-type]


def local_name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def texts(root: ElementTree.Element, name: str) -> list[str]:
    return [element.text or "" for element in root.iter() if local_name(element) == name]


def test_pypsrp_is_served(port: int) -> None:
    wsman = pytest.importorskip("pypsrp.wsman")
    options = {
        "port": port,
        "ssl": False,
        "auth": "basic",
        "username": USER,
        "password": PASSWORD,
        "encryption": "never",
    }
    selectors = wsman.SelectorSet()
    selectors.add_option("Name", "one")
    resource = f"{RESOURCE}/Lab_Thing"
    with wsman.WSMan("localhost", **options) as client:
        got = client.get(resource, selector_set=selectors)
        assert texts(got, "Big") == ["18446744073709551615"]
        assert texts(got, "Texts") == ["a", "b<"]
        output = client.invoke(f"{resource}/Sum", resource, sum_input(resource))
        assert texts(output, "Total") == ["42"]
        body = ElementTree.fromstring(
            '<n:Enumerate xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration" '
            'xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"><w:OptimizeEnumeration/>'
            '<w:Filter Dialect="http://schemas.microsoft.com/wbem/wsman/1/WQL">SELECT * FROM Lab_Thing</w:Filter>'
            "</n:Enumerate>"
        )
        first = client.enumerate(f"{RESOURCE}/*", body)
        assert len(texts(first, "Name")) == 1
        context = texts(first, "EnumerationContext")[0]
        pull = ElementTree.fromstring(
            '<n:Pull xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration">'
            f"<n:EnumerationContext>{context}</n:EnumerationContext></n:Pull>"
        )
        second = client.pull(f"{RESOURCE}/*", pull)
        assert sorted(texts(first, "Name") + texts(second, "Name")) == ["one", "two"]
        assert texts(second, "EndOfSequence") == [""]
        client.delete(resource, selector_set=selectors)
        with pytest.raises(pytest.importorskip("pypsrp.exceptions").WSManFaultError) as refused:
            client.get(resource, selector_set=selectors)
        assert refused.value.code == 2150858752


def sum_input(resource: str) -> ElementTree.Element:
    return ElementTree.fromstring(
        f'<p:Sum_INPUT xmlns:p="{resource}"><p:A>40</p:A><p:B>2</p:B></p:Sum_INPUT>'
    )


def test_pywinrm_is_served(port: int) -> None:
    winrm = pytest.importorskip("winrm")
    endpoint = f"http://localhost:{port}/wsman"
    protocol = winrm.Protocol(endpoint=endpoint, transport="basic", username=USER, password=PASSWORD)
    header = protocol._get_soap_header(
        action="http://schemas.xmlsoap.org/ws/2004/09/transfer/Get", resource_uri=f"{RESOURCE}/Lab_Thing"
    )
    selector = {"@Name": "Name", "#text": "two"}
    header["env:Header"]["w:SelectorSet"] = {"w:Selector": [selector]}
    header["env:Body"] = {}
    xmltodict = pytest.importorskip("xmltodict")
    answer = protocol.send_message(xmltodict.unparse({"env:Envelope": header}))
    assert texts(ElementTree.fromstring(answer), "Number") == ["2"]
