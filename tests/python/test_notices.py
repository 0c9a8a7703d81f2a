"""Notices from Python: told once, told again when it is over; by webhook, by mail, to a function."""

import asyncio
import contextlib
import datetime
import email
import email.policy
import hashlib
import hmac
import http.server
import json
import socket
import subprocess
import threading

import pytest
from conftest import NAME, ROOT, put_gateway

import cmgateway
from cmgateway import aio, errors

START = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.timezone.utc)
FULL = [{"id": "disk", "level": "warning", "text": "it is nearly full"}]
WORSE = [{"id": "disk", "level": "critical", "text": "it is full: 100 % of Größe"}]


@pytest.fixture
def receiver():
    """An HTTP server that keeps what it was sent; its `status` is what it answers."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.received.append((dict(self.headers), body))
            self.send_response(server.status)
            self.end_headers()

        def log_message(self, *_arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.received, server.status = [], 204
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def hook(receiver):
    return cmgateway.Webhook(f"http://127.0.0.1:{receiver.server_port}/hook", "shared")


def test_a_function_is_told_once_and_told_when_it_is_over():
    told, notices = [], cmgateway.Notices()
    assert [notice["id"] for notice in notices.tell(told.extend, conditions=FULL, at=START)] == ["disk"]
    assert notices.tell(told.extend, conditions=FULL) == []
    kept = cmgateway.Notices.from_json(notices.to_json())
    assert kept.tell(told.extend, conditions=WORSE)[0]["level"] == "critical"
    assert kept.tell(told.extend)[0]["is_recovery"]
    assert [(notice["level"], notice["is_recovery"]) for notice in told] == [
        ("warning", False),
        ("critical", False),
        ("normal", True),
    ]
    assert told[0] == {
        "id": "disk",
        "level": "warning",
        "text": "it is nearly full",
        "is_recovery": False,
        "at": "2026-03-01T12:00:00Z",
    }


def test_what_a_function_did_not_take_is_told_again():
    notices = cmgateway.Notices()

    def fails(_notices):
        raise LookupError("the printer is on fire")

    def asks_again(_notices):
        with pytest.raises(errors.ConflictError, match="told already"):
            notices.to_json()

    with pytest.raises(LookupError, match="on fire"):
        notices.tell(fails, conditions=FULL)
    assert len(notices.tell(asks_again, conditions=FULL)) == 1
    assert notices.tell(fails, conditions=FULL) == []


def test_a_webhook_is_signed_and_told_again_where_it_failed(receiver, hook):
    notices = cmgateway.Notices()
    receiver.status = 503
    with pytest.raises(errors.UnavailableError, match="answered 503"):
        notices.tell(hook, conditions=FULL, at=START)
    receiver.status = 200
    assert len(notices.tell(hook, conditions=FULL, at=START)) == 1
    assert notices.tell(hook, conditions=FULL) == []
    assert len(receiver.received) == 2
    headers, body = receiver.received[1]
    assert json.loads(body)["notices"][0]["id"] == "disk"
    assert headers["cmgateway-time"] == str(int(START.timestamp()))
    signed = hmac.new(b"shared", headers["cmgateway-time"].encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["cmgateway-signature"] == f"sha256={signed}"


def test_the_reports_of_the_other_calls_are_taken_as_they_are(site):
    put_gateway(site)
    monitor = site.gateway(NAME).monitor
    monitor.record("0", 6000 << 30, at=START)
    soon = {"server app": START + datetime.timedelta(days=3)}
    told = cmgateway.Notices().tell(
        list,
        report=monitor.check(at=START),
        warnings=cmgateway.expiry_warnings(secrets=soon, at=START),
        analysis=cmgateway.analyze(NAME, addresses=["127.0.0.1:1"]),
    )
    assert [notice["level"] for notice in told].count("critical") == 2
    assert {notice["id"] for notice in told} >= {
        f"$Outbound traffic of {NAME}: warning",
        "secret server app ends on 2026-03-04",
    }


def test_asyncio_tells_while_the_loop_goes_on(hook, receiver):
    async def told():
        notices = aio.AsyncNotices(cmgateway.Notices())
        first, _ = await asyncio.gather(notices.tell(hook, conditions=FULL), asyncio.sleep(0))
        return first, await notices.tell(hook, conditions=FULL), notices.to_json()

    first, second, kept = asyncio.run(told())
    assert (len(first), second, len(receiver.received)) == (1, [], 1)
    assert json.loads(kept) == {"holding": {"disk": "warning"}}


def test_the_example_tells_each_change_once(site, tmp_path, python):
    put_gateway(site)
    site.gateway(NAME).monitor.record("0", 6000 << 30)
    command = [
        python,
        ROOT / "examples/python/tell_notices.py",
        "--site",
        f"sqlite:{tmp_path / 'site.db'}",
        NAME,
    ]

    def said():
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
        ).stdout

    assert "6000 GB of 10000 GB went out in 14 days" in said()
    assert said() == ""
    row = site.gateway(NAME).instance()
    row.TrafficOutInGB = 50000
    row.put_()
    assert "\tover\t" in said()


def test_wrong_use_is_told(hook):
    notices = cmgateway.Notices()
    with pytest.raises(TypeError, match="to is a Webhook, a Mail or a function"):
        notices.tell("admins@contoso.com")
    with pytest.raises(TypeError, match="has no argument condition"):
        notices.tell(hook, condition=[])
    with pytest.raises(errors.ConfigError, match="conditions: item 1: missing field `level`"):
        notices.tell(hook, conditions=[{"id": "x"}])
    with pytest.raises(errors.ConfigError, match="url: only https"):
        cmgateway.Webhook("http://hooks.contoso.com", "s")
    with pytest.raises(errors.ConfigError, match="read notices"):
        cmgateway.Notices.from_json("[]")
    assert repr(hook).startswith("<webhook http://127.0.0.1")
    assert "shared" not in repr(hook)


def mail(server, certificates, **more):
    return cmgateway.Mail(
        f"localhost:{server.port}",
        "Gateway <cmg@contoso.com>",
        ["Admins <admins@contoso.com>", "night@contoso.com"],
        **{"ca_file": certificates / "root.cer", "timeout": datetime.timedelta(seconds=20), **more},
    )


# aiosmtpd does not count TLS from the first byte as TLS.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")

LOGIN = {"user": "gateway", "password": "s3cret"}


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_mail_goes_over_tls_after_signing_in(certificates, security, mechanism):
    from mail_server import MailServer

    other = {"PLAIN": "LOGIN", "LOGIN": "PLAIN"}[mechanism]
    with MailServer(certificates, from_start=security == "tls", excluded=[other]) as server:
        to = mail(server, certificates, security=security, **LOGIN)
        notices = cmgateway.Notices()
        notices.tell(
            to, conditions=[*WORSE, {"id": "key", "level": "warning", "text": "soon\n.\nover"}], at=START
        )
        notices.tell(to, at=START)
        assert notices.tell(to) == []
        (first, second) = server.inbox.mails
        sender, recipients, content, login, is_secret = first
        assert (sender, recipients) == ("cmg@contoso.com", ["admins@contoso.com", "night@contoso.com"])
        assert (login, is_secret) == (f"{mechanism} gateway", True)
        message = email.message_from_bytes(content, policy=email.policy.default)
        assert message["Subject"] == "[cmgateway] critical: disk and 1 more"
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["Date"].datetime == START
        assert message["To"] == "Admins <admins@contoso.com>, night@contoso.com"
        assert message.get_content().splitlines() == [
            "2026-03-01T12:00:00Z critical: disk: it is full: 100 % of Größe",
            "2026-03-01T12:00:00Z warning: key: soon . over",
        ]
        over = email.message_from_bytes(second[2], policy=email.policy.default)
        assert over["Subject"] == "[cmgateway] over: key and 1 more"


def test_a_mail_server_on_this_machine_needs_no_tls(certificates):
    from mail_server import MailServer

    with MailServer(login=False) as server:
        cmgateway.Notices().tell(mail(server, certificates, security="local"), conditions=FULL)
        assert server.inbox.mails[0][3:] == (None, False)
        notices = cmgateway.Notices()
        server.inbox.refused = "night@contoso.com"
        with pytest.raises(errors.ConfigError, match=r"did not take the mail: .*550"):
            notices.tell(mail(server, certificates, security="local"), conditions=FULL)
        server.inbox.refused = None
        assert len(notices.tell(mail(server, certificates, security="local"), conditions=FULL)) == 1
        with pytest.raises(errors.UnsupportedError, match="no STARTTLS"):
            notices.tell(mail(server, certificates))


def test_a_mail_is_not_sent_to_whom_nobody_trusts_or_without_the_right_password(certificates, tmp_path):
    from mail_server import MailServer

    cmgateway.cert.DevelopmentPki().write_to(tmp_path / "other")
    with MailServer(certificates) as server:
        wrong = mail(server, certificates, user="gateway", password="guessed")
        with pytest.raises(errors.AuthError, match="did not sign in") as raised:
            cmgateway.Notices().tell(wrong, conditions=FULL)
        assert "guessed" not in str(raised.value)
        foreign = mail(server, certificates, ca_file=tmp_path / "other" / "root.cer", **LOGIN)
        with pytest.raises(errors.CertificateError):
            cmgateway.Notices().tell(foreign, conditions=FULL)
        with pytest.raises(errors.AuthError):
            cmgateway.Notices().tell(mail(server, certificates), conditions=FULL)
        assert server.inbox.mails == []


def wire(script):
    """A server that says its next line for each line it hears, and keeps what it heard."""
    listener = socket.create_server(("127.0.0.1", 0))
    heard = []

    def serve():
        connection, _ = listener.accept()
        # The client may hang up at any line.
        with contextlib.suppress(ConnectionError), connection, connection.makefile("rb") as lines:
            for said in script:
                connection.sendall(said)
                heard.append(lines.readline())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return listener.getsockname()[1], heard, thread


@pytest.mark.parametrize(
    ("script", "kind", "cause"),
    [
        # What somebody on the way puts behind the go-ahead would count as said under TLS.
        (
            [b"220 hi\r\n", b"250-hi\r\n250 STARTTLS\r\n", b"220 go ahead\r\n250 injected\r\n"],
            errors.ProtocolError,
            "more than it was asked",
        ),
        ([b"554 no\r\n"], errors.UnavailableError, 'greets with "554 no"'),
        ([b"220-" + b"x" * 40000], errors.ProtocolError, "has no end"),
        ([b"220 hi\r\n", b"250 STARTTLS\r\n", b"454 later\r\n"], errors.UnavailableError, "454 later"),
    ],
)
def test_a_mail_server_that_misbehaves_before_tls_gets_nothing(certificates, script, kind, cause):
    port, heard, thread = wire(script)
    to = cmgateway.Mail(
        f"localhost:{port}", "cmg@contoso.com", ["a@contoso.com"], ca_file=certificates / "root.cer", **LOGIN
    )
    with pytest.raises(kind, match=cause):
        cmgateway.Notices().tell(to, conditions=FULL)
    thread.join(10)
    assert not any(b"AUTH" in line or b"MAIL" in line for line in heard)


def test_a_mail_server_that_says_nothing_is_not_waited_for(certificates):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        to = cmgateway.Mail(
            f"localhost:{silent.getsockname()[1]}",
            "cmg@contoso.com",
            ["a@contoso.com"],
            timeout=datetime.timedelta(milliseconds=300),
        )
        with pytest.raises(errors.TimedOutError, match="did not take it"):
            cmgateway.Notices().tell(to, conditions=FULL)


def test_wrong_settings_of_a_mail_are_told():
    def refused(match, server="smtp.contoso.com", sender="a@contoso.com", to=("b@contoso.com",), **more):
        with pytest.raises(errors.ConfigError, match=match):
            cmgateway.Mail(server, sender, to, **more)

    refused("server: .* no name with a port", server="smtp.contoso.com:no")
    refused("server: ", server="smtp contoso.com")
    refused("sender: .* no mail address", sender="nobody")
    refused("recipients: .* no mail address", to=["a@contoso.com\r\nRCPT TO:<b@contoso.com>"])
    refused("one to 100 are needed", to=[])
    refused("recipients: B@contoso.com is there twice", to=["b@contoso.com", "B@contoso.com"])
    refused("local is for a mail server on this machine", security="local")
    refused("security is one of starttls, tls, local", security="none")
    refused("belong together", user="gateway")
    with pytest.raises(TypeError, match="recipients are mail addresses"):
        cmgateway.Mail("smtp.contoso.com", "a@contoso.com", "b@contoso.com")
    assert repr(cmgateway.Mail("smtp.contoso.com", "a@contoso.com", ["b@contoso.com"])) == (
        "<mail through smtp.contoso.com>"
    )
