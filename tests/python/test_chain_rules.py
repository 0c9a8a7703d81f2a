"""Chains in which one thing is wrong, or looks wrong and is not: RFC 5280 section 6, rule by rule."""

import pytest
from raw_x509 import (
    DAY,
    NOW,
    Raw,
    basic_constraints,
    element,
    extension,
    integer,
    key_usage,
    octets,
    oid,
    purposes,
    sequence,
)

from cmgateway.cert import Verifier
from cmgateway.errors import CertificateError

rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")

SERVER, CLIENT, ANY = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "2.5.29.37.0"
CA = (basic_constraints(True), key_usage(5, 6))
FOR_TLS = (key_usage(0), purposes(SERVER, CLIENT))


def chain(root=CA, middle=CA, leaf=FOR_TLS, **of):
    top = Raw("Root", None, *root, **of.get("root_is", {}))
    between = Raw("Issuing CA", top, *middle, **of.get("middle_is", {}))
    return Raw("leaf", between, *leaf, **of.get("leaf_is", {})), between, top


def reason(certificates, trusted=None, **options):
    """Good, or why not."""
    leaf, *others = certificates
    options.setdefault("at", NOW)
    verifier = Verifier(
        [each.certificate for each in (trusted or others[-1:])],
        intermediates=[each.certificate for each in others],
        partial_chain=True,
        **options,
    )
    try:
        verifier.verify(leaf.certificate)
    except CertificateError as error:
        return error.context["reason"]
    return "good"


def policies(*kinds):
    return extension("2.5.29.32", sequence(*(sequence(oid(kind)) for kind in kinds)), critical=True)


def mapping(one, other):
    return extension("2.5.29.33", sequence(sequence(oid(one), oid(other))), critical=True)


EXPLICIT_NOW = extension("2.5.29.36", sequence(b"\x80\x01\x00"), critical=True)
NO_MAPPING = extension("2.5.29.36", sequence(b"\x81\x01\x00"), critical=True)
NO_ANY_POLICY = extension("2.5.29.54", integer(0), critical=True)
ONE, TWO, THREE = policies("1.2.3.4"), policies("1.2.3.5"), policies("1.2.3.6")
UNKNOWN = extension("1.2.3.4", octets(b"?"), critical=True)
# Windows' own form of extended key usage, for serverAuth.
APPLICATION = extension("1.3.6.1.4.1.311.21.10", sequence(sequence(oid(SERVER))), critical=True)


def test_authorities_say_that_they_are_authorities():
    assert reason(chain()) == "good"
    assert reason(chain(middle=[key_usage(5, 6)])) == "not_a_ca"
    assert reason(chain(middle=[basic_constraints(False)])) == "not_a_ca"
    assert reason(chain(middle=[basic_constraints(True), key_usage(0)])) == "wrong_key_usage"
    assert reason(chain(middle=[*CA, UNKNOWN])) == "unknown_critical_extension"
    assert reason(chain(leaf=[*FOR_TLS, UNKNOWN])) == "unknown_critical_extension"


def test_a_leaf_has_no_marks_of_an_authority():
    assert reason(chain(leaf=[purposes(SERVER), key_usage(0, 5)])) == "profile_violation"
    assert reason(chain(leaf=[*FOR_TLS, basic_constraints(False, 1)])) == "profile_violation"
    # An authority may be the one in question, except for browsers.
    assert reason(chain(leaf=[purposes(SERVER), key_usage(0, 5), basic_constraints(True)])) == "good"
    assert reason(chain(leaf=[purposes(SERVER), *CA]), profile="strict") == "profile_violation"


def test_an_anchor_is_a_name_and_a_key_unless_asked():
    by_switch = {"anchor_constraints": True}
    for root, why in (
        ([key_usage(5)], "not_a_ca"),
        ([basic_constraints(False)], "not_a_ca"),
        ([basic_constraints(True), key_usage(6)], "wrong_key_usage"),
        ([*CA, purposes(CLIENT)], "wrong_purpose"),
        ([*CA, UNKNOWN], "unknown_critical_extension"),
        ([basic_constraints(True, 0), key_usage(5)], "path_too_long"),
    ):
        certificates = chain(root)
        assert reason(certificates) == "good"
        assert reason(certificates, **by_switch) == why
    old = chain(root_is={"days": (-60, -1)})
    assert (reason(old), reason(old, anchor_expiry=True)) == ("good", "expired")
    assert reason(old, **by_switch) == "good"


@pytest.mark.parametrize(
    ("root", "middle", "leaf", "plain", "with_switch"),
    [
        ([ONE], [ONE, EXPLICIT_NOW], [ONE], "good", "good"),
        ([TWO], [ONE, EXPLICIT_NOW], [ONE], "good", "policy_violation"),
        ([EXPLICIT_NOW], [ONE], [ONE], "good", "good"),
        ([EXPLICIT_NOW], [], [], "good", "policy_violation"),
        ([NO_MAPPING], [ONE, EXPLICIT_NOW, mapping("1.2.3.4", "1.2.3.5")], [TWO], "good", "policy_violation"),
        ([ONE, mapping("1.2.3.4", "1.2.3.6")], [THREE, EXPLICIT_NOW], [THREE], "good", "good"),
        ([ONE, mapping("1.2.3.4", "1.2.3.6")], [ONE, EXPLICIT_NOW], [ONE], "good", "policy_violation"),
        ([NO_ANY_POLICY], [policies("2.5.29.32.0"), EXPLICIT_NOW], [ONE], "good", "policy_violation"),
        ([], [TWO, EXPLICIT_NOW], [ONE], "policy_violation", "policy_violation"),
    ],
)
def test_policies_of_an_anchor(root, middle, leaf, plain, with_switch):
    certificates = chain([*CA, *root], [*CA, *middle], [*FOR_TLS, *leaf])
    assert reason(certificates) == plain
    assert reason(certificates, anchor_constraints=True) == with_switch


def test_a_certificate_that_is_trusted_itself():
    leaf, issuer, root = chain()
    alone = Raw("alone", None, *FOR_TLS)
    for certificate in (leaf, alone):
        assert reason([certificate], [certificate]) == "good"
        assert reason([certificate], [certificate], at=NOW + DAY * 400) == "expired"
        assert reason([certificate], [certificate], purpose="code_signing") == "wrong_purpose"
    assert reason([leaf, issuer, root], [leaf, root]) == "good"
    assert reason([leaf], [issuer, root]) == "good"
    assert reason([leaf], [root]) == "unknown_issuer"
    # What it says about itself counts all the same.
    refused = Raw("alone", None, *FOR_TLS, UNKNOWN)
    assert reason([refused], [refused]) == "unknown_critical_extension"
    needs_policy = Raw("alone", None, *FOR_TLS, ONE)
    assert reason([needs_policy], [needs_policy], require_explicit_policy=True) == "good"
    assert reason([alone], [alone], require_explicit_policy=True) == "policy_violation"


def test_purposes_go_down_the_chain():
    for middle, wanted in (
        ([purposes(CLIENT)], {"server_auth": "wrong_purpose", "client_auth": "good", "any": "good"}),
        ([purposes(ANY, CLIENT)], {"server_auth": "good", "client_auth": "good", "any": "good"}),
        ([], {"server_auth": "good", "client_auth": "good", "any": "good"}),
    ):
        certificates = chain(middle=[*CA, *middle])
        assert {each: reason(certificates, purpose=each) for each in wanted} == wanted
    assert reason(chain(leaf=[key_usage(0)])) == "good"
    assert reason(chain(leaf=[*FOR_TLS[:1], purposes(ANY)])) == "good"


def test_application_policies_of_windows():
    assert reason(chain(leaf=[*FOR_TLS, APPLICATION])) == "good"
    assert reason(chain(leaf=[key_usage(0), APPLICATION])) == "unknown_critical_extension"


@pytest.mark.parametrize(("bits", "plain", "opted"), [(2048, "good", "good"), (1024, "weak_key", "good")])
def test_small_keys_of_leaves(bits, plain, opted):
    certificates = chain(leaf_is={"key": rsa.generate_private_key(65537, bits)})
    assert reason(certificates) == plain
    assert reason(certificates, danger_allow_small_rsa=True) == opted


def test_tiny_keys_have_no_opt_in():
    # A key of 512 bits, whose modulus is no product of anything: nobody signs with it here.
    public = sequence(integer((1 << 511) + 3), integer(65537))
    spki = sequence(sequence(oid("1.2.840.113549.1.1.1"), b"\x05\x00"), element(3, b"\0", public))

    class Tiny:
        def public_key(self):
            return self

        def public_bytes(self, *_):
            return spki

    assert reason(chain(leaf_is={"key": Tiny()}), danger_allow_small_rsa=True) == "weak_key"


def test_key_rollover_and_renewed_authorities():
    old = Raw("Root", None, *CA)
    new = Raw("Root", None, *CA, days=(-30, 300))
    new_by_old = Raw("Root", old, *CA, key=new.key, days=(-30, 300))
    issuing = Raw("Issuing CA", old, *CA)
    issuing_by_new = Raw("Issuing CA", new, *CA, key=issuing.key)
    leaf = Raw("leaf", issuing, *FOR_TLS)
    assert reason([leaf, issuing, old]) == "good"
    assert reason([leaf, issuing_by_new, new_by_old, old]) == "good"
    assert reason([leaf, issuing_by_new, new, new_by_old, old]) == "good"
    assert reason([leaf, issuing_by_new, new]) == "good"


def test_every_missing_issuer_is_named():
    one, other = Raw("One", None, *CA), Raw("Other", None, *CA)
    issuing = Raw("Issuing CA", one, *CA)
    crossed = Raw("Issuing CA", other, *CA, key=issuing.key)
    leaf = Raw("leaf", issuing, *FOR_TLS)
    verifier = Verifier(
        [Raw("Stranger", None, *CA).certificate],
        intermediates=[issuing.certificate, crossed.certificate],
        at=NOW,
    )
    with pytest.raises(CertificateError) as caught:
        verifier.verify(leaf.certificate)
    assert caught.value.context["reason"] == "unknown_issuer"
    assert sorted(caught.value.context["missing"].split("\n")) == ["CN=One", "CN=Other"]
