"""An HTTP server that authenticates by SPNEGO with the system's GSSAPI (MIT Kerberos, gss-ntlmssp) and is not ours.

    gssapi_front.py BACKEND [--tls CERT KEY [--bind-to CERT]]

It takes a free port and prints it. Without TLS, bodies are sealed as WinRM seals them on port 5985 and are handed on,
plain, to BACKEND (host:port).
With TLS, channel bindings are those of the certificate (or of another one, to see that the client sends them), and a
request that is let in is answered with the user's name as JSON.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import http.client
import json
import re
import ssl
import struct
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import gssapi
import gssapi.raw

SEALED = 'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"'
BOUNDARY = b"--Encrypted Boundary"
STREAM = b"application/octet-stream\r\n"


def bindings_of(file: str) -> gssapi.raw.ChannelBindings:
    der = ssl.PEM_cert_to_DER_cert(open(file).read())
    data = b"tls-server-end-point:" + hashlib.sha256(der).digest()
    return gssapi.raw.ChannelBindings(application_data=data)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bindings: gssapi.raw.ChannelBindings | None = None
    backend: str = ""
    context: gssapi.SecurityContext | None = None

    def log_message(self, *arguments: object) -> None:
        pass

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.handle_request()

    def do_POST(self) -> None:
        self.handle_request()

    def handle_request(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme == "Negotiate" and token:
            self.authenticate(base64.b64decode(token), body)
        elif self.context is not None and self.context.complete:
            self.answer(body)
        else:
            self.reply(401, WWW_Authenticate="Negotiate")

    def authenticate(self, token: bytes, body: bytes) -> None:
        if self.context is None or self.context.complete:
            self.context = gssapi.SecurityContext(usage="accept", channel_bindings=self.bindings)
            self.context.__DEFER_STEP_ERRORS__ = False
        try:
            out = self.context.step(token)
        except gssapi.exceptions.GSSError as error:
            self.context = None
            self.reply(401, str(error).encode(), WWW_Authenticate="Negotiate")
            return
        header = "Negotiate " + base64.b64encode(out or b"").decode()
        if not self.context.complete:
            self.reply(401, WWW_Authenticate=header)
        elif self.bindings is not None:
            self.reply(200, self.who(), WWW_Authenticate=header, Content_Type="application/json")
        else:
            self.reply(200, WWW_Authenticate=header)

    def who(self) -> bytes:
        return json.dumps({"value": [{"user": str(self.context.initiator_name)}]}).encode()

    def answer(self, body: bytes) -> None:
        if self.bindings is not None:
            self.reply(200, self.who(), Content_Type="application/json")
            return
        if "multipart/encrypted" not in self.headers.get("Content-Type", ""):
            self.reply(400, b"not sealed")
            return
        plain = self.unseal(body)
        connection = http.client.HTTPConnection(self.backend, timeout=30)
        headers = {"Content-Type": "application/soap+xml;charset=UTF-8"}
        connection.request("POST", self.path, plain, headers)
        response = connection.getresponse()
        self.reply(response.status, self.seal(response.read()), Content_Type=SEALED)

    def unseal(self, body: bytes) -> bytes:
        head, _, rest = body.partition(STREAM)
        length = int(re.search(rb"Length=(\d+)", head).group(1))
        sealed = rest[: rest.rindex(BOUNDARY + b"--")]
        (signature,) = struct.unpack("<I", sealed[:4])
        assert 0 < signature < 128, signature
        message = self.context.unwrap(sealed[4:])
        assert message.encrypted, "signed only"
        assert len(message.message) == length, (len(message.message), length)
        return message.message

    def seal(self, plain: bytes) -> bytes:
        sealed = self.context.wrap(plain, True).message
        # Where the signature ends is ours to choose; 16 is NTLM's, and both sides join the parts for Kerberos.
        parts = struct.pack("<I", 16) + sealed
        return (
            BOUNDARY
            + b"\r\nContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n"
            + b"OriginalContent: type=application/soap+xml;charset=UTF-8;Length=%d\r\n" % len(plain)
            + BOUNDARY
            + b"\r\nContent-Type: "
            + STREAM
            + parts
            + BOUNDARY
            + b"--\r\n"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("backend")
    parser.add_argument("--tls", nargs=2)
    parser.add_argument("--bind-to")
    options = parser.parse_args()
    Handler.backend = options.backend
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*options.tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        Handler.bindings = bindings_of(options.bind_to or options.tls[0])
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
