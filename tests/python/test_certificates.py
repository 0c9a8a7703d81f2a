"""A script looks at certificates; `cryptography` is the referee."""

import datetime
import hashlib
import os

import pytest

from cmgateway.cert import Certificate, DevelopmentPki, Thumbprint, load_cer
from cmgateway.errors import ConfigError, ConflictError

x509 = pytest.importorskip("cryptography.x509")


def test_it_says_what_the_referee_says(pki):
    for issued in (pki.root, *pki.sub_cas, pki.server, pki.client):
        ours, theirs = issued.certificate, x509.load_der_x509_certificate(issued.certificate.der)
        assert ours.subject == theirs.subject.rfc4514_string()
        assert ours.issuer == theirs.issuer.rfc4514_string()
        assert int(ours.serial_number.replace(":", ""), 16) == theirs.serial_number
        assert (ours.not_before, ours.not_after) == (theirs.not_valid_before_utc, theirs.not_valid_after_utc)
        assert str(ours.thumbprint) == hashlib.sha1(ours.der).hexdigest().upper()
        assert ours.sha256_thumbprint.lower() == hashlib.sha256(ours.der).hexdigest()
        assert ours.key_size_bits == theirs.public_key().key_size
        basic = theirs.extensions.get_extension_for_class(x509.BasicConstraints).value
        assert ours.is_ca == basic.ca
        assert ours.is_self_issued == (theirs.subject == theirs.issuer)
    assert pki.client.certificate.extended_key_usage == ["clientAuth"]
    assert "dns:localhost" in pki.server.certificate.subject_alternative_names
    assert "keyCertSign" in pki.root.certificate.key_usage


def test_files_are_read_whatever_their_form(certificates, pki):
    der = (certificates / "root.cer").read_bytes()
    pem = (pki.root.certificate_pem + pki.sub_cas[0].certificate_pem).encode()
    assert [c.der for c in load_cer(der)] == [der]
    assert load_cer(pem) == [pki.root.certificate, pki.sub_cas[0].certificate]
    assert load_cer(str(certificates / "root.cer")) == load_cer(certificates / "root.cer") == load_cer(der)
    assert len(load_cer(certificates / "server.pem")) == 2


def test_certificates_and_thumbprints_are_values(pki):
    one, two = (issued.certificate for issued in pki.sub_cas)
    same = load_cer(one.der)[0]
    assert isinstance(same, Certificate)
    assert one == same
    assert one != two
    assert {one, same, two} == {one, two}
    assert {one.thumbprint: 1}[same.thumbprint] == 1
    assert eval(repr(one.thumbprint)) == one.thumbprint == Thumbprint.from_hex(str(one.thumbprint).lower())
    assert one.subject in repr(one)


def test_time_is_asked_for_with_a_zone(pki):
    certificate = pki.root.certificate
    assert certificate.is_valid_at()
    assert not certificate.is_expired()
    assert certificate.is_expired(certificate.not_after + datetime.timedelta(seconds=1))
    assert not certificate.is_valid_at(at=certificate.not_before - datetime.timedelta(seconds=1))
    with pytest.raises(ConfigError, match="time zone"):
        certificate.is_expired(datetime.datetime(2026, 1, 1))


def test_a_development_pki_is_written_once(tmp_path):
    pki = DevelopmentPki(organization="Fabrikam", sub_cas=1, server_names=["gw.fabrikam.com"])
    files = pki.write_to(tmp_path / "new")
    assert sorted(path.name for path in files) == sorted(path.name for path in (tmp_path / "new").iterdir())
    if os.name == "posix":
        assert (tmp_path / "new" / "server.key").stat().st_mode & 0o077 == 0
    assert "PRIVATE KEY" in pki.server.private_key_pem
    assert "PRIVATE" not in repr(pki.server)
    with pytest.raises(ConflictError):
        pki.write_to(tmp_path / "new")
    for options in ({"sub_cas": 0}, {"server_names": []}, {"organization": "x" * 200}):
        with pytest.raises(ConfigError):
            DevelopmentPki(**options)
