"""What the strict profile refuses and lets pass, one rule a line, with certificates made by `cryptography`.

Each line says which part of which certificate is wrong; everything else of the chain keeps the rules.
"""

import datetime
import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID as Eku

from cmgateway.cert import Verifier, load_cer, load_crl
from cmgateway.errors import CertificateError, ConfigError

DER = serialization.Encoding.DER
START, END = datetime.datetime(2025, 1, 1), datetime.datetime(2027, 1, 1)
AT = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
DNS, OID = x509.DNSName, x509.ObjectIdentifier
USAGES = (
    "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign "
    "encipher_only decipher_only"
).split()
UNKNOWN = x509.UnrecognizedExtension(OID("1.3.6.1.4.1.99999.1"), b"\x05\x00")


def usage(*names):
    return x509.KeyUsage(**{name: name in names for name in USAGES})


def names(*all_names):
    return x509.SubjectAlternativeName(list(all_names))


def mail(text):
    return x509.RFC822Name._init_without_validation(text)


def key_id(key, **others):
    made = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    fields = {"authority_cert_issuer": None, "authority_cert_serial_number": None, **others}
    return x509.AuthorityKeyIdentifier(fields.pop("key_identifier", made.key_identifier), **fields)


def subtrees(permitted=None, excluded=None):
    # The checks of `cryptography` would refuse what is to be refused here.
    made = x509.NameConstraints([DNS("x.y")], None)
    made._permitted_subtrees, made._excluded_subtrees = permitted, excluded
    return made


class Made:
    """A certificate and its key; `changes` replaces extensions by their name, None leaves one out."""

    def __init__(
        self,
        subject,
        parent=None,
        *,
        is_ca=False,
        issuer=None,
        serial=None,
        dates=(START, END),
        key=None,
        **changes,
    ):
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.subject = x509.Name.from_rfc4514_string(subject) if subject else x509.Name([])
        signer = parent or self
        parts = {"ski": (x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False)}
        if parent:
            parts["aki"] = (key_id(signer.key), False)
        if is_ca:
            parts["bc"] = (x509.BasicConstraints(True, None), True)
            parts["usage"] = (usage("key_cert_sign", "crl_sign"), True)
        else:
            parts["usage"] = (usage("digital_signature"), True)
            parts["eku"] = (x509.ExtendedKeyUsage([Eku.SERVER_AUTH]), False)
            parts["san"] = (names(DNS("gw.contoso.com")), not subject)
        parts |= changes
        builder = x509.CertificateBuilder(
            signer.subject if issuer is None else issuer, self.subject, self.key.public_key(), 1, *dates
        )
        builder._serial_number = x509.random_serial_number() if serial is None else serial
        builder._extensions = [
            x509.Extension(part[0].oid, part[1], part[0]) for part in parts.values() if part
        ]
        self.made = builder.sign(
            signer.key, None if "MLDSA" in type(signer.key).__name__ else hashes.SHA256()
        )

    @property
    def certificate(self):
        return load_cer(self.made.public_bytes(DER))[0]


def root(**changes):
    return Made("CN=Root", is_ca=True, **changes)


def sub_ca(parent, **changes):
    return Made(f"CN=Sub {id(changes)}", parent, is_ca=True, **changes)


def leaf(parent, subject="CN=gw.contoso.com", **changes):
    return Made(subject, parent, **changes)


def accepted(roots, others, peer, name="gw.contoso.com", **options):
    options = {"at": AT, "profile": "strict", **options}
    try:
        verifier = Verifier(
            [each.certificate for each in roots],
            intermediates=[each.certificate for each in others],
            **options,
        )
        verifier.verify(peer.certificate, name)
    except CertificateError:
        return False
    return True


ROOT = root()
KEY = ec.generate_private_key(ec.SECP256R1())
AIA = x509.AuthorityInformationAccess([x509.AccessDescription(x509.OID_CA_ISSUERS, DNS("contoso.com"))])


def eku(*purposes, critical=False):
    return (x509.ExtendedKeyUsage(list(purposes)), critical)


LEAVES = [
    ("as it should be", {}, True),
    ("no key usage", {"usage": None}, True),
    ("unknown critical extension", {"more": (UNKNOWN, True)}, False),
    ("issuer without a name", {"issuer": x509.Name([])}, False),
    ("no authority key identifier", {"aki": None}, False),
    (
        "keyCertSign without being an authority",
        {"usage": (usage("digital_signature", "key_cert_sign"), True)},
        False,
    ),
    ("an authority", {"bc": (x509.BasicConstraints(True, None), True)}, False),
    ("serial number zero", {"serial": 0}, False),
    ("serial number of 22 bytes", {"serial": int.from_bytes(b"\x7f" * 22, "big")}, False),
    ("authority information access", {"more": (AIA, False)}, True),
    ("authority information access, critical", {"more": (AIA, True)}, False),
    (
        "authority information access, broken",
        {"more": (x509.UnrecognizedExtension(x509.OID_AUTHORITY_INFORMATION_ACCESS, b"broken"), False)},
        False,
    ),
    ("name constraints", {"more": (subtrees([DNS("contoso.com")]), True)}, False),
    ("no alternative names", {"san": None}, False),
    ("critical alternative names beside a subject", {"san": (names(DNS("gw.contoso.com")), True)}, False),
    ("no subject", {"subject": None}, True),
    (
        "no subject, names not critical",
        {"subject": None, "san": (names(DNS("gw.contoso.com")), False)},
        False,
    ),
    ("no purpose", {"eku": None}, False),
    ("critical purposes", {"eku": eku(Eku.SERVER_AUTH, critical=True)}, False),
    ("client only", {"eku": eku(Eku.CLIENT_AUTH)}, False),
    ("server and client", {"eku": eku(Eku.SERVER_AUTH, Eku.CLIENT_AUTH)}, True),
    ("any purpose too", {"eku": eku(Eku.SERVER_AUTH, Eku.ANY_EXTENDED_KEY_USAGE)}, False),
    ("programs too", {"eku": eku(Eku.SERVER_AUTH, Eku.CODE_SIGNING)}, False),
    ("mail too", {"eku": eku(Eku.SERVER_AUTH, Eku.EMAIL_PROTECTION)}, False),
    ("time stamps too", {"eku": eku(Eku.SERVER_AUTH, Eku.TIME_STAMPING)}, False),
    ("revocation answers too", {"eku": eku(Eku.SERVER_AUTH, Eku.OCSP_SIGNING)}, False),
    ("precertificates too", {"eku": eku(Eku.SERVER_AUTH, OID("1.3.6.1.4.1.11129.2.4.4"))}, False),
    ("a key of P-192", {"key": ec.generate_private_key(ec.SECP192R1())}, False),
    ("common name in capitals", {"subject": "CN=GW.contoso.com"}, False),
    ("common name of another host", {"subject": "CN=other.contoso.com"}, False),
    ("common name above the host", {"subject": "CN=contoso.com"}, True),
    (
        "a distribution point that is no address",
        {
            "more": (
                x509.CRLDistributionPoints([x509.DistributionPoint([DNS("a.b")], None, None, None)]),
                False,
            )
        },
        False,
    ),
]


@pytest.mark.parametrize(("what", "changes", "expected"), LEAVES, ids=[case[0] for case in LEAVES])
def test_leaves(what, changes, expected):
    assert accepted([ROOT], [], leaf(ROOT, **changes)) is expected


AUTHORITIES = [
    ("as it should be", {}, True, True),
    ("no basic constraints", {"bc": None}, False, False),
    ("basic constraints not critical", {"bc": (x509.BasicConstraints(True, None), False)}, False, False),
    ("no authority", {"bc": (x509.BasicConstraints(False, None), True)}, False, False),
    ("no keyCertSign", {"usage": (usage("crl_sign"), True)}, False, False),
    ("no key usage", {"usage": None}, True, False),
    ("unknown critical extension", {"more": (UNKNOWN, True)}, False, False),
    ("no subject key identifier", {"ski": None}, False, False),
    ("critical subject key identifier", {"ski": (x509.SubjectKeyIdentifier(b"x" * 20), True)}, False, False),
    ("for servers only", {"more": eku(Eku.SERVER_AUTH)}, False, True),
    ("over", {"dates": (START, datetime.datetime(2025, 12, 31))}, False, False),
    ("policy constraints not critical", {"more": (x509.PolicyConstraints(3, None), False)}, False, False),
    ("name constraints not critical", {"more": (subtrees([DNS("contoso.com")]), False)}, True, True),
    ("permits another host", {"more": (subtrees([DNS("fabrikam.com")]), True)}, False, False),
    ("a permitted name with a wildcard", {"more": (subtrees([DNS("*.contoso.com")]), True)}, False, False),
    (
        "a permitted name with a point in front",
        {"more": (subtrees([DNS(".contoso.com")]), True)},
        False,
        False,
    ),
    ("empty name constraints", {"more": (subtrees(), True)}, False, False),
    ("empty lists of names", {"more": (subtrees([], []), True)}, False, False),
]


@pytest.mark.parametrize(
    ("what", "changes", "as_root", "as_sub_ca"), AUTHORITIES, ids=[case[0] for case in AUTHORITIES]
)
def test_authorities(what, changes, as_root, as_sub_ca):
    top = root(**changes)
    assert accepted([top], [], leaf(top)) is as_root
    middle = sub_ca(ROOT, **changes)
    assert accepted([ROOT], [middle], leaf(middle)) is as_sub_ca


def test_key_identifiers_of_roots():
    for aki, expected in (
        (key_id(KEY), True),
        (key_id(KEY, key_identifier=None), False),
        (key_id(KEY, key_identifier=b"another"), False),
        (key_id(KEY, authority_cert_issuer=[DNS("a")], authority_cert_serial_number=1), False),
    ):
        top = root(key=KEY, aki=(aki, False))
        assert accepted([top], [], leaf(top)) is expected
    top = root(key=KEY, aki=(key_id(KEY), True))
    assert not accepted([top], [], leaf(top))


def test_an_authority_below_another_may_be_an_anchor_if_it_names_its_issuer():
    middle, silent = sub_ca(ROOT), sub_ca(ROOT, aki=None)
    assert accepted([middle], [ROOT], leaf(middle))
    assert not accepted([silent], [ROOT], leaf(silent))
    assert not accepted([middle], [ROOT], leaf(middle), profile="enterprise")
    assert not accepted([middle], [], leaf(middle), partial_chain=False)


def test_addresses_in_common_names_are_written_one_way():
    for common, address, expected in (
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.002.001", "192.0.2.1", False),
        ("0xC0000201", "192.0.2.1", False),
        ("2001:db8::1", "2001:db8::1", True),
        ("2001:DB8::1", "2001:db8::1", False),
        ("2001:db8:0:0:0:0:0:1", "2001:db8::1", False),
    ):
        peer = leaf(ROOT, f"CN={common}", san=(names(x509.IPAddress(ipaddress.ip_address(address))), False))
        assert accepted([ROOT], [], peer, address) is expected, common


def test_wildcards_are_held_against_what_they_stand_for():
    middle = sub_ca(ROOT, more=(subtrees([DNS("contoso.com")], [DNS("bar.contoso.com")]), True))
    peer = leaf(middle, "CN=*.contoso.com", san=(names(DNS("*.contoso.com")), False))
    assert not accepted([ROOT], [middle], peer, "bar.contoso.com")
    middle = sub_ca(ROOT, more=(subtrees([DNS("foo.contoso.com")]), True))
    peer = leaf(middle, "CN=*.contoso.com", san=(names(DNS("*.contoso.com")), False))
    assert not accepted([ROOT], [middle], peer, "foo.contoso.com")


def test_the_second_counts_and_not_its_parts():
    peer = leaf(ROOT)
    end, begin = END.replace(tzinfo=datetime.timezone.utc), START.replace(tzinfo=datetime.timezone.utc)
    part = datetime.timedelta(milliseconds=5)
    for at, expected in (
        (end, True),
        (end + part, True),
        (begin, True),
        (begin - part, False),
        (end + 200 * part, False),
    ):
        assert accepted([ROOT], [], peer, at=at) is expected, at


MAIL = {
    "eku": eku(Eku.EMAIL_PROTECTION),
    "san": (names(mail("user@contoso.com")), False),
    "subject": "CN=User",
}
MAILS = [
    ("as it should be", {}, True),
    ("for clients", {"eku": eku(Eku.CLIENT_AUTH)}, False),
    ("for servers too", {"eku": eku(Eku.EMAIL_PROTECTION, Eku.SERVER_AUTH)}, False),
    ("no key usage", {"usage": None}, False),
    ("for encryption only", {"usage": (usage("key_encipherment"), True)}, True),
    ("for key agreement only", {"usage": (usage("key_agreement"), True)}, True),
    ("no mail address", {"san": (names(DNS("contoso.com")), False)}, False),
    ("another mail address", {"san": (names(mail("other@contoso.com")), False)}, False),
    (
        "two mail addresses",
        {"san": (names(mail("other@contoso.com"), mail("user@Contoso.com")), False)},
        True,
    ),
    ("another mailbox by its case", {"san": (names(mail("User@contoso.com")), False)}, False),
]


@pytest.mark.parametrize(("what", "changes", "expected"), MAILS, ids=[case[0] for case in MAILS])
def test_mail(what, changes, expected):
    peer = leaf(ROOT, **{**MAIL, **changes})
    assert accepted([ROOT], [], peer, "user@contoso.com", purpose="email_protection") is expected


def test_authorities_for_mail_are_for_nothing_else_and_sign_lists():
    for purposes, expected in (
        ([Eku.EMAIL_PROTECTION], True),
        ([Eku.EMAIL_PROTECTION, Eku.SERVER_AUTH], False),
        ([Eku.EMAIL_PROTECTION, Eku.ANY_EXTENDED_KEY_USAGE], False),
    ):
        middle = sub_ca(ROOT, more=eku(*purposes))
        peer = leaf(middle, **MAIL)
        assert accepted([ROOT], [middle], peer, "user@contoso.com", purpose="email_protection") is expected
    middle = sub_ca(ROOT, usage=(usage("key_cert_sign"), True))
    assert not accepted(
        [ROOT], [middle], leaf(middle, **MAIL), "user@contoso.com", purpose="email_protection"
    )


def test_two_at_signs_are_no_mail_address():
    middle = sub_ca(ROOT, more=(subtrees([mail("contoso.com")]), True))
    for text, expected in (("user@contoso.com", True), ("bad@user@contoso.com", False)):
        peer = leaf(
            middle,
            "CN=User",
            san=(names(mail("user@contoso.com"), mail(text)), False),
            eku=eku(Eku.CLIENT_AUTH),
        )
        assert accepted([ROOT], [middle], peer, "user@contoso.com", purpose="client_auth") is expected
    broken = sub_ca(ROOT, more=(subtrees([mail("bad@user@contoso.com")]), True))
    assert not accepted([ROOT], [broken], leaf(broken))


def test_further_purposes_key_usages_and_depth_are_asked_for():
    middle = sub_ca(ROOT)
    peer = leaf(middle, eku=eku(Eku.SERVER_AUTH, OID("1.2.3.4")))
    assert accepted([ROOT], [middle], peer, extended_key_usage=["1.2.3.4"], key_usage=["digitalSignature"])
    assert not accepted([ROOT], [middle], peer, extended_key_usage=["1.2.3.5"])
    assert not accepted([ROOT], [middle], peer, key_usage=["keyAgreement"])
    assert accepted([ROOT], [middle], peer, max_intermediates=1)
    assert not accepted([ROOT], [middle], peer, max_intermediates=0)
    assert accepted([ROOT], [], leaf(ROOT), max_intermediates=0)
    for wrong in ({"extended_key_usage": ["x"]}, {"key_usage": ["x"]}):
        with pytest.raises(ConfigError):
            accepted([ROOT], [middle], peer, **wrong)
    with pytest.raises(TypeError):
        accepted([ROOT], [middle], peer, max_intermediates=-1)


def test_a_call_may_bring_intermediates_and_a_moment():
    middle = sub_ca(ROOT)
    peer = leaf(middle).certificate
    verifier = Verifier([ROOT.certificate], at=AT)
    with pytest.raises(CertificateError):
        verifier.verify(peer)
    assert len(verifier.verify(peer, intermediates=[middle.certificate]).certificates) == 3
    late = datetime.datetime(2028, 1, 1, tzinfo=datetime.timezone.utc)
    with pytest.raises(CertificateError):
        verifier.verify(peer, intermediates=[middle.certificate], at=late)


NUMBER = (x509.CRLNumber(1), False)


def revocation_list(signer, serials=(), *, number=NUMBER, scope=None, key=None):
    builder = x509.CertificateRevocationListBuilder(signer.subject, START, END)
    builder = builder.add_extension(key_id(signer.key), False)
    if number:
        builder = builder.add_extension(*number)
    if scope:
        builder = builder.add_extension(scope, True)
    for serial in serials:
        builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder(serial, START).build())
    return load_crl(builder.sign(key or signer.key, hashes.SHA256()).public_bytes(DER))


def scope(*places, indirect=False):
    return x509.IssuingDistributionPoint(list(places) or None, None, False, False, None, indirect, False)


def test_revocation_lists():
    place = x509.UniformResourceIdentifier("http://contoso.com/a.crl")
    points = x509.CRLDistributionPoints([x509.DistributionPoint([place], None, None, None)])
    peer = leaf(ROOT, more=(points, False))
    serial = peer.made.serial_number
    for what, expected in (
        (revocation_list(ROOT), True),
        (revocation_list(ROOT, [1, 2]), True),
        (revocation_list(ROOT, [serial]), False),
        (revocation_list(ROOT, [1, 1]), False),
        (revocation_list(ROOT, number=None), False),
        (revocation_list(ROOT, number=(x509.CRLNumber(1), True)), False),
        (revocation_list(ROOT, key=KEY), False),
        (revocation_list(ROOT, scope=scope(place)), True),
        (revocation_list(ROOT, scope=scope(place, DNS("contoso.com"))), False),
        (revocation_list(ROOT, scope=scope(place, indirect=True)), False),
    ):
        assert accepted([ROOT], [], peer, crls=what, revocation="chain") is expected
    mute = root(usage=(usage("key_cert_sign"), True))
    assert not accepted([mute], [], leaf(mute), crls=revocation_list(mute), revocation="chain")


@pytest.mark.parametrize("size", ["44", "65", "87"])
def test_ml_dsa_signs_and_does_nothing_else(size):
    mldsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.mldsa")
    generate = getattr(mldsa, f"MLDSA{size}PrivateKey").generate
    top = root(key=generate())
    assert accepted([top], [], leaf(top, key=generate()))
    assert not accepted([top], [], leaf(root(key=generate()), key=generate()))
    for more in ("key_agreement", "key_encipherment"):
        assert not accepted(
            [top], [], leaf(top, key=generate(), usage=(usage("digital_signature", more), True))
        )
