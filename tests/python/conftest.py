"""What the tests share: a site in a folder of its own, with one gateway and certificates beside it."""

import http.client
import http.server
import os
import ssl
import sys
import threading
import time
from pathlib import Path

import pytest

import cmgateway

ROOT = Path(__file__).parents[2]
NAME = "GraniteFalls.contoso.com"
A = "8824022CB382CADD9E19290449B893A839140962"
B = "7CB8B7539D87BA7215357B9B9049DFF2D3FA59BA"

INSTANCE = """\
listen = ["127.0.0.1:0"]
admin_listen = "127.0.0.1:0"
certificate = "server.pem"
key = "server.key"
connection_points = ["client.pem"]
"""

ROLE = 72057594037937981
TARGET = f"/CCM_Proxy_MutualAuth/{ROLE}/SMS_MP/hello"

# Nobody listens on port 1.
CONNECTION_POINT = """\
name = "CP1"
certificate = "client.pem"
key = "client.key"
instance_pins = ["server.pem"]
[gateway]
service_name = "localhost"
addresses = [["localhost:1"]]
[trust]
roots = ["root.cer"]
sub_cas = ["subca1.cer"]
[[mapping]]
id = 72057594037937981
internal = ["https://localhost:1"]
"""

MANAGEMENT_POINT = r"""
instance of SMS_SCI_SysResUse { FileType = 2; ItemType = "System Resource Usage"; SiteCode = "GF1";
    ItemName = "[\"Display=\\\\MP1.contoso.com\\\"]MSWNET:[\"SMS_SITE=GF1\"]\\\\MP1.contoso.com\\,SMS Management Point";
    NetworkOSPath = "\\\\MP1.contoso.com"; RoleName = "SMS Management Point"; };
"""


def put_gateway(site, name=NAME, stored=None):
    service = site.new("SMS_AzureService", ServiceCName=name, ServiceType="CloudProxyService")
    if stored is not None:
        service.SubCACertThumbprint = stored
    return site.put(service, "create_only")


@pytest.fixture(scope="session")
def pki():
    return cmgateway.cert.DevelopmentPki()


@pytest.fixture
def site(tmp_path):
    """A site without a gateway."""
    return cmgateway.create_site(tmp_path / "site.db", "GF1")


@pytest.fixture
def sub_ca(site):
    """The sub-CAs of the only gateway of a site."""
    put_gateway(site)
    return site.gateway(NAME).sub_ca


@pytest.fixture
def certificates(tmp_path, pki):
    """The folder that holds root.cer, subca1.cer, subca2.cer, server.pem and others."""
    pki.write_to(tmp_path / "pki")
    return tmp_path / "pki"


@pytest.fixture
def lab(tmp_path, pki, monkeypatch):
    """The folder of the stubs' examples, as the current one."""
    site = cmgateway.create_site(tmp_path / "lab.db", "GF1")
    put_gateway(site)
    site.compile_mof(MANAGEMENT_POINT)
    pki.write_to(tmp_path)
    (tmp_path / "instance.toml").write_text(INSTANCE, encoding="utf-8")
    (tmp_path / "connection_point.toml").write_text(CONNECTION_POINT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def environment(**more):
    """The environment for a script, without what the caller's shell may say about a site."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CMGATEWAY_")}
    return {**clean, "PYTHONIOENCODING": "utf-8", **more}


@pytest.fixture
def python():
    return sys.executable


class ManagementPoint(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path.lower().endswith("/hold"):
            time.sleep(15)
        body = f"you asked for {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def inside(certificates):
    """The port of an HTTPS server with the PKI's server certificate."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), ManagementPoint)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def instance(certificates):
    # The connection point's own certificate, which is no client's.
    cmgateway.cert.DevelopmentPki(sub_cas=1).write_to(certificates / "tunnel")
    text = INSTANCE.replace("client.pem", "tunnel/client.pem")
    (certificates / "instance.toml").write_text(text, encoding="utf-8")
    with cmgateway.start_instance(certificates / "instance.toml") as instance:
        yield instance


@pytest.fixture
def point_file(certificates, pki, inside, instance):
    (certificates / "root.pem").write_text(pki.root.certificate.to_pem(), encoding="utf-8")
    file = certificates / "point.toml"
    file.write_text(
        f"""\
name = "CP1"
certificate = "tunnel/client.pem"
key = "tunnel/client.key"
instance_pins = ["server.pem"]
[gateway]
service_name = "localhost"
addresses = [["{instance.addresses[0]}"]]
[inside]
roots = "root.pem"
[trust]
roots = ["root.cer"]
sub_cas = ["subca1.cer", "subca2.cer"]
[[mapping]]
id = {ROLE}
internal = ["https://localhost:{inside}"]
""",
        encoding="utf-8",
    )
    return file


@pytest.fixture
def ask(certificates, instance):
    """Asks the gateway as a client with a certificate does, with a body where one is given; status and text."""
    context = ssl.create_default_context(cafile=certificates / "root.pem")
    context.load_cert_chain(certificates / "client.pem", certificates / "client.key")
    port = int(instance.addresses[0].rpartition(":")[2])

    def ask(target, body=None):
        connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=20)
        try:
            connection.request("GET" if body is None else "POST", target, body)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    return ask
