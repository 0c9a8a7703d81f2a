"""How long it takes to load a certificate (DER) and get its SHA-1 thumbprint, against `cryptography` in the same run.

Needs a release build: `maturin build --release`, install the wheel, then `python tests/bench/bench_certificates.py`.
The two take turns, so that a busy machine slows both; the medians are compared.
"""

import statistics
import sys
import time
from typing import Callable

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from cmgateway.cert import DevelopmentPki, load_cer

TURNS = 300
LOADS_PER_TURN = 200


def ours(der: bytes) -> str:
    return str(load_cer(der)[0].thumbprint)


def theirs(der: bytes) -> str:
    return x509.load_der_x509_certificate(der).fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303


def seconds(load: Callable[[bytes], str], der: bytes) -> float:
    start = time.perf_counter()
    for _ in range(LOADS_PER_TURN):
        load(der)
    return (time.perf_counter() - start) / LOADS_PER_TURN


def main() -> None:
    pki = DevelopmentPki()
    for name, issued in (("sub-CA", pki.sub_cas[0]), ("server", pki.server)):
        der = issued.certificate.der
        assert ours(der) == theirs(der)
        turns = [(seconds(ours, der), seconds(theirs, der)) for _ in range(TURNS)]
        mine, other = (statistics.median(times) for times in zip(*turns))
        print(
            f"{name} certificate, {len(der)} bytes: cmgateway {mine * 1e6:.2f} µs, "
            f"cryptography {other * 1e6:.2f} µs, ratio {mine / other:.2f}"
        )


if __name__ == "__main__":
    sys.exit(main())
