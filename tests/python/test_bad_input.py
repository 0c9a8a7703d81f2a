"""Whatever a script is given, the answer is an error of ours that names it, and nothing is changed."""

import contextlib
import os
import subprocess
import sys
import time

import pytest
from conftest import NAME, A, put_gateway

import cmgateway
from cmgateway.errors import (
    AuthError,
    CertificateError,
    ConfigError,
    ConflictError,
    Error,
    NotFoundError,
    UnavailableError,
    UnsupportedError,
)


@pytest.mark.parametrize(
    "name", ["a'b", 'a"b', "a\\b", "gränite", "☃", "x' OR ServiceType<>'", "%", "a" * 10_000]
)
def test_a_strange_service_name_is_not_found(site, name):
    put_gateway(site)
    with pytest.raises(NotFoundError, match=NAME):
        site.gateway(name)
    put_gateway(site, name)
    assert site.gateway(name).service_name == name


@pytest.mark.parametrize("name", ["", "  ", "a\0b"])
def test_a_service_name_that_cannot_be_is_refused(site, name):
    with pytest.raises(ConfigError):
        site.gateway(name)


@pytest.mark.parametrize(
    "text", ["", " ", "88", A + "0", A[:-1], "88:24", f"{A};", A[:-4] + "O962", A + "X", A + ",", A + "."]
)
def test_a_thumbprint_with_a_mistake_is_refused(sub_ca, text):
    with pytest.raises(ConfigError, match=r"hex digit|item 2 of 2"):
        sub_ca.add(text)
    with pytest.raises(ConfigError):
        cmgateway.cert.Thumbprint.from_hex(text)
    assert len(sub_ca.list()) == 0


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("", ConfigError),
        ("lab.db", ConfigError),
        (r"C:\lab.db", ConfigError),
        ("http://cm1/AdminService", ConfigError),
        ("sqlite:", ConfigError),
        ("sqlite:a\0b", ConfigError),
        ("sqlite:no/such/site.db", NotFoundError),
        ("winrm://cm1/sms", ConfigError),
        ("winmgmts://cm1", UnsupportedError),
    ],
)
def test_an_address_that_cannot_be(tmp_path, monkeypatch, url, kind):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kind):
        cmgateway.connect(url)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), 1e30])
def test_a_timeout_that_cannot_be(timeout):
    with pytest.raises(ConfigError, match="timeout"):
        cmgateway.connect("sqlite:x.db", timeout=timeout)


def test_what_is_meant_is_guessed_or_said_without_words_of_rust(tmp_path, site):
    for url in ("lab.db", r"C:\lab.db"):
        with pytest.raises(ConfigError) as caught:
            cmgateway.connect(url)
        assert str(caught.value).endswith(f"did you mean sqlite:{url}?")
    with pytest.raises(TypeError, match="an address is text such as sqlite:"):
        cmgateway.connect(tmp_path / "lab.db")
    with pytest.raises(ConfigError, match=r"a number of seconds above zero, not -1"):
        cmgateway.connect("sqlite:x.db", timeout=-1)
    with pytest.raises(NotFoundError, match="the folder does not exist"):
        cmgateway.create_site(tmp_path / "no" / "folder.db", "GF1")
    with pytest.raises(ConfigError, match="the service name has a control character"):
        site.gateway("x\0y")
    for call in (lambda: site.get(None), lambda: site.delete(1)):
        with pytest.raises(TypeError, match="a path is text or an ObjectPath"):
            call()


def test_an_address_names_the_file_of_a_new_site_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cmgateway.create_site("SQLite:new.db", "GF1").address == "sqlite:new.db"
    assert cmgateway.connect("sqlite:new.db").code() == "GF1"
    assert not [path.name for path in tmp_path.iterdir() if ":" in path.name]


def test_a_token_is_never_shown(tmp_path, site):
    with pytest.raises(ConfigError) as caught:
        cmgateway.connect(site.address, token="s3cret-t0ken")
    assert "s3cret" not in repr(caught.value) + str(caught.value.__dict__)


def test_wrong_types_and_unknown_keywords_are_type_errors(site, sub_ca):
    for call in (
        lambda: cmgateway.connect(1),
        lambda: cmgateway.connect("sqlite:x", colour=1),
        lambda: site.query(1),
        lambda: site.get(1),
        lambda: site.delete(None),
        lambda: site.put("x"),
        lambda: sub_ca.add(1),
        lambda: sub_ca.add([1]),
        lambda: sub_ca.add(None),
        lambda: sub_ca.apply("x"),
        lambda: cmgateway.cert.load_cer(1),
        lambda: 1 in sub_ca.list(),
    ):
        with pytest.raises(TypeError):
            call()


@pytest.mark.parametrize("content", [b"", b"no site", b"SQLite format 3\0" + b"x" * 5000, os.urandom(8192)])
def test_a_file_that_is_no_site(tmp_path, content):
    file = tmp_path / "broken.db"
    file.write_bytes(content)
    with pytest.raises(Error) as caught:
        cmgateway.connect(f"sqlite:{file}").code()
    assert "broken.db" in str(caught.value)
    assert file.read_bytes() == content


def test_a_site_that_is_torn_in_the_middle(site, tmp_path):
    for number in range(50):
        put_gateway(site, f"gw{number}.contoso.com", A * 20)
    file = tmp_path / "torn.db"
    content = (tmp_path / "site.db").read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(Error):
        cmgateway.connect(f"sqlite:{file}").query("SELECT * FROM SMS_AzureService").all()


@pytest.mark.skipif(os.name == "nt", reason="modes of files are no permissions on Windows")
def test_a_read_only_site_can_be_read_and_not_written(tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir()
    put_gateway(cmgateway.create_site(folder / "site.db", "GF1"))
    for path in (*folder.iterdir(), folder):
        path.chmod(0o500 if path.is_dir() else 0o400)
    try:
        if os.access(folder / "site.db", os.W_OK):
            pytest.skip("this user may write everywhere")
        with pytest.raises((AuthError, UnavailableError)):
            cmgateway.connect(f"sqlite:{folder / 'site.db'}").gateway(NAME).sub_ca.add(A)
    finally:
        folder.chmod(0o700)


def test_a_site_is_not_made_over_a_file(site, tmp_path):
    with pytest.raises(ConflictError):
        cmgateway.create_site(tmp_path / "site.db", "GF1")
    for code in ("", "GF", "GF12", "G-1", "☃☃☃"):
        with pytest.raises(ConfigError):
            cmgateway.create_site(tmp_path / "new.db", code)
    with pytest.raises(Error):
        cmgateway.create_site(tmp_path / "no" / "folder.db", "GF1")


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"\x30\x82\x01\x00", b"-----BEGIN CERTIFICATE-----\nxx"]
)
def test_content_that_is_no_certificate(tmp_path, sub_ca, content):
    file = tmp_path / "broken.cer"
    file.write_bytes(content)
    for source in (content, file, str(file)):
        with pytest.raises(CertificateError):
            cmgateway.cert.load_cer(source)
        with pytest.raises(CertificateError):
            sub_ca.add(source)
    with pytest.raises(NotFoundError, match=r"none\.cer"):
        sub_ca.add(["none.cer"])


@pytest.mark.parametrize(
    "content", [b"\x30\x84\x02\xfa\xf0\x7a" + b"\0" * 44, b"-----BEGIN CERTIFICATE-----\n"]
)
def test_a_file_of_50_mb_is_refused_unread(tmp_path, sub_ca, content):
    file = tmp_path / "large.cer"
    with file.open("wb") as out:
        out.write(content)
        out.truncate(50 << 20)
    for call in (
        lambda: cmgateway.cert.load_cer(file),
        lambda: cmgateway.cert.load_cer(file.read_bytes()),
        lambda: sub_ca.add(file),
    ):
        start = time.monotonic()
        with pytest.raises(CertificateError, match="52428800 bytes"):
            call()
        assert time.monotonic() - start < 2


def tlv(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    if size < 0x80:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def test_a_serial_number_of_a_thousand_bytes_is_shown_whole(pki):
    der = pki.sub_cas[0].certificate.der
    # Certificate and its first part have two bytes of length each; then [0] version, then the serial number.
    assert der[:2] == b"\x30\x82"
    assert der[4:6] == b"\x30\x82"
    signed = int.from_bytes(der[6:8], "big")
    version, rest = der[8:13], der[13 : 8 + signed]
    assert rest[0] == 2
    rest = rest[2 + rest[1] :]
    huge = tlv(0x30, tlv(0x30, version, tlv(2, b"\x7f" * 1000), rest), der[8 + signed :])
    (certificate,) = cmgateway.cert.load_cer(huge)
    assert certificate.serial_number.lower() == "7f" * 1000
    assert certificate.subject == pki.sub_cas[0].certificate.subject


def fill_up(path):
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"x" * 4096):
            pass


def put_gateways(site, count):
    for number in range(count):
        put_gateway(site, f"gw{number}.contoso.com", A * 100)


def test_a_full_disk_is_named_and_the_list_stays(tmp_path):
    if not (sys.platform == "linux" and os.geteuid() == 0):
        pytest.skip("only root can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], check=False)
    if mounted.returncode:
        pytest.skip("this root may not mount")
    try:
        with cmgateway.create_site(disk / "site.db", "GF1") as site:
            put_gateway(site, stored=A)
            fill_up(disk / "fill")
            with pytest.raises(UnavailableError, match="full"):
                put_gateways(site, 100)
            assert str(site.gateway(NAME).sub_ca.list()) == A
            (disk / "fill").unlink()
            site.gateway(NAME).sub_ca.set([])
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_pipe_is_no_certificate_and_is_not_waited_for(tmp_path, sub_ca):
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(tmp_path / "pipe.cer")
    for call in (cmgateway.cert.load_cer, sub_ca.add):
        with pytest.raises(CertificateError, match="a pipe"):
            call(tmp_path / "pipe.cer")
