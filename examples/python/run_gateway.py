#!/usr/bin/env python3
"""A whole gateway on this machine: clients with certificates reach a management point inside through two instances.

    run_gateway.py [FOLDER]

nginx plays the management point, two instances and two connection points run in this process, curl and
`openssl s_client` are the clients. Certificates and settings files are written to FOLDER (else to a temporary one,
which is removed); they show what a gateway of your own needs. nginx, curl and openssl have to be installed.
"""

import random
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Optional

import cmgateway
from cmgateway.cert import Authority, IssuedCertificate
from cmgateway.errors import Error

ROLE = 72057594037937981
PATH = f"/CCM_Proxy_MutualAuth/{ROLE}/SMS_MP"

NGINX = """\
pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_processes 1;
events {{ }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/management-point.pem; ssl_certificate_key {folder}/management-point.key;
        ssl_client_certificate {folder}/root.pem; ssl_verify_client on;
        location /SMS_MP/whoami {{ return 200 "$http_x_forwarded_for over $ssl_client_s_dn\\n"; }}
    }}
}}
"""

INSTANCE = """\
number = {number}
listen = ["127.0.0.1:0"]
certificate = "gateway.pem"
key = "gateway.key"
connection_points = ["CP1.pem", "CP2.pem"]
"""

CONNECTION_POINT = """\
name = "{name}"
certificate = "{name}.pem"
key = "{name}.key"
instance_pins = ["gateway.pem"]
[gateway]
service_name = "localhost"
addresses = [["{first}"], ["{second}"]]
[inside]
roots = "root.pem"
certificate = "{name}.pem"
key = "{name}.key"
[trust]
roots = ["root.pem"]
sub_cas = ["issuing.pem"]
[[mapping]]
id = {role}
internal = ["https://localhost:{port}"]
"""


def make_certificates(folder: Path) -> None:
    """A root, an issuing CA, and a certificate for each part; clients come from the issuing CA."""

    def write(name: str, issued: IssuedCertificate) -> None:
        (folder / f"{name}.pem").write_text(issued.chain_pem, encoding="ascii")
        (folder / f"{name}.key").write_text(issued.private_key_pem, encoding="ascii")

    root = Authority.root("CN=Contoso Root", key="ec_p256")
    issuing = root.sub_ca("CN=Contoso Issuing CA", key="ec_p256", path_length=0)
    (folder / "root.pem").write_text(root.certificate.to_pem(), encoding="ascii")
    (folder / "issuing.pem").write_text(issuing.certificate.to_pem(), encoding="ascii")
    for server in ("gateway", "management-point"):
        write(server, issuing.issue_server(["localhost"], key="ec_p256"))
    for client in ("CP1", "CP2", "client"):
        write(client, issuing.issue_client([f"{client}.contoso.com"], key="ec_p256"))


def start_management_point(folder: Path, stack: ExitStack) -> int:
    """nginx on a free port, which nginx itself has to find: it takes none that is in use."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if nginx is None:
        raise SystemExit("could not start the management point: nginx is not installed")
    command = [nginx, "-e", str(folder / "nginx.log"), "-c", str(folder / "nginx.conf")]
    for _ in range(20):
        port = random.randrange(20000, 60000)
        configuration = NGINX.format(folder=folder.as_posix(), port=port)
        (folder / "nginx.conf").write_text(configuration, encoding="ascii")
        if subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0:
            stack.callback(subprocess.run, [*command, "-s", "stop"], check=False)
            return port
    raise SystemExit(f"could not start nginx: see {folder / 'nginx.log'}")


def curl(folder: Path, address: str, path: str, *, client: Optional[str] = "client") -> str:
    """Gets a path from an instance; the status and the body."""
    port = address.rpartition(":")[2]
    command = ["curl", "-sS", "--noproxy", "*", "--cacert", str(folder / "root.pem"), "-w", "%{http_code} "]
    if client is not None:
        command += ["--cert", str(folder / f"{client}.pem"), "--key", str(folder / f"{client}.key")]
    output = [*command, "-o", str(folder / "answer"), f"https://localhost:{port}{path}"]
    status = subprocess.run(output, capture_output=True, encoding="utf-8", timeout=60, check=True).stdout
    return status + (folder / "answer").read_text(encoding="utf-8").strip()


def s_client(folder: Path, address: str) -> str:
    """A request by `openssl s_client`: what TLS it speaks, and the status line."""
    command = ["openssl", "s_client", "-connect", address, "-servername", "localhost", "-verify_return_error"]
    command += ["-CAfile", str(folder / "root.pem"), "-cert", str(folder / "client.pem")]
    command += ["-key", str(folder / "client.key"), "-ign_eof"]
    request = f"GET {PATH}/whoami HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    done = subprocess.run(
        command, input=request, capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    lines = done.stdout.splitlines()
    chosen = [line for line in lines if line.startswith(("New, TLS", "HTTP/1.1 "))]
    return "; ".join(chosen) or done.stderr.strip()


def main(folder: Path) -> None:
    with ExitStack() as stack:
        make_certificates(folder)
        port = start_management_point(folder, stack)
        print(f"management point: nginx on port {port}")
        instances = []
        for number in range(2):
            file = folder / f"instance{number}.toml"
            file.write_text(INSTANCE.format(number=number), encoding="ascii")
            instances.append(stack.enter_context(cmgateway.start_instance(file)))
        first, second = (instance.addresses[0] for instance in instances)
        print(f"instances: {first} and {second}")
        points = []
        for name in ("CP1", "CP2"):
            file = folder / f"{name}.toml"
            text = CONNECTION_POINT.format(name=name, first=first, second=second, role=ROLE, port=port)
            file.write_text(text, encoding="ascii")
            points.append(stack.enter_context(cmgateway.start_connection_point(file)))
        for point in points:
            point.ready(timeout=30)
        print("connection points: CP1 and CP2, connected to both instances")

        for number, address in enumerate((first, second)):
            print(f"curl through instance {number}: {curl(folder, address, PATH + '/whoami')}")
        print(f"curl without a certificate: {curl(folder, first, PATH + '/whoami', client=None)}")
        print(f"openssl s_client: {s_client(folder, second)}")
        points[0].stop()
        print(f"CP1 has stopped; curl: {curl(folder, first, PATH + '/whoami')}")
        for instance in instances:
            status = instance.status()
            print(
                f"instance {status['number']}: {status['requests']} requests, {status['handshakes']} handshakes, "
                f"by way of {' and '.join(status['connection_points'])}"
            )


if __name__ == "__main__":
    try:
        if len(sys.argv) > 2 or sys.argv[1:] in (["-h"], ["--help"]):
            print(__doc__)
        elif len(sys.argv) == 2:
            Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
            main(Path(sys.argv[1]).resolve())
        else:
            with tempfile.TemporaryDirectory() as temporary:
                main(Path(temporary))
    except (Error, OSError, subprocess.SubprocessError) as error:
        raise SystemExit(str(error)) from None
