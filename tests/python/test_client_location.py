"""Where a client is, and whom it then talks to."""

import ssl
import threading
import xml.etree.ElementTree as ElementTree
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import MANAGEMENT_POINT

import cmgateway
from cmgateway.errors import ConfigError, NotFoundError, UnsupportedError

ROLE = 72057594037937981


class ManagementPoint(BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def inside(certificates):
    server = ThreadingHTTPServer(("127.0.0.1", 0), ManagementPoint)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"localhost:{server.server_port}"
    server.shutdown()


def test_the_decision_is_a_pure_function():
    decide = cmgateway.decide_location
    assert decide()["location"] == "currently_internet"
    assert decide(domain_controller_answers=True)["location"] == "currently_intranet"
    assert decide(management_point_answers=True)["reason"] == "a management point answers"
    assert decide(always_on_internet=True, management_point_answers=True)["location"] == "always_internet"


def test_files_that_force_a_client_to_the_internet():
    assert cmgateway.registry_file(False).endswith('"ClientAlwaysOnInternet"=dword:00000000\r\n')
    root = ElementTree.fromstring(cmgateway.group_policy_preferences().encode())
    properties = root.find("Registry/Properties").attrib
    assert (properties["key"], properties["value"]) == ("SOFTWARE\\Microsoft\\CCM\\Security", "00000001")


@pytest.mark.skipif("sys.platform == 'win32'", reason="it would change this computer")
def test_other_systems_than_windows_say_what_to_do_instead():
    with pytest.raises(UnsupportedError, match="only Windows has a registry"):
        cmgateway.set_always_on_internet_here(True)


def test_a_client_gets_a_file_inside(inside, certificates):
    client = cmgateway.ReferenceClient(
        candidates=[inside], management_points=[inside], trusted_roots=certificates / "root.cer"
    )
    assert client.probe()["management_point"]["answered"] == inside
    file = client.get("SMS_MP/.sms_aut?mplist")
    assert (file["status"], file["mp"], file["location"]) == (200, inside, "currently_intranet")
    assert file["body"] == b"/SMS_MP/.sms_aut?mplist"
    client.network_changed()
    assert client.refresh()["location"] == "currently_intranet"
    forced = cmgateway.ReferenceClient(
        candidates=[inside],
        management_points=[inside],
        trusted_roots=certificates / "root.cer",
        always_on_internet=True,
    )
    with pytest.raises(NotFoundError, match="always_internet"):
        forced.get("x")


def test_candidates_come_from_a_site(site):
    site.compile_mof(MANAGEMENT_POINT)
    site.roles.set("management_point", "MP1.contoso.com", https=True, gateway_traffic=True)
    client = cmgateway.ReferenceClient(
        site,
        service_name="gf.contoso.com",
        published={"MP1.contoso.com": ROLE},
        management_points=["localhost:1"],
        timeout=1,
    )
    assert client.location()["location"] == "currently_internet"
    assert [(one["mp"], one["type"], one["index"]) for one in client.candidates()] == [
        ("MP1.contoso.com", "Assigned", 0),
        (f"gf.contoso.com/CCM_Proxy_MutualAuth/{ROLE}", "Internet", 1),
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "candidates are given, or a site"),
        ({"candidates": ["a"], "misspelt": 1}, "misspelt is not a field of a client"),
        ({"candidates": ["a"], "key_file": "k"}, "certificate_file goes with key_file"),
        ({"candidates": ["a"], "timeout": 0}, "timeout must be a number of seconds above zero"),
        ({"candidates": ["a"], "name_server": "dns"}, "name_server must be an IP address"),
        ({"candidates": ["a/b/c"], "domain": "d"}, "neither a host nor"),
        ({"candidates": ["a"]}, "neither a domain nor a management point"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ConfigError, match=message):
        cmgateway.ReferenceClient(**options)
