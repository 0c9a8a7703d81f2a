#!/usr/bin/env python3
"""Create a cloud management gateway, send a client's request through it, delete it.

    create_gateway.py                   # on this machine, with processes of the program `cmgateway`
    create_gateway.py --cloud azure     # shows what would be made in Azure; asks nobody, changes nothing
    create_gateway.py --cloud site      # shows what a site's own Configuration Manager would be told; a new site here

Certificates of a rehearsal PKI take the place of your own. The program is found by --program, CMGATEWAY_PROGRAM
or PATH.
"""

import argparse
import http.client
import http.server
import json
import socket
import ssl
import sys
import tempfile
import threading
from pathlib import Path

import cmgateway
from cmgateway.cert import DevelopmentPki
from cmgateway.errors import Error

NAME = "granitefalls.contoso.com"
ROLE = 72057594037937981

CONNECTION_POINT = """\
name = "CP1"
certificate = "point/client.pem"
key = "point/client.key"
instance_pins = ["server.pem"]
[gateway]
service_name = "{name}"
addresses = {addresses}
[inside]
roots = "root.cer"
[trust]
roots = ["root.cer"]
sub_cas = ["subca1.cer"]
[[mapping]]
id = {role}
internal = ["{inside}"]
"""


class ManagementPoint(http.server.BaseHTTPRequestHandler):
    """Stands for the management point inside."""

    def do_GET(self) -> None:
        body = f"the management point was asked for {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


def certificates(folder: Path) -> None:
    """What the administrator brings: the server certificate as PFX, roots and sub-CAs of clients, the tunnel's."""
    pki = DevelopmentPki(sub_cas=1, server_names=[NAME, "localhost"], key="rsa_2048")
    pki.write_to(folder)
    (folder / "server.pfx").write_bytes(pki.server.to_pfx(password="rehearsal"))
    # Whoever opens tunnels is no client.
    DevelopmentPki(sub_cas=1).write_to(folder / "point")


def spec(folder: Path, instances: int) -> cmgateway.GatewaySpec:
    return cmgateway.GatewaySpec(
        service_cert_path=folder / "server.pfx",
        service_cert_password="rehearsal",
        ca_root_cert=[folder / "root.cer"],
        sub_ca_cert=[folder / "subca1.cer"],
        connection_point_cert=[folder / "point" / "client.pem"],
        vm_instance_count=instances,
        description="Made by an example",
        # What only Azure asks for.
        subscription_id="00000000-0000-0000-0000-000000000001",
        region="WestUS2",
        ssh_public_key="ssh-rsa AAAA",
    )


def server_inside(folder: Path) -> http.server.ThreadingHTTPServer:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), ManagementPoint)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def ask_as_client(folder: Path, address: str, path: str) -> tuple[int, str]:
    """A client on the Internet: it shows its certificate and checks the gateway's."""
    root = ssl.DER_cert_to_PEM_cert((folder / "root.cer").read_bytes())
    context = ssl.create_default_context(cadata=root)
    context.load_cert_chain(folder / "client.pem", folder / "client.key")
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(NAME)
    connection.sock = context.wrap_socket(
        socket.create_connection((host, int(port)), timeout=20), server_hostname=NAME
    )
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def on_this_machine(folder: Path, wanted: cmgateway.GatewaySpec, cloud: cmgateway.Cloud) -> None:
    site = cmgateway.create_site(folder / "site.db", "GF1")
    plan = cloud.plan(wanted)
    print(plan)
    gateway = cloud.apply(site, plan, progress=lambda now: print(now["text"]))
    try:
        instances = cloud.instances(site, gateway.service_name)
        inside = server_inside(folder)
        settings = CONNECTION_POINT.format(
            name=NAME,
            addresses=json.dumps([[instance["tunnel_address"]] for instance in instances]),
            role=ROLE,
            inside=f"https://localhost:{inside.server_port}",
        )
        (folder / "connection_point.toml").write_text(settings, encoding="utf-8")
        with cmgateway.start_connection_point(folder / "connection_point.toml") as point:
            point.ready(timeout=30)
            for instance in instances:
                path = f"/CCM_Proxy_MutualAuth/{ROLE}/SMS_MP/.sms_aut?mplist"
                status, text = ask_as_client(folder, instance["address"], path)
                print(f"{instance['name']} at {instance['address']}: {status}, {text}")
    finally:
        cloud.delete(site, gateway.service_name)
        print(f"{NAME} is deleted")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--cloud", choices=["local", "azure", "site"], default="local")
    parser.add_argument("--instances", type=int, default=2)
    parser.add_argument("--program", help="the program cmgateway")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cmgateway-") as temporary:
        folder = Path(temporary)
        certificates(folder)
        try:
            wanted = spec(folder, arguments.instances)
            print(f"service name, from the certificate: {wanted.check()['service_name']}")
            if arguments.cloud == "azure":
                print(cmgateway.plan_offline(wanted))
                return 0
            if arguments.cloud == "site":
                site = cmgateway.create_site(folder / "site.db", "GF1")
                print(cmgateway.site_cloud(site).plan(wanted))
                return 0
            cloud = cmgateway.local_cloud(folder=folder / "gateways", program=arguments.program, ports="free")
            on_this_machine(folder, wanted, cloud)
        except Error as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
