"""Whatever a script is given, the answer is an error of ours that names it, and nothing is changed."""

import os

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


@pytest.mark.parametrize("text", ["", " ", "88", A + "0", A[:-1], "88:24", f"{A};{A}"])
def test_a_thumbprint_with_a_mistake_is_refused(sub_ca, text):
    with pytest.raises(Error):
        sub_ca.add(text)
    with pytest.raises(ConfigError):
        cmgateway.cert.Thumbprint.from_hex(text)
    assert len(sub_ca.list()) == 0


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("", ConfigError),
        ("lab.db", ConfigError),
        ("http://cm1/AdminService", ConfigError),
        ("sqlite:", ConfigError),
        ("sqlite:a\0b", ConfigError),
        ("sqlite:no/such/site.db", NotFoundError),
        ("winrm://cm1", UnsupportedError),
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
