#!/usr/bin/env python3
"""Set up a cloud management gateway in the eight steps of Microsoft's page, each with a plan first.

    setup_gateway.py --folder lab            # a second run finds everything as wanted and changes nothing
    setup_gateway.py --folder lab --delete   # deletes the gateway again

The site is an embedded one and the gateway runs on this machine, with processes of the program `cmgateway`, which is
found by --program, CMGATEWAY_PROGRAM or PATH. Certificates of a rehearsal PKI take the place of your own. At the end a
client asks a management point, inside and then through the gateway.
"""

import argparse
import http.server
import json
import ssl
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Union

import cmgateway
from cmgateway.cert import DevelopmentPki, build_chain, load_cer
from cmgateway.errors import Error

NAME = "granitefalls.contoso.com"
ROLE = 72057594037937981
PASSWORD = "rehearsal"
AnyPlan = Union[cmgateway.GatewayPlan, cmgateway.SubCaPlan, cmgateway.SitePlan]

# What a site has before anybody thinks of a gateway: servers with their roles.
SERVERS = r"""
instance of SMS_SCI_SysResUse { FileType = 2; ItemType = "System Resource Usage"; SiteCode = "GF1"; ItemName = "MP1";
    NetworkOSPath = "\\\\MP1.contoso.com"; RoleName = "SMS Management Point"; };
instance of SMS_SCI_SysResUse { FileType = 2; ItemType = "System Resource Usage"; SiteCode = "GF1"; ItemName = "SUP1";
    NetworkOSPath = "\\\\SUP1.contoso.com"; RoleName = "SMS Software Update Point"; };
"""

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


class Setup:
    """One run: it shows each plan, applies what changes something, and counts."""

    def __init__(self, folder: Path, program: Union[str, None]) -> None:
        self.folder = folder
        self.changes = 0
        self.cloud = cmgateway.local_cloud(folder=folder / "gateways", program=program, ports="free")
        file = folder / "site.db"
        is_new = not file.exists()
        self.site = cmgateway.create_site(file, "GF1") if is_new else cmgateway.connect(f"sqlite:{file}")
        if is_new:
            self.site.compile_mof(SERVERS)

    def show(self, plan: AnyPlan, apply: Callable[[], object]) -> None:
        print(plan)
        if plan.is_change:
            apply()
            self.changes += 1

    def step_1_server_certificate(self) -> None:
        print("\nStep 1: the server certificate")
        if not (self.folder / "server.pfx").exists():
            pki = DevelopmentPki(sub_cas=1, server_names=[NAME, "localhost"], key="rsa_2048")
            pki.write_to(self.folder)
            (self.folder / "server.pfx").write_bytes(pki.server.to_pfx(password=PASSWORD))
            # Whoever opens tunnels is no client.
            DevelopmentPki(sub_cas=1).write_to(self.folder / "point")
        server = load_cer(self.folder / "server.pem")[0]
        name = cmgateway.service_name(server)
        deployment = cmgateway.deployment_name(name, model="scale_set", region="West US 2")
        print(f"service name {name}, in Azure {deployment}, valid until {server.not_after:%Y-%m-%d}")

    def step_2_client_root(self) -> None:
        print("\nStep 2: the root of client certificates, and every authority between")
        client = load_cer(self.folder / "client.pem")[0]
        authorities = [load_cer(self.folder / name)[0] for name in ("subca1.cer", "root.cer")]
        chain = build_chain(client, authorities)
        for certificate in chain.certificates[1:]:
            print(f"  {certificate.thumbprint}  {certificate.subject}")

    def step_3_sub_cas(self) -> None:
        print("\nStep 3: the thumbprints of sub-CAs")
        sub_ca = self.site.gateway(NAME).sub_ca
        plan = sub_ca.plan("add", self.folder / "subca1.cer")
        self.show(plan, lambda: sub_ca.apply(plan))

    def step_4_gateway(self) -> None:
        print("\nStep 4: the gateway")
        folder = self.folder
        spec = cmgateway.GatewaySpec(
            service_cert_path=folder / "server.pfx",
            service_cert_password=PASSWORD,
            ca_root_cert=[folder / "root.cer"],
            sub_ca_cert=[folder / "subca1.cer"],
            connection_point_cert=[folder / "point" / "client.pem"],
            check_client_cert_revocation=False,
            vm_instance_count=1,
        )
        plan = self.cloud.plan(spec)
        self.show(plan, lambda: self.cloud.apply(self.site, plan))

    def step_5_site(self) -> None:
        print("\nStep 5: the primary site lets clients prove themselves by certificates")
        plan = self.site.switches.plan(use_pki_client_certificate=True, check_crl=False, enhanced_http=True)
        self.show(plan, lambda: plan.apply(self.site))

    def step_6_connection_point(self) -> None:
        print("\nStep 6: the connection point")
        plan = self.site.connection_points.plan("add", "CP1.contoso.com", gateway=NAME)
        self.show(plan, lambda: plan.apply(self.site))
        print(f"  missing, by Microsoft's advice: {self.site.connection_points.advice(NAME)['missing']}")

    def step_7_roles(self) -> None:
        print("\nStep 7: the roles that take gateway traffic")
        for kind, server in (
            ("management_point", "MP1.contoso.com"),
            ("software_update_point", "SUP1.contoso.com"),
        ):
            plan = self.site.roles.plan(kind, server, https=True, gateway_traffic=True)
            self.show(plan, lambda plan=plan: plan.apply(self.site))  # type: ignore[misc]
        print(self.site.gateway(NAME).required_ports())

    def step_8_clients(self) -> None:
        print("\nStep 8: clients")
        (self.folder / "always_on_internet.reg").write_text(cmgateway.registry_file(), newline="")
        inside = self.server_inside()
        (instance,) = self.cloud.instances(self.site, NAME)
        settings = CONNECTION_POINT.format(
            name=NAME,
            addresses=json.dumps([[instance["tunnel_address"]]]),
            role=ROLE,
            inside=f"https://localhost:{inside.server_port}",
        )
        file = self.folder / "connection_point.toml"
        file.write_text(settings, encoding="utf-8")
        with cmgateway.start_connection_point(file) as point:
            point.ready(timeout=30)
            port = instance["address"].rpartition(":")[2]
            for always_on_internet in (False, True):
                self.ask(f"localhost:{inside.server_port}", f"localhost:{port}", always_on_internet)
        inside.shutdown()

    def ask(self, inside: str, gateway: str, always_on_internet: bool) -> None:
        client = cmgateway.ReferenceClient(
            candidates=[inside, f"{gateway}/CCM_Proxy_MutualAuth/{ROLE}"],
            management_points=[inside],
            trusted_roots=self.folder / "root.cer",
            certificate_file=self.folder / "client.pem",
            key_file=self.folder / "client.key",
            always_on_internet=always_on_internet,
        )
        decision = client.location()
        answer = client.get("SMS_MP/.sms_aut?mplist")
        print(f"  {decision['location']}, since {decision['reason']}")
        print(f"    {answer['status']} from {answer['mp']}: {answer['body'].decode()}")

    def server_inside(self) -> http.server.ThreadingHTTPServer:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), ManagementPoint)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def run(self) -> None:
        self.step_1_server_certificate()
        self.step_2_client_root()
        # A gateway must be there to be given sub-CAs.
        self.step_4_gateway()
        self.step_3_sub_cas()
        self.step_5_site()
        self.step_6_connection_point()
        self.step_7_roles()
        self.step_8_clients()
        print(f"\n{self.changes} plans changed something")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument(
        "--folder", type=Path, required=True, help="keeps the site, the certificates and the gateway"
    )
    parser.add_argument("--program", help="the program cmgateway")
    parser.add_argument("--delete", action="store_true", help="delete the gateway")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    try:
        setup = Setup(arguments.folder.resolve(), arguments.program)
        if arguments.delete:
            setup.cloud.delete(setup.site, NAME)
            print(f"{NAME} is deleted")
        else:
            setup.run()
    except Error as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
