"""Requests and authorities: what `cryptography` makes is read and signed, and what we make it reads and trusts."""

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store

from cmgateway import cert, errors

NOW = datetime.datetime.now(datetime.timezone.utc)
TEMPLATE_NAME = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2")


@pytest.fixture(scope="module")
def root():
    return cert.Authority.root("CN=Contoso Root CA,O=Contoso", key="ec_p256")


@pytest.fixture(scope="module")
def issuing(root):
    return root.sub_ca(
        "CN=Contoso Issuing CA,O=Contoso",
        key="ec_p256",
        path_length=0,
        days=1825,
        crl_urls=["http://pki.contoso.com/issuing.crl"],
        ca_issuer_urls=["http://pki.contoso.com/issuing.cer"],
    )


def foreign(certificate):
    return x509.load_der_x509_certificate(certificate.der)


def verify(root, chain, name):
    """The verdict of `cryptography`."""
    builder = PolicyBuilder().store(Store([foreign(root.certificate)])).time(datetime.datetime.now())
    verifier = builder.build_server_verifier(x509.DNSName(name))
    leaf, *others = [foreign(certificate) for certificate in chain]
    return verifier.verify(leaf, others)


def windows_like_request(*more):
    key = rsa.generate_private_key(65537, 2048)
    builder = x509.CertificateSigningRequestBuilder(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gw")])
    )
    names = x509.SubjectAlternativeName([x509.DNSName("gw.contoso.com")])
    builder = builder.add_extension(names, critical=False)
    value = b"\x1e\x12" + "WebServer".encode("utf-16-be")
    builder = builder.add_extension(x509.UnrecognizedExtension(TEMPLATE_NAME, value), critical=False)
    for oid in more:
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), b"\x05\x00")
        builder = builder.add_extension(extension, critical=False)
    request = builder.sign(key, hashes.SHA256())
    return cert.load_csr(request.public_bytes(serialization.Encoding.PEM))


def test_cryptography_trusts_what_is_issued(root, issuing):
    server = issuing.issue_server(
        ["gw.contoso.com", "*.gw.contoso.com"], subject="CN=gw.contoso.com,O=Contoso"
    )
    assert len(verify(root, server.chain[:2], "gw.contoso.com")) == 3
    theirs = foreign(server.certificate)
    usages = theirs.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert server.certificate.crl_urls == ["http://pki.contoso.com/issuing.crl"]
    assert server.certificate.ca_issuer_urls == ["http://pki.contoso.com/issuing.cer"]
    assert server.private_key.matches(server.certificate)
    assert cert.load_pfx(server.to_pfx(password="p"), "p").key_pairs[0].certificate == server.certificate


def test_a_request_of_cryptography_is_read_and_signed(root, issuing):
    request = windows_like_request()
    request.verify_signature()
    assert request.template == cert.CertificateTemplate("WebServer")
    assert str(request.template) == "WebServer"
    assert request.subject_alternative_names == ["dns:gw.contoso.com"]
    assert (request.key_algorithm, request.key_size_bits) == ("RSA", 2048)
    certificate = issuing.sign(request, extended_key_usage=["serverAuth"])
    assert certificate.template.name == "WebServer"
    assert verify(root, [certificate, issuing.certificate], "gw.contoso.com")


def test_unknown_extensions_are_refused_by_name_or_kept(issuing):
    request = windows_like_request("1.3.6.1.4.1.311.21.10")
    with pytest.raises(errors.ConfigError, match=r"1\.3\.6\.1\.4\.1\.311\.21\.10"):
        issuing.sign(request, extended_key_usage=["serverAuth"])
    kept = issuing.sign(request, extended_key_usage=["serverAuth"], unknown_extensions="keep")
    assert [each.value for each in kept.extensions if each.oid == "1.3.6.1.4.1.311.21.10"] == [b"\x05\x00"]
    with pytest.raises(errors.ConfigError, match="unknown_extensions is one of refuse, keep"):
        issuing.sign(request, unknown_extensions="drop")


def test_cryptography_reads_our_request():
    key = cert.generate_key("rsa_3072")
    request = cert.create_csr(
        key, 'CN=gw.contoso.com, O="Contoso, Ltd."', names=["gw.contoso.com", "10.0.0.1"]
    )
    theirs = x509.load_der_x509_csr(request.der)
    assert theirs.is_signature_valid
    assert theirs.subject.rfc4514_string() == "CN=gw.contoso.com,O=Contoso\\, Ltd."
    assert request.windows_subject == 'CN=gw.contoso.com, O="Contoso, Ltd."'
    assert key.matches_request(request)
    for wrong in ({"names": ["a b"]}, {"key_usage": ["x"]}, {"extended_key_usage": ["x"]}, {"template": ""}):
        with pytest.raises(errors.ConfigError):
            cert.create_csr(key, "CN=x", **wrong)
    with pytest.raises(TypeError, match="names are names as text, in a list"):
        cert.create_csr(key, "CN=x", names="gw.contoso.com")
    with pytest.raises(TypeError, match="create_csr has no argument nmes"):
        cert.create_csr(key, "CN=x", nmes=[])


def test_revocation_lists_are_those_of_cryptography(root):
    one = root.issue_client("client1.contoso.com", key="ec_p256")
    other = root.issue_client("client2.contoso.com", key="ec_p256")
    root.revoke(one.certificate, "keyCompromise", date=NOW)
    root.revoke(other.certificate, "certificateHold")
    crl = root.crl(valid_for=datetime.timedelta(hours=12))
    theirs = x509.load_der_x509_crl(crl.der)
    assert theirs.is_signature_valid(foreign(root.certificate).public_key())
    assert theirs.next_update_utc - theirs.last_update_utc == datetime.timedelta(hours=12)
    entry = theirs.get_revoked_certificate_by_serial_number(foreign(one.certificate).serial_number)
    assert (
        entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
        == x509.ReasonFlags.key_compromise
    )
    root.release(other.certificate)
    delta = root.crl(delta=True)
    assert delta.is_delta
    assert delta.revocation(other.certificate).reason == "removeFromCRL"
    with pytest.raises(errors.ConflictError):
        root.revoke(one.certificate, "superseded")
    with pytest.raises(errors.ConfigError, match="no reason of RFC 5280"):
        root.revoke(one.certificate, "bored")
    again = cert.Authority.load(root.certificate, root.private_key)
    again.continue_from(crl)
    assert int(again.crl().number, 16) == int(crl.number, 16) + 1


def test_an_authority_keeps_its_constraints(root):
    below = root.sub_ca("CN=Only Contoso", key="ec_p256", permitted_names=["contoso.com"], days=30)
    with pytest.raises(errors.ConfigError, match="its own chain does not allow it"):
        below.issue_server("gw.fabrikam.com", key="ec_p256", days=20)
    with pytest.raises(errors.ConfigError, match="it would be valid from"):
        below.issue_server("gw.contoso.com", key="ec_p256", days=31)
    with pytest.raises(errors.ConfigError, match="none of ec_p256"):
        cert.generate_key("rsa_1024")
    with pytest.raises(TypeError, match="days is a whole number"):
        below.issue_server("gw.contoso.com", days=-1)


def test_an_inf_has_what_the_gateway_asks_for():
    text = cert.certreq_inf(
        "CN=gw.contoso.com", names=["gw.contoso.com"], template="WebServer", key="rsa_4096"
    )
    for line in ("KeyLength = 4096", "Exportable = TRUE", 'CertificateTemplate = "WebServer"'):
        assert f"{line}\r\n" in text
