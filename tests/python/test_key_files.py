"""A script reads and writes keys with their certificates; `cryptography` is the referee."""

import threading
import time

import pytest

from cmgateway.cert import (
    PfxKeyPair,
    load_cer,
    load_p7b,
    load_pfx,
    load_private_key,
    write_p7b,
    write_pfx,
)
from cmgateway.errors import AuthError, CertificateError, ConfigError, NotFoundError

x509 = pytest.importorskip("cryptography.x509")
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # noqa: E402
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12  # noqa: E402

PASSWORD = "Größe 1 ✓"
PROFILES = ["modern", "windows-2016"]
PKCS8 = serialization.PrivateFormat.PKCS8


@pytest.fixture
def pair(pki):
    key = load_private_key(pki.server.private_key_pem.encode())
    return PfxKeyPair(pki.server.certificate, key, "the gateway")


def theirs(pki):
    key = serialization.load_pem_private_key(pki.server.private_key_pem.encode(), None)
    return key, x509.load_der_x509_certificate(pki.server.certificate.der)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_referee_reads_our_pfx(pki, pair, profile):
    written = write_pfx([pair], [pki.root.certificate], password=PASSWORD, profile=profile)
    found = pkcs12.load_pkcs12(written, PASSWORD.encode())
    assert found.cert.certificate.public_bytes(serialization.Encoding.DER) == pair.certificate.der
    assert found.cert.friendly_name == b"the gateway"
    assert [other.certificate.subject.rfc4514_string() for other in found.additional_certs] == [
        pki.root.certificate.subject
    ]
    plain = serialization.NoEncryption()
    assert found.key.private_bytes(serialization.Encoding.DER, PKCS8, plain) == pair.private_key.to_der()


@pytest.mark.parametrize("encryption", ["best", "windows", "none"])
def test_we_read_the_referees_pfx(pki, encryption):
    builder = serialization.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(2000)
    algorithm = {
        "best": serialization.BestAvailableEncryption(PASSWORD.encode()),
        "windows": builder.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())
        .build(PASSWORD.encode()),
        "none": serialization.NoEncryption(),
    }[encryption]
    root = x509.load_der_x509_certificate(pki.root.certificate.der)
    written = pkcs12.serialize_key_and_certificates(b"name", *theirs(pki), [root], algorithm)
    pfx = load_pfx(written, None if encryption == "none" else PASSWORD)
    assert [found.certificate for found in pfx.key_pairs] == [pki.server.certificate]
    assert pfx.key_pairs[0].friendly_name == "name"
    assert pfx.key_pairs[0].private_key == load_private_key(pki.server.private_key_pem.encode())
    assert [found.certificate for found in pfx.certificates] == [pki.root.certificate]
    assert (pfx.keys, pfx.skipped) == ([], [])


@pytest.mark.parametrize("profile", PROFILES)
def test_a_pfx_comes_back_as_it_went(tmp_path, pki, pair, profile):
    others = [issued.certificate for issued in (*pki.sub_cas, pki.root)]
    file = tmp_path / "gateway.pfx"
    file.write_bytes(write_pfx([pair], iter(others), password=PASSWORD, profile=profile))
    for source in (file, str(file), file.read_bytes(), bytearray(file.read_bytes())):
        pfx = load_pfx(source, password=PASSWORD)
        assert pfx.key_pairs == [pair]
        assert [found.certificate for found in pfx.certificates] == others
        assert pfx.password_form == "text"
    assert pfx.mac.algorithm == {"modern": "SHA-256", "windows-2016": "SHA-1"}[profile]
    assert pfx.mac.iterations >= 10_000


def test_a_wrong_password_is_said_to_be_one(tmp_path, pair):
    written = write_pfx([pair], password=PASSWORD, profile="windows-2016")
    (tmp_path / "a.pfx").write_bytes(written)
    for source in (written, tmp_path / "a.pfx"):
        for password, reason in (("wrong", "wrong_password"), (None, "password_needed")):
            with pytest.raises(AuthError) as caught:
                load_pfx(source, password)
            assert caught.value.context["reason"] == reason
            assert PASSWORD not in str(caught.value)
    with pytest.raises(CertificateError) as caught:
        load_pfx(b"no PFX", PASSWORD)
    assert caught.value.context["reason"] == "damaged"


def test_what_cannot_be_written_is_refused(pki, pair):
    mismatch = PfxKeyPair(pki.client.certificate, pair.private_key)
    for pairs, options in (
        ([mismatch], {"password": "x"}),
        ([pair], {"password": ""}),
        ([pair], {"password": "x", "profile": "windows-95"}),
        ([], {"password": "x"}),
    ):
        with pytest.raises(ConfigError):
            write_pfx(pairs, **options)
    with pytest.raises(ConfigError):
        write_p7b([])
    for wrong in (pair, [pki.server], None):
        with pytest.raises(TypeError, match="PfxKeyPairs"):
            write_pfx(wrong, password="x")
        with pytest.raises(TypeError, match="Certificates"):
            write_p7b(wrong)


KEYS = {
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "ec": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("encoding", ["DER", "PEM"])
@pytest.mark.parametrize("password", [None, PASSWORD])
def test_we_read_the_referees_keys(tmp_path, kind, encoding, password):
    made = KEYS[kind]()
    close = (
        serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    )
    file = tmp_path / "a.key"
    file.write_bytes(made.private_bytes(getattr(serialization.Encoding, encoding), PKCS8, close))
    key = load_private_key(file, password)
    assert key == load_private_key(file.read_bytes(), password)
    assert key.kind == kind
    assert key.size_bits == getattr(made, "key_size", 256)
    plain = serialization.NoEncryption()
    assert key.to_der() == made.private_bytes(serialization.Encoding.DER, PKCS8, plain)
    again = serialization.load_pem_private_key(key.to_pem().encode(), None)
    assert again.public_key() == made.public_key()
    if password:
        with pytest.raises(AuthError):
            load_private_key(file, "wrong")


def test_a_key_knows_its_certificate_and_does_not_show_itself(pki, pair):
    key = pair.private_key
    assert key.matches(pki.server.certificate)
    assert not key.matches(pki.client.certificate)
    secret = key.to_pem().splitlines()[2]
    for shown in (key, pair):
        assert secret not in repr(shown)
        assert secret not in str(shown)
        assert key.algorithm in repr(shown)
    with pytest.raises(AttributeError):
        key.kind = "rsa"
    with pytest.raises(TypeError):
        hash(key)


# Ours keeps the order given, which DER would sort; the referee says that it reads it as BER.
@pytest.mark.filterwarnings("ignore:PKCS#7 certificates could not be parsed as DER")
def test_p7b_goes_both_ways(tmp_path, pki):
    certificates = [issued.certificate for issued in (pki.server, *pki.sub_cas, pki.root)]
    written = write_p7b(certificates)
    assert load_p7b(written) == certificates
    der = serialization.Encoding.DER
    read = pkcs7.load_der_pkcs7_certificates(written)
    assert [found.public_bytes(der) for found in read] == [found.der for found in certificates]
    for encoding in (der, serialization.Encoding.PEM):
        file = tmp_path / "a.p7b"
        file.write_bytes(pkcs7.serialize_certificates(read, encoding))
        assert {found.der for found in load_p7b(file)} == {found.der for found in certificates}
    assert load_cer(certificates[0].der) == certificates[:1]


def test_files_that_are_not_there_are_not_found(tmp_path):
    for load in (load_pfx, load_p7b, load_private_key, load_cer):
        with pytest.raises(NotFoundError, match=r"missing\.bin"):
            load(tmp_path / "missing.bin")
        with pytest.raises(TypeError):
            load(7)


def test_other_threads_run_while_a_password_is_tried(pki):
    builder = serialization.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(1_000_000)
    closed = pkcs12.serialize_key_and_certificates(b"n", *theirs(pki), None, builder.build(PASSWORD.encode()))
    trying = threading.Thread(target=load_pfx, args=(closed, PASSWORD))
    trying.start()
    ticks = 0
    while trying.is_alive():
        ticks += 1
        time.sleep(0.001)
    assert ticks > 10
