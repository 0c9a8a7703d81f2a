"""Makes the seeds of every fuzz target under `corpus/`, from nothing but Python's `cryptography`."""

import datetime
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HERE = pathlib.Path(__file__).parent
DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM
START, END = datetime.datetime(2026, 1, 1), datetime.datetime(2027, 1, 1)


def save(target: str, name: str, content: bytes) -> None:
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Contoso"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def builder(subject, issuer, key, issuer_key):
    made = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number(), START, END)
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    return made.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False
    )


def authority(subject, issuer, key, issuer_key, **extensions):
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    made = builder(name(subject), name(issuer), key, issuer_key)
    made = made.add_extension(x509.BasicConstraints(True, None), True).add_extension(usage, True)
    for extension in extensions.get("more", ()):
        made = made.add_extension(extension, True)
    return made.sign(issuer_key, hashes.SHA256())


def leaf(issuer, key, issuer_key, names):
    usage = x509.KeyUsage(True, False, True, False, False, False, False, False, False)
    place = x509.DistributionPoint(
        [x509.UniformResourceIdentifier("http://pki.contoso.com/a.crl")], None, None, None
    )
    policy = x509.PolicyInformation(x509.ObjectIdentifier("1.2.3.4"), None)
    issuers = x509.AccessDescription(
        x509.OID_CA_ISSUERS, x509.UniformResourceIdentifier("http://pki.contoso.com/a.cer")
    )
    made = builder(name("localhost"), name(issuer), key, issuer_key)
    for extension, critical in (
        (x509.SubjectAlternativeName(names), False),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        (usage, True),
        (x509.CRLDistributionPoints([place]), False),
        (x509.CertificatePolicies([policy]), False),
        (x509.AuthorityInformationAccess([issuers]), False),
    ):
        made = made.add_extension(extension, critical)
    return made.sign(issuer_key, hashes.SHA256())


def revocation_list(issuer, key, entries, *, base=None, scope=None):
    made = x509.CertificateRevocationListBuilder(name(issuer), START, END)
    made = made.add_extension(x509.CRLNumber(2), False)
    made = made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), False)
    if base:
        made = made.add_extension(x509.DeltaCRLIndicator(base), True)
    if scope:
        made = made.add_extension(scope, True)
    for serial in entries:
        entry = x509.RevokedCertificateBuilder(serial, START)
        entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), False)
        made = made.add_revoked_certificate(entry.build())
    return made.sign(key, hashes.SHA256()).public_bytes(DER)


def certificates() -> None:
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]
    limits = x509.NameConstraints([x509.DNSName("localhost"), x509.DirectoryName(name("localhost"))], None)
    policies = x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("2.5.29.32.0"), None)])
    asks = x509.PolicyConstraints(0, 1)
    root = authority("Root", "Root", keys[0], keys[0])
    issuing = authority("Issuing", "Root", keys[1], keys[0], more=(limits, policies, asks))
    other = authority("Issuing", "Root", keys[1], keys[0])
    server = leaf("Issuing", keys[2], keys[1], [x509.DNSName("localhost")])
    many = [
        x509.RFC822Name("a@contoso.com"),
        x509.DirectoryName(name("x")),
        x509.UniformResourceIdentifier("https://a"),
    ]
    mixed = leaf("Issuing", ed25519.Ed25519PrivateKey.generate(), keys[1], many)
    rsa_leaf = leaf(
        "Issuing", rsa.generate_private_key(65537, 2048), keys[1], [x509.DNSName("*.contoso.com")]
    )
    der = [each.public_bytes(DER) for each in (server, issuing, other, root, mixed, rsa_leaf)]
    for at, each in enumerate(der):
        save("certificate", f"{at}.cer", each)
    save("certificate", "all.pem", server.public_bytes(PEM) + root.public_bytes(PEM))
    scope = x509.IssuingDistributionPoint(
        [x509.UniformResourceIdentifier("http://pki.contoso.com/a.crl")], None, True, False, None, True, False
    )
    lists = [
        revocation_list("Issuing", keys[1], [7, server.serial_number]),
        revocation_list("Issuing", keys[1], []),
        revocation_list("Issuing", keys[1], [9], base=1),
        revocation_list("Issuing", keys[1], [], scope=scope),
        revocation_list("Root", keys[0], []),
    ]
    for at, each in enumerate(lists):
        save("crl", f"{at}.crl", each)
    save("chain", "three", der[0] + der[1] + der[3])
    save("chain", "two ways", der[0] + der[1] + der[2] + der[3])
    save("chain", "revoked", der[0] + lists[0] + der[2] + lists[4] + der[3])
    save("chain", "good", der[0] + lists[1] + lists[2] + der[2] + lists[4] + der[3])
    save("chain", "scope", der[0] + lists[3] + der[2] + lists[4] + der[3])
    key_files(keys[2], server, [issuing, root])
    save("p7b", "three.p7b", pkcs7.serialize_certificates([server, issuing, root], DER))
    save("p7b", "one.pem", pkcs7.serialize_certificates([root], PEM))


def key_files(key, certificate, others) -> None:
    formats = serialization.PrivateFormat
    weak = formats.PKCS12.encryption_builder().kdf_rounds(20)
    kinds = {
        "none": serialization.NoEncryption(),
        "3des": weak.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())
        .build(b"password"),
        "aes": weak.key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(b"password"),
    }
    for kind, encryption in kinds.items():
        save(
            "pfx",
            f"{kind}.pfx",
            pkcs12.serialize_key_and_certificates(b"name", key, certificate, others, encryption),
        )
    encrypted = serialization.BestAvailableEncryption(b"password")
    for kind, encryption in (("plain", serialization.NoEncryption()), ("encrypted", encrypted)):
        save("pfx", f"{kind}.key", key.private_bytes(DER, formats.PKCS8, encryption))
        save("pfx", f"{kind}.pem", key.private_bytes(PEM, formats.PKCS8, encryption))
    save("pfx", "sec1.pem", key.private_bytes(PEM, formats.TraditionalOpenSSL, serialization.NoEncryption()))


def requests() -> None:
    """Requests as OpenSSL and as Windows make them: what certreq adds lies in attributes and extensions of its own."""
    oid = x509.ObjectIdentifier
    template = x509.UnrecognizedExtension(oid("1.3.6.1.4.1.311.20.2"), b"\x1e\x12\0W\0e\0b\0S\0e\0r\0v\0e\0r")
    newer = bytes.fromhex("300f06092b06010401823715080201640201 03".replace(" ", ""))
    extensions = [
        (x509.SubjectAlternativeName([x509.DNSName("gw.contoso.com"), x509.RFC822Name("a@contoso.com")]), False),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.KeyUsage(True, False, True, False, False, False, False, False, False), True),
        (template, False),
        (x509.UnrecognizedExtension(oid("1.3.6.1.4.1.311.21.7"), newer), False),
        (x509.UnrecognizedExtension(oid("1.3.6.1.4.1.311.21.10"), bytes.fromhex("300c300a06082b06010505070301")), False),
        (x509.BasicConstraints(True, 1), True),
    ]
    for kind, key in (
        ("ec", ec.generate_private_key(ec.SECP256R1())),
        ("rsa", rsa.generate_private_key(65537, 2048)),
        ("ed", ed25519.Ed25519PrivateKey.generate()),
    ):
        digest = None if kind == "ed" else hashes.SHA256()
        for count in range(0, len(extensions) + 1, 2):
            made = x509.CertificateSigningRequestBuilder(name("gw"))
            for extension, critical in extensions[:count]:
                made = made.add_extension(extension, critical)
            # 1.3.6.1.4.1.311.13.2.3 is the version of Windows, 2.1.14 what old Windows calls an extension request.
            made = made.add_attribute(oid("1.3.6.1.4.1.311.13.2.3"), b"10.0.20348.2", _tag=None)
            save("csr", f"{kind}{count}.csr", made.sign(key, digest).public_bytes(DER))
        save("csr", f"{kind}.pem", made.sign(key, digest).public_bytes(PEM))


def texts() -> None:
    queries = [
        "SELECT * FROM SMS_AzureService WHERE ServiceType = 'CloudProxyService' AND ServiceCName = 'gw'",
        "SELECT a.Name, b.X FROM SMS_A AS a INNER JOIN SMS_B AS b ON a.Id = b.Id WHERE a.X IN (1, 2, NULL)",
        "SELECT DISTINCT X FROM C WHERE NOT (X LIKE '%a[^b-c]_%' OR Y IS NOT NULL) ORDER BY X DESC",
        "SELECT COUNT(*) FROM C WHERE D > DATEADD(day, -1, GETDATE()) AND E ISA 'F'",
        "SELECT * FROM C WHERE Id IN (SELECT Id FROM D WHERE X = 0x1F OR Y = -1.5e3)",
        "SELECT * FROM __InstanceModificationEvent WITHIN 10 WHERE TargetInstance ISA 'A' GROUP WITHIN 5 HAVING X > 1",
    ]
    paths = [
        "SMS_AzureService.ServiceId=1",
        r'\\cm1\root\sms\site_P01:SMS_X.A="b\"c",D=1,E=TRUE',
        "//./root/cimv2:Win32_Y='z'",
        "A=@",
        "20260101000000.000000+060",
        "00000012000000.000000:000",
        "2026**********.******+***",
    ]
    definitions = [
        "class A { [key] uint32 Id; string Name = \"x\"; boolean B[]; datetime D = \"20260101000000.000000+000\"; };",
        "[abstract, Description(\"a\" \"b\")] class B { [read, Values{\"1\", \"2\"}: ToInstance] sint8 X[4] = {1, -2}; };",
        "class Base { [key] uint32 ID; }; class Sub : Base { [static] uint32 Run([in] string A, [out] uint32 B[]); };",
        '#pragma namespace("\\\\\\\\.\\\\root\\\\x")\nclass C { A ref Other; char16 Z = \'a\'; real64 R = 1.5e3; };',
        "/* a */ class D { // b\n uint64 Big = 0xFFFFFFFFFFFFFFFF; string S = NULL; uint8 O = 017; uint8 Bits = 101b; };",
    ]
    for at, text in enumerate(definitions):
        save("mof", str(at), text.encode())
    for at, text in enumerate(queries):
        save("wql", str(at), text.encode())
    for at, text in enumerate(paths):
        save("object_path", str(at), text.encode())


if __name__ == "__main__":
    certificates()
    requests()
    texts()
