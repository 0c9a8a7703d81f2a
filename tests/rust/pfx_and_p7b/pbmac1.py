"""Replaces the MAC of a PFX by PBMAC1 (RFC 9579), with Python's own PBKDF2 and HMAC."""

import hashlib
import hmac
import sys
from pathlib import Path


def tlv(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    head = bytes([size]) if size < 128 else bytes([0x80 | len(digits)]) + digits
    return bytes([tag]) + head + content


def take(b):
    n, at = b[1], 2
    if n >= 128:
        at = 2 + (n & 127)
        n = int.from_bytes(b[2:at], "big")
    return b[at : at + n], b[: at + n], b[at + n :]


source, target, md, length, stated = sys.argv[1:6]
body = take(Path(source).read_bytes())[0]
_, version, rest = take(body)
safe, safe_whole, _ = take(rest)
content = take(take(take(safe)[2])[0])[0]
number = {"sha1": 7, "sha256": 9, "sha384": 10, "sha512": 11}[md]
prf = tlv(0x30, tlv(6, bytes.fromhex("2a864886f70d02"), bytes([number])), tlv(5))
salt = b"saltsaltsaltsalt"
key_length = [tlv(2, bytes([int(length)]))] if stated == "yes" else []
parameters = tlv(0x30, tlv(4, salt), tlv(2, b"\x08\x00"), *key_length, prf)
kdf = tlv(0x30, tlv(6, bytes.fromhex("2a864886f70d01050c")), parameters)
algorithm = tlv(0x30, tlv(6, bytes.fromhex("2a864886f70d01050e")), tlv(0x30, kdf, prf))
key = hashlib.pbkdf2_hmac(md, "pässword".encode(), salt, 2048, int(length))
value = hmac.new(key, content, md).digest()
mac = tlv(0x30, tlv(0x30, algorithm, tlv(4, value)), tlv(4, b"unused"), tlv(2, b"\x01"))
Path(target).write_bytes(tlv(0x30, version, safe_whole, mac))
