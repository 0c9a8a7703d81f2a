"""Certificates and revocation lists written element by element, so that tests can also make what no library writes."""

import datetime

import pytest

pytest.importorskip("cryptography")
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cmgateway.cert import load_cer

NOW = datetime.datetime(2026, 3, 9, tzinfo=datetime.timezone.utc)
DAY = datetime.timedelta(days=1)
TRUE = b"\x01\x01\xff"


def element(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def sequence(*parts):
    return element(0x30, *parts)


def integer(number):
    return element(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def octets(*parts):
    return element(4, *parts)


def bits(*places):
    """A named bit list: the first bit is 0."""
    if not places:
        return element(3, b"\0")
    number = sum(1 << (15 - place) for place in places)
    content = number.to_bytes(2, "big").rstrip(b"\0")
    unused = (content[-1] & -content[-1]).bit_length() - 1
    return element(3, bytes([unused]), content)


def oid(text):
    first, second, *rest = (int(arc) for arc in text.split("."))
    content = bytearray([first * 40 + second])
    for arc in rest:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | arc & 0x7F)
        content += bytes(reversed(groups))
    return element(6, bytes(content))


def utc_time(moment):
    return element(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())


def general_time(moment):
    return element(0x18, moment.strftime("%Y%m%d%H%M%SZ").encode())


def name(common_name, tag=0x0C):
    return sequence(element(0x31, sequence(oid("2.5.4.3"), element(tag, common_name.encode()))))


def extension(kind, *value, critical=False):
    return sequence(oid(kind), TRUE if critical else b"", octets(*value))


def key_usage(*places):
    return extension("2.5.29.15", bits(*places), critical=True)


def basic_constraints(ca, path_length=None):
    parts = [TRUE] if ca else []
    return extension("2.5.29.19", sequence(*parts, *path(path_length)), critical=True)


def path(length):
    return [] if length is None else [integer(length)]


def purposes(*kinds):
    return extension("2.5.29.37", sequence(*(oid(kind) for kind in kinds)))


def address(url):
    return element(0x86, url.encode())


ALGORITHM = sequence(oid("1.2.840.10045.4.3.2"))


class Raw:
    """A certificate with its key; `issuer` none signs itself. Version 3 has extensions."""

    serial = 100

    def __init__(self, common_name, issuer=None, *extensions, key=None, version=3, days=(-60, 300)):
        Raw.serial += 1
        self.number = Raw.serial
        self.name = name(common_name)
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        by = issuer or self
        dates = sequence(*(utc_time(NOW + DAY * each) for each in days))
        public = self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        shown = element(0xA0, integer(version - 1)) if version > 1 else b""
        own = element(0xA3, sequence(*extensions)) if extensions else b""
        body = sequence(shown, integer(self.number), ALGORITHM, by.name, dates, self.name, public, own)
        self.der = signed(body, by.key)

    @property
    def certificate(self):
        (found,) = load_cer(self.der)
        return found


def signed(body, key, algorithm=ALGORITHM):
    return sequence(body, algorithm, element(3, b"\0", key.sign(body, ec.ECDSA(hashes.SHA256()))))
