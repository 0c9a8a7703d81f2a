"""Certificates through Python, against `cryptography` in the same run.

Needs a release build: `maturin build --release`, install the wheel, then `python tests/bench/bench_certificates.py`.
The two take turns, so that a busy machine slows both; medians of processor time are compared. One figure on its own
says little: the ratio is what is aimed at.
"""

import datetime
import statistics
import sys
import time
from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import verification

from cmgateway.cert import Authority, Certificate, Verifier, load_cer

TURNS = 200
SECONDS_PER_TURN = 0.004


def thumbprint_ours(der: bytes) -> object:
    return str(load_cer(der)[0].thumbprint)


def thumbprint_theirs(der: bytes) -> object:
    return x509.load_der_x509_certificate(der).fingerprint(hashes.SHA1()).hex().upper()


def fields_ours(der: bytes) -> object:
    """Everything that a script asks a certificate for."""
    found = load_cer(der)[0]
    return (
        found.subject,
        found.issuer,
        found.common_name,
        found.serial_number,
        found.not_before,
        found.not_after,
        found.is_ca,
        found.path_length,
        found.key_algorithm,
        found.key_size_bits,
        found.signature_algorithm,
        found.subject_key_id,
        found.authority_key_id,
        found.key_usage,
        found.extended_key_usage,
        found.subject_alternative_names,
        found.thumbprint,
    )


def fields_theirs(der: bytes) -> object:
    found = x509.load_der_x509_certificate(der)

    def value(kind: type) -> object:
        try:
            return found.extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return None

    constraints = value(x509.BasicConstraints)
    names = value(x509.SubjectAlternativeName)
    usage = value(x509.ExtendedKeyUsage)
    key = found.public_key()
    return (
        found.subject.rfc4514_string(),
        found.issuer.rfc4514_string(),
        [each.value for each in found.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)],
        f"{found.serial_number:X}",
        found.not_valid_before_utc,
        found.not_valid_after_utc,
        constraints and constraints.ca,
        constraints and constraints.path_length,
        type(key).__name__,
        key.key_size,
        found.signature_algorithm_oid.dotted_string,
        value(x509.SubjectKeyIdentifier),
        value(x509.AuthorityKeyIdentifier),
        value(x509.KeyUsage),
        [each.dotted_string for each in usage] if usage else None,
        [str(each.value) for each in names] if names else None,
        found.fingerprint(hashes.SHA1()),
    )


class Chain:
    """A server, its issuing authority and the root, to be verified from their bytes each time."""

    def __init__(self, key: str) -> None:
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        start = now - datetime.timedelta(days=1)
        root = Authority.root("CN=Bench Root,O=Contoso", key=key, not_before=start)
        issuing = root.sub_ca("CN=Bench Issuing CA,O=Contoso", key=key, not_before=start)
        server = issuing.issue_server("gw.contoso.com", key=key, not_before=start)
        self.at = now
        self.root, self.issuing = root.certificate.der, issuing.certificate.der
        self.server = server.certificate.der

    def ours(self, _: bytes) -> object:
        root, issuing, server = (load_cer(each)[0] for each in (self.root, self.issuing, self.server))
        verifier = Verifier([root], intermediates=[issuing], at=self.at)
        return [each.der for each in verifier.verify(server, "gw.contoso.com").certificates]

    def theirs(self, _: bytes) -> object:
        load = x509.load_der_x509_certificate
        store = verification.Store([load(self.root)])
        builder = verification.PolicyBuilder().store(store).time(self.at)
        verifier = builder.build_server_verifier(x509.DNSName("gw.contoso.com"))
        return verifier.verify(load(self.server), [load(self.issuing)])

    def again_ours(self) -> Callable[[bytes], object]:
        verifier = Verifier(load_cer(self.root), at=self.at)

        def verify(_: bytes) -> object:
            others = load_cer(self.issuing)
            return verifier.verify(load_cer(self.server)[0], "gw.contoso.com", intermediates=others)

        return verify

    def again_theirs(self) -> Callable[[bytes], object]:
        load = x509.load_der_x509_certificate
        store = verification.Store([load(self.root)])
        builder = verification.PolicyBuilder().store(store).time(self.at)
        verifier = builder.build_server_verifier(x509.DNSName("gw.contoso.com"))
        return lambda _: verifier.verify(load(self.server), [load(self.issuing)])


def seconds(work: Callable[[bytes], object], der: bytes, times: int) -> float:
    start = time.process_time()
    for _ in range(times):
        work(der)
    return (time.process_time() - start) / times


def compare(
    what: str,
    ours: Callable[[bytes], object],
    theirs: Callable[[bytes], object],
    der: bytes = b"",
    aim: float = 0,
) -> None:
    times = max(1, int(SECONDS_PER_TURN / seconds(theirs, der, 20)))
    turns = [(seconds(ours, der, times), seconds(theirs, der, times)) for _ in range(TURNS)]
    mine, other = (statistics.median(each) for each in zip(*turns))
    goal = f", aim {aim:g}" if aim else ""
    print(
        f"{what}: cmgateway {mine * 1e6:.2f} µs, cryptography {other * 1e6:.2f} µs, {other / mine:.1f} times{goal}"
    )


def main() -> None:
    chains = {"RSA 2048": Chain("rsa_2048"), "P-256": Chain("ec_p256")}
    for kind, chain in chains.items():
        assert thumbprint_ours(chain.server) == thumbprint_theirs(chain.server)
        assert isinstance(load_cer(chain.server)[0], Certificate)
        size = len(chain.server)
        compare(
            f"{kind}, {size} bytes: load and thumbprint",
            thumbprint_ours,
            thumbprint_theirs,
            chain.server,
            5,
        )
        compare(f"{kind}, {size} bytes: load and all fields", fields_ours, fields_theirs, chain.server, 8)
    for kind, chain in chains.items():
        chain.ours(b"")
        chain.theirs(b"")
        compare(f"{kind}: load three certificates and verify the chain", chain.ours, chain.theirs, aim=2)
        compare(f"{kind}: the same with a verifier kept", chain.again_ours(), chain.again_theirs())


if __name__ == "__main__":
    sys.exit(main())
