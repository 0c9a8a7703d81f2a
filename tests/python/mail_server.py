"""A real SMTP server for the tests: aiosmtpd with TLS and sign-in, on a port of its own."""

import ssl
import threading

import pytest

controller = pytest.importorskip("aiosmtpd.controller", reason="aiosmtpd is not installed")
smtp = pytest.importorskip("aiosmtpd.smtp")


class Inbox:
    """What was delivered: sender, recipients and content of each mail."""

    def __init__(self):
        self.mails = []
        self.refused = None
        self.arrived = threading.Event()

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address == self.refused:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        is_secret = server.transport.get_extra_info("ssl_object") is not None
        self.mails.append(
            (envelope.mail_from, envelope.rcpt_tos, envelope.content, session.auth_data, is_secret)
        )
        self.arrived.set()
        return "250 taken"


def authenticator(server, session, envelope, mechanism, data):
    accepted = data.login == b"gateway" and data.password == b"s3cret"
    who = f"{mechanism} {data.login.decode()}" if accepted else None
    return smtp.AuthResult(success=accepted, handled=False, auth_data=who)


class AnyPort(controller.Controller):
    """A controller that finds out which port it was given."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class MailServer:
    """Starts with `with`: `from_start` has TLS from the first byte, else it offers STARTTLS where it has a context."""

    def __init__(self, folder=None, *, from_start=False, excluded=(), login=True):
        self.inbox = Inbox()
        self.context = None
        if folder is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(folder / "server.pem", folder / "server.key")
        options = {
            "authenticator": authenticator,
            "auth_required": login,
            "auth_require_tls": self.context is not None and not from_start,
            "auth_exclude_mechanism": list(excluded),
        }
        if from_start:
            options["ssl_context"] = self.context
        else:
            options["tls_context"] = self.context
            options["require_starttls"] = self.context is not None
        self.controller = AnyPort(self.inbox, hostname="127.0.0.1", port=0, **options)

    def __enter__(self):
        self.controller.start()
        self.port = self.controller.port
        return self

    def __exit__(self, *_exception):
        self.controller.stop()
