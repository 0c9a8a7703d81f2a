"""Lists of every shape: which count, which do not, and which are none at all (RFC 5280, sections 5 and 6.3)."""

import pytest
from raw_x509 import (
    ALGORITHM,
    DAY,
    NOW,
    Raw,
    address,
    basic_constraints,
    element,
    extension,
    general_time,
    integer,
    key_usage,
    name,
    octets,
    oid,
    sequence,
    signed,
    utc_time,
)

from cmgateway.cert import Verifier, load_crl
from cmgateway.errors import CertificateError

CA = "Issuing CA"
SIGNS_BOTH = key_usage(5, 6)


def points(*extra):
    url = element(0xA0, element(0xA0, address("http://pki.test/a.crl")))
    return extension("2.5.29.31", sequence(sequence(url, *extra)))


ROOT = Raw("Root", None, basic_constraints(True), SIGNS_BOTH)
AUTHORITY = Raw(CA, ROOT, basic_constraints(True), SIGNS_BOTH)
WITHOUT_USAGE = Raw(CA, ROOT, basic_constraints(True), key=AUTHORITY.key)
MAY_NOT_SIGN_LISTS = Raw(CA, ROOT, basic_constraints(True), key_usage(5), key=AUTHORITY.key)
STRANGER = Raw("Other CA", ROOT, basic_constraints(True), SIGNS_BOTH)
LEAF = Raw("leaf", AUTHORITY, points(), basic_constraints(False))
ANOTHER = element(0xA2, element(0xA4, name("Somebody Else")))
LEAF_OF_ANOTHER_LIST = Raw("leaf", AUTHORITY, points(ANOTHER))
OLD_LEAF = Raw("leaf", AUTHORITY, version=1)
RENEWED = Raw(CA, AUTHORITY, basic_constraints(True), SIGNS_BOTH, points())
LEAF_OF_RENEWED = Raw("leaf", RENEWED, points())

VERSION = integer(1)
FROM = utc_time(NOW - DAY * 5)
UNTIL = utc_time(NOW + DAY * 30)
START = (VERSION, ALGORITHM, AUTHORITY.name, FROM, UNTIL)
UNKNOWN = extension("1.2.3.4", octets(b"?"))
UNKNOWN_CRITICAL = extension("1.2.3.4", octets(b"?"), critical=True)


def list_of(*parts, signer=AUTHORITY):
    return signed(sequence(*parts), signer.key)


def with_extensions(*extensions):
    return list_of(*START, element(0xA0, sequence(*extensions)))


def scope(*fields):
    return with_extensions(extension("2.5.29.28", sequence(*fields), critical=True))


def entry(number, *extensions):
    own = [sequence(*extensions)] if extensions else []
    return sequence(integer(number), utc_time(NOW - DAY * 20), *own)


def entries(*extensions, of=LEAF):
    return sequence(entry(of.number - 50), entry(of.number, *extensions), entry(of.number + 50))


USER_ONLY, CA_ONLY, INDIRECT = (bytes([tag, 1, 0xFF]) for tag in (0x81, 0x82, 0x84))
HERE = element(0xA0, element(0xA0, address("http://pki.test/a.crl")))
ELSEWHERE = element(0xA0, element(0xA0, address("http://pki.test/A.crl")))

GOOD = {
    "plain": list_of(*START),
    "issuer in other letters and another type": list_of(
        VERSION, ALGORITHM, name("iSSUING ca", 0x13), FROM, UNTIL
    ),
    "no next update, and a week has not passed": list_of(VERSION, ALGORITHM, AUTHORITY.name, FROM),
    "version 1": list_of(ALGORITHM, AUTHORITY.name, FROM, UNTIL),
    "dates as GeneralizedTime": list_of(
        VERSION, ALGORITHM, AUTHORITY.name, general_time(NOW - DAY), general_time(NOW + DAY)
    ),
    "an unknown extension that is not critical": with_extensions(UNKNOWN),
    "only leaves": scope(USER_ONLY),
    "the place that the certificate names": scope(HERE),
    "both": scope(HERE, USER_ONLY),
}
REVOKED = {
    "listed": list_of(*START, entries()),
    "no next update": list_of(VERSION, ALGORITHM, AUTHORITY.name, FROM, entries()),
    "an unknown extension of the entry": list_of(*START, entries(UNKNOWN)),
}
USELESS = {
    "no next update, and a week has passed": list_of(
        VERSION, ALGORITHM, AUTHORITY.name, utc_time(NOW - DAY * 8)
    ),
    "over": list_of(VERSION, ALGORITHM, AUTHORITY.name, FROM, utc_time(NOW - DAY)),
    "not yet": list_of(VERSION, ALGORITHM, AUTHORITY.name, utc_time(NOW + DAY), UNTIL),
    "signed by somebody else": list_of(*START, signer=STRANGER),
    "of another issuer": list_of(VERSION, ALGORITHM, STRANGER.name, FROM, UNTIL, signer=STRANGER),
    "an unknown critical extension": with_extensions(UNKNOWN_CRITICAL),
    "an unknown critical extension of a later entry": list_of(
        *START, sequence(entry(LEAF.number), entry(LEAF.number + 1, UNKNOWN_CRITICAL))
    ),
    "another place": scope(ELSEWHERE),
    "only authorities": scope(CA_ONLY),
    "only authorities, here": scope(HERE, CA_ONLY),
    "a list of entries without an entry": list_of(*START, sequence()),
}
NO_LIST = {
    "version 3": list_of(integer(2), *START[1:]),
    "version 1, written out": list_of(integer(0), *START[1:]),
    "version 1 with extensions": list_of(*START[1:], element(0xA0, sequence(UNKNOWN))),
    "version 1 with extensions of an entry": list_of(*START[1:], entries(UNKNOWN)),
    "no version but text": list_of(octets(b"\1"), *START[1:]),
    "no issuer": list_of(VERSION, ALGORITHM, integer(1), FROM),
    "no date": list_of(VERSION, ALGORITHM, AUTHORITY.name, integer(1), FROM),
    "more after the dates": list_of(*START, integer(1)),
    "more after the entries": list_of(*START[:-1], entries(), UNTIL),
    "more after the extensions": list_of(*START, element(0xA0, sequence(UNKNOWN)), integer(1)),
    "an entry without a number": list_of(*START, sequence(sequence(octets(b"\1"), FROM))),
    "an entry without a date": list_of(*START, sequence(sequence(integer(1), integer(1)))),
    "an entry with more": list_of(*START, sequence(sequence(integer(1), FROM, integer(1)))),
    "no entry": list_of(*START, sequence(integer(1))),
    "no signature": sequence(sequence(*START), ALGORITHM, integer(1)),
    "more after the signature": sequence(sequence(*START), ALGORITHM, element(3, b"\0" * 9), integer(1)),
    "an empty scope": scope(),
    "a scope of leaves only and of authorities only": scope(USER_ONLY, CA_ONLY),
    "more than one kind of place": scope(
        element(0xA0, element(0xA0, address("http://pki.test/a.crl")), integer(1))
    ),
}


def status(source, leaf=LEAF, issuer=AUTHORITY, also=(), trusted=ROOT):
    """Good, or the reason of the refusal."""
    verifier = Verifier(
        [trusted.certificate],
        intermediates=[each.certificate for each in (issuer, *also)],
        crls=load_crl(source),
        at=NOW,
        purpose="any",
        revocation="leaf",
        partial_chain=True,
    )
    try:
        verifier.verify(leaf.certificate)
    except CertificateError as error:
        return error.context["reason"]
    return "good"


@pytest.mark.parametrize("source", GOOD.values(), ids=GOOD)
def test_a_list_that_counts(source):
    assert status(source) == "good"


@pytest.mark.parametrize("source", REVOKED.values(), ids=REVOKED)
def test_a_list_that_revokes(source):
    assert status(source) == "revoked"


@pytest.mark.parametrize("source", USELESS.values(), ids=USELESS)
def test_a_list_that_says_nothing(source):
    assert status(source) in ("crl_missing", "crl_expired", "crl_bad_signature", "crl_unusable")


@pytest.mark.parametrize("source", NO_LIST.values(), ids=NO_LIST)
def test_what_is_no_list(source):
    with pytest.raises(CertificateError):
        load_crl(source)


def test_two_algorithms():
    body = sequence(VERSION, sequence(oid("1.2.840.10045.4.3.3")), *START[2:])
    assert status(signed(body, AUTHORITY.key)) == "crl_bad_signature"


def test_who_may_sign():
    plain = GOOD["plain"]
    assert status(plain, issuer=WITHOUT_USAGE) == "good"
    assert status(plain, issuer=MAY_NOT_SIGN_LISTS) == "crl_bad_signature"
    # An anchor's key usage counts for its lists, whether or not its other constraints do.
    assert status(plain, trusted=MAY_NOT_SIGN_LISTS) == "crl_bad_signature"


def test_a_renewed_key_and_lists_signed_by_the_old_one():
    revoked = list_of(*START, entries(of=LEAF_OF_RENEWED))
    for trusted in (ROOT, AUTHORITY):
        assert status(GOOD["plain"], LEAF_OF_RENEWED, RENEWED, [AUTHORITY], trusted) == "good"
        assert status(revoked, LEAF_OF_RENEWED, RENEWED, [AUTHORITY], trusted) == "revoked"
    old = (MAY_NOT_SIGN_LISTS,)
    assert status(GOOD["plain"], LEAF_OF_RENEWED, RENEWED, old) == "crl_bad_signature"
    assert status(list_of(*START, signer=STRANGER), LEAF_OF_RENEWED, RENEWED, [AUTHORITY]) != "good"


def test_two_anchors_of_one_name():
    verifier = Verifier(
        [RENEWED.certificate, AUTHORITY.certificate],
        crls=load_crl(GOOD["plain"]),
        at=NOW,
        purpose="any",
        revocation="leaf",
        partial_chain=True,
    )
    assert verifier.verify(LEAF_OF_RENEWED.certificate).root == RENEWED.certificate


def test_authorities_and_old_certificates():
    assert status(scope(CA_ONLY), RENEWED) == "good"
    assert status(scope(USER_ONLY), RENEWED) == "crl_missing"
    # A certificate of version 1 does not say what it is, and is in neither scope.
    assert status(GOOD["plain"], OLD_LEAF) == "good"
    assert status(scope(USER_ONLY), OLD_LEAF) == "crl_missing"


def test_a_certificate_whose_list_another_authority_signs():
    assert status(GOOD["plain"], LEAF_OF_ANOTHER_LIST) == "crl_missing"
    assert status(scope(HERE, INDIRECT)) == "good"


def test_the_helpers_write_what_libraries_read():
    x509 = pytest.importorskip("cryptography.x509")
    found = x509.load_der_x509_crl(REVOKED["an unknown extension of the entry"])
    assert [each.serial_number for each in found][1] == LEAF.number
