"""The dashboard of a running gateway: who gets in, what forms may do, what is shown; in Chromium where there is one."""

import contextlib
import datetime
import html.parser
import http.client
import json
import os
import re
import shutil
import ssl
import subprocess
import time
import urllib.parse

import pytest
from conftest import TARGET, put_gateway

import cmgateway
from cmgateway import errors

TOKEN = "correct-horse-battery-staple"
GIGABYTE = 1 << 30


class Page(html.parser.HTMLParser):
    """What a test wants to know of a page: its elements, and its text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data + "\n"

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


class Browser:
    """Asks with the cookie that it was given, and follows nothing."""

    def __init__(self, url, context=None):
        self.url, self.context, self.cookie = urllib.parse.urlsplit(url), context, None

    def ask(self, method, path, form=None, **headers):
        kind = http.client.HTTPConnection
        more = {}
        if self.url.scheme == "https":
            kind, more = http.client.HTTPSConnection, {"context": self.context}
        connection = kind("localhost" if more else self.url.hostname, self.url.port, timeout=30, **more)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookie:
            headers["Cookie"] = self.cookie
        body = None
        if form is not None:
            body = urllib.parse.urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.text = answer.read().decode()
        finally:
            connection.close()
        if cookie := answer.getheader("Set-Cookie"):
            self.cookie = cookie.split(";")[0]
        return answer

    def page(self, path="/"):
        answer = self.ask("GET", path)
        assert answer.status == 200, answer.text
        return Page(answer.text)

    def sign_in(self, token=TOKEN):
        return self.ask("POST", "/login", {"token": token})

    def form(self):
        """The hidden field of the page's forms."""
        return next(item["value"] for item in self.page().all("input") if item["name"] == "form")


@pytest.fixture
def watched(point_file, tmp_path, certificates):
    """Starts the connection point with a site and a dashboard; more settings may come behind."""
    site = cmgateway.create_site(tmp_path / "watched.db", "GF1")
    put_gateway(site, "localhost", ";".join(_thumbprints(certificates)))
    row = site.gateway("localhost").instance()
    row.TrafficOutInGB = 100
    row.put_()
    (certificates / "token").write_text(f"{TOKEN}\n", encoding="utf-8")
    text = point_file.read_text("utf-8") + f"\n[site]\naddress = 'sqlite:{tmp_path / 'watched.db'}'\n"

    @contextlib.contextmanager
    def start(dashboard="listen = '127.0.0.1:0'\ntoken_file = 'token'\n"):
        point_file.write_text(f"{text}[dashboard]\n{dashboard}", encoding="utf-8")
        with cmgateway.start_connection_point(point_file) as point:
            point.ready(timeout=20)
            yield point

    start.site = site
    return start


def _thumbprints(certificates):
    for number in (1, 2):
        yield str(cmgateway.cert.load_cer(certificates / f"subca{number}.cer")[0].thumbprint)


def test_nobody_gets_in_without_the_token(watched):
    with watched() as point:
        browser = Browser(point.dashboard_url)
        answer = browser.ask("GET", "/")
        assert (answer.status, answer.getheader("Location")) == (303, "/login")
        for method, path in [
            ("GET", "/health.json"),
            ("POST", "/analyze"),
            ("POST", "/logout"),
            ("GET", "/x"),
        ]:
            assert browser.ask(method, path).status == 401, path
        started = time.monotonic()
        answer = browser.sign_in("wrong")
        assert answer.status == 403
        assert time.monotonic() - started > 0.9
        assert "This is not the token" in answer.text
        assert browser.cookie is None
        browser.cookie = "cmgateway=0000"
        assert browser.ask("GET", "/health.json").status == 401
        assert browser.ask("GET", "/health.json", Authorization="Bearer wrong").status == 401
        assert browser.ask("GET", f"/health.json?token={TOKEN}").status == 401, "never in the address"
        large = browser.ask("POST", "/login", {"token": TOKEN, "more": "x" * 10000})
        assert large.status == 403


def test_signing_in_opens_the_page_and_signing_out_closes_it(watched, ask):
    with watched() as point:
        browser = Browser(point.dashboard_url)
        answer = browser.sign_in()
        assert (answer.status, answer.getheader("Location")) == (303, "/")
        assert re.fullmatch(
            r"cmgateway=[0-9a-f]{64}; Path=/; Max-Age=28800; HttpOnly; SameSite=Strict",
            answer.getheader("Set-Cookie"),
        )
        answer = browser.ask("GET", "/")
        policy = answer.getheader("Content-Security-Policy")
        assert policy.startswith("default-src 'none'; style-src 'self'; form-action 'self'")
        assert answer.getheader("Cache-Control") == "no-store"
        assert answer.getheader("X-Content-Type-Options") == "nosniff"
        assert TOKEN not in answer.text
        page = Page(answer.text)
        assert not page.all("script")
        assert not [item for _, item in page.elements if "style" in item]
        outside = [value for _, item in page.elements for value in item.values() if value and "//" in value]
        assert outside == []
        kept = browser.cookie
        assert browser.ask("POST", "/logout", {"form": browser.form()}).status == 303
        browser.cookie = kept
        assert browser.ask("GET", "/").status == 303


def test_what_is_shown_is_what_is_there(watched, ask):
    now = datetime.datetime.now(datetime.timezone.utc)
    monitor = watched.site.gateway("localhost").monitor
    for day, total in [(5, 20), (3, 45), (1, 60)]:
        monitor.record("CP2", total * GIGABYTE, at=now - datetime.timedelta(days=day))
    monitor.check()
    with watched() as point:
        assert ask(TARGET)[0] == 200
        assert ask(TARGET.replace("SMS_MP", "Unknown"))[0] == 404
        until = time.monotonic() + 20
        while not point.health()["refusals"]:
            assert time.monotonic() < until
            time.sleep(0.2)
        health = point.health()
        browser = Browser(point.dashboard_url)
        told = json.loads(browser.ask("GET", "/health.json", Authorization=f"Bearer {TOKEN}").text)
        assert set(told) == set(health)
        assert told["traffic"] == health["traffic"]
        assert health["refusals"] == {"CMGService_Not_Found": 1}
        assert [day["bytes"] for day in health["days"] if day["bytes"]] == [20 << 30, 25 << 30, 15 << 30]
        browser.sign_in()
        page = browser.page()
        for text in [
            "Gateway localhost",
            "60.0 GB of 100 GB, 60 %. Warning from 50 %, critical from 90 %.",
            "$Outbound traffic of localhost: warning",
            "CMGService_Not_Found",
            "SMS_MP",
            "CP1",
        ]:
            assert text in page.text, text
        # What Chart and colours show is there as text and for screen readers.
        assert [item["lang"] for item in page.all("html")] == ["en"]
        sections = page.all("section")
        titles = {item.get("id") for item in page.all("h2")}
        assert len(sections) == 8
        assert {item["aria-labelledby"] for item in sections} == titles
        assert len(page.all("polyline")) == 1
        assert len([item for item in page.all("line") if "limit" in item["class"]]) == 2
        assert len(page.all("rect")) == 14
        regions = [item for item in page.all("div") if item.get("class") == "scroll"]
        assert all(item["tabindex"] == "0" and item["aria-label"] for item in regions)


def test_forms_of_other_pages_do_nothing(watched):
    with watched() as point:
        browser = Browser(point.dashboard_url)
        browser.sign_in()
        form = browser.form()
        assert browser.ask("POST", "/analyze", {}).status == 403
        assert browser.ask("POST", "/analyze", {"form": "0" * 64}).status == 403
        assert browser.ask("POST", "/analyze", {"form": form}, Sec_Fetch_Site="cross-site").status == 403
        assert browser.ask("GET", "/analyze").status == 405
        other = Browser(point.dashboard_url)
        other.sign_in()
        assert other.form() != form
        assert other.ask("POST", "/logout", {"form": form}).status == 403
        assert "Looks for what is wrong" in browser.page().text


def test_the_analyzer_runs_once_at_a_time_and_shows_what_it_found(watched):
    with watched() as point:
        browser = Browser(point.dashboard_url)
        browser.sign_in()
        form = browser.form()
        first, second = (
            browser.ask("POST", "/analyze", {"form": form}, Sec_Fetch_Site="same-origin") for _ in "12"
        )
        assert (first.status, first.getheader("Location")) == (303, "/#analysis")
        assert second.status == 409
        until = time.monotonic() + 60
        while "At work since" in (page := browser.page()).text:
            assert [item["content"] for item in page.all("meta") if "http-equiv" in item] == ["3"]
            assert time.monotonic() < until
            time.sleep(0.3)
        assert "further checks" in page.text
        assert "tunnel" in page.text
        assert not [item for item in page.all("meta") if "http-equiv" in item]


def test_names_from_outside_are_shown_as_they_are(watched, tmp_path):
    evil = "<script>alert(1)</script>&\"'"
    monitor = watched.site.gateway("localhost").monitor
    monitor.record("x", 60 * GIGABYTE)
    monitor.check()
    (row,) = watched.site.query("SELECT * FROM SMS_Alert WHERE Severity = 2").all()
    row.RootCauseMessage = evil
    row.put_()
    with watched() as point:
        browser = Browser(point.dashboard_url)
        browser.sign_in()
        page = browser.page()
        assert not page.all("script")
        assert evil in page.text.replace("\n", "")


def test_over_tls_a_client_certificate_gets_in(watched, certificates, tmp_path):
    settings = "listen = '127.0.0.1:0'\ncertificate = 'server.pem'\nkey = 'server.key'\nclient_roots = ['root.pem']\n"
    with watched(settings) as point:
        assert point.dashboard_url.startswith("https://127.0.0.1:")
        context = ssl.create_default_context(cafile=certificates / "root.pem")
        with pytest.raises(OSError, match=r"(?i)certificate.required"):
            Browser(point.dashboard_url, context).ask("GET", "/")
        context.load_cert_chain(certificates / "client.pem", certificates / "client.key")
        browser = Browser(point.dashboard_url, context)
        page = browser.page()
        assert "Gateway localhost" in page.text
        assert "Sign out" not in page.text
        assert browser.ask("POST", "/analyze", {}).status == 403
        assert browser.ask("POST", "/analyze", {"form": browser.form()}).status == 303
        # The connection point's certificate is of another root.
        foreign = ssl.create_default_context(cafile=certificates / "root.pem")
        foreign.load_cert_chain(
            certificates / "tunnel" / "client.pem", certificates / "tunnel" / "client.key"
        )
        with pytest.raises(OSError, match=r"(?i)alert"):
            Browser(point.dashboard_url, foreign).ask("GET", "/")
    with watched(settings + "token_file = 'token'\n") as point:
        context = ssl.create_default_context(cafile=certificates / "root.pem")
        browser = Browser(point.dashboard_url, context)
        assert browser.ask("GET", "/").status == 303
        answer = browser.sign_in()
        assert answer.getheader("Set-Cookie").startswith("__Host-cmgateway=")
        assert answer.getheader("Set-Cookie").endswith("; Secure")
        assert "Gateway localhost" in browser.page().text


def test_a_stopped_connection_point_has_no_dashboard(watched):
    with watched() as point:
        url = point.dashboard_url
    with pytest.raises(errors.StoppedError):
        point.health()
    with pytest.raises(OSError, match="refused"):
        Browser(url).ask("GET", "/")


def chromium():
    found = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
    if found is None:
        pytest.skip("chromium is not installed")
    return found


@pytest.mark.parametrize(("width", "height"), [(360, 2600), (1280, 1800)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_chromium_shows_it_on_a_phone_and_on_a_desk_light_and_dark(
    watched, ask, tmp_path, width, height, scheme
):
    program = chromium()
    now = datetime.datetime.now(datetime.timezone.utc)
    monitor = watched.site.gateway("localhost").monitor
    for day in range(13, -1, -1):
        at = now - datetime.timedelta(days=day, minutes=1)
        monitor.record("CP2", (14 - day) * 4 * GIGABYTE + (day % 3) * GIGABYTE, at=at)
    monitor.check()
    with watched() as point:
        ask(TARGET)
        ask(TARGET.replace("SMS_MP", "Unknown"))
        browser = Browser(point.dashboard_url)
        browser.sign_in()
        browser.ask("POST", "/analyze", {"form": browser.form()})
        until = time.monotonic() + 60
        while "At work since" in browser.page().text or not point.health()["refusals"]:
            assert time.monotonic() < until
            time.sleep(0.3)
        # Chromium gets the page as it is, from a server that adds no cookie: the session is the proxy's.
        picture = tmp_path / f"{scheme}-{width}.png"
        with signed_in(browser) as url:
            command = [
                program,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                f"--user-data-dir={tmp_path / 'profile'}",
                f"--window-size={width},{height}",
                f"--screenshot={picture}",
                *(["--blink-settings=preferredColorScheme=0"] if scheme == "dark" else []),
                "--virtual-time-budget=3000",
                url,
            ]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert picture.exists(), done.stderr
        assert "Refused to" not in done.stderr, "the page breaks its own policy"
        red, green, blue = corner(picture)
        assert (red + green + blue < 150) == (scheme == "dark")
        if folder := os.environ.get("CMGATEWAY_SCREENSHOTS"):
            shutil.copy(picture, folder)


@contextlib.contextmanager
def signed_in(browser):
    """A server on this machine that hands requests on with the browser's cookie, and answers back unchanged."""
    import http.server
    import threading

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            answer = browser.ask("GET", self.path)
            self.send_response(answer.status)
            for name in ("Content-Type", "Content-Security-Policy", "X-Content-Type-Options"):
                self.send_header(name, answer.getheader(name, ""))
            self.end_headers()
            self.wfile.write(answer.text.encode())

        def log_message(self, *_arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def corner(picture):
    """The colour of the first point of a PNG: the page's background."""
    import struct
    import zlib

    content = picture.read_bytes()
    at, data = 8, b""
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        if content[at + 4 : at + 8] == b"IDAT":
            data += content[at + 8 : at + 8 + length]
        at += 12 + length
    # The first byte of a line says how it is filtered; the first point is itself in every filter.
    return zlib.decompress(data)[1:4]
