"""A script asks whether certificates are trusted, with a PKI of its own and with every case of NIST's PKITS."""

import contextlib
import datetime
import json

import pytest
from conftest import ROOT

from cmgateway.cert import Verifier, build_chain, load_cer, load_crl
from cmgateway.errors import CertificateError, ConfigError, NotFoundError

CASES = ROOT / ".." / "shared" / "data" / "pkits" / "pkits.jsonl"
DAY = datetime.timedelta(days=1)


def verifier(pki, **options):
    options.setdefault("intermediates", [issued.certificate for issued in pki.sub_cas])
    return Verifier([pki.root.certificate], **options)


def refusal(verifier, leaf, name=None):
    with pytest.raises(CertificateError) as caught:
        verifier.verify(leaf, name)
    return caught.value.context


def test_server_and_client_are_trusted(pki):
    chain = verifier(pki).verify(pki.server.certificate, "localhost")
    assert chain.certificates[0] == pki.server.certificate
    assert chain.root == chain.certificates[-1] == pki.root.certificate
    assert chain.intermediates == chain.certificates[1:-1]
    assert load_cer(chain.authorities_pem().encode()) == chain.certificates[:0:-1]
    verifier(pki).verify(pki.server.certificate, name="127.0.0.1")
    assert verifier(pki, purpose="client_auth").verify(pki.client.certificate).root == pki.root.certificate


def test_each_refusal_has_its_reason(pki):
    server = pki.server.certificate
    assert refusal(verifier(pki), server, "gw.contoso.com")["reason"] == "name_mismatch"
    assert refusal(verifier(pki), pki.client.certificate)["reason"] == "wrong_purpose"
    assert refusal(verifier(pki, at=server.not_after + DAY), server)["reason"] == "expired"
    assert refusal(verifier(pki, at=server.not_before - DAY), server)["reason"] == "not_yet_valid"
    assert refusal(verifier(pki, revocation="leaf"), server)["reason"] == "crl_missing"
    verifier(pki, revocation="leaf", danger_accept_missing_crl=True).verify(server)


def test_a_missing_intermediate_is_named(pki):
    context = refusal(verifier(pki, intermediates=()), pki.server.certificate)
    assert context["reason"] == "unknown_issuer"
    assert context["depth"] == "0"
    assert context["certificate"] == context["chain"] == pki.server.certificate.subject
    assert context["missing"] == pki.server.certificate.issuer
    assert context["thumbprint"] == str(pki.server.certificate.thumbprint)


def test_a_single_issuing_authority_is_trusted_only_where_that_is_said(pki):
    issuer = next(
        ca.certificate for ca in pki.sub_cas if ca.certificate.subject == pki.server.certificate.issuer
    )
    assert refusal(Verifier([issuer]), pki.server.certificate)["reason"] == "unknown_issuer"
    assert Verifier([issuer], partial_chain=True).verify(pki.server.certificate).root == issuer


def test_chains_are_built_and_say_what_is_missing(pki):
    others = [issued.certificate for issued in (pki.root, *pki.sub_cas)]
    chain = build_chain(pki.server.certificate, others)
    assert (chain.is_complete, chain.missing, chain.root) == (True, None, pki.root.certificate)
    assert len(chain.certificates) == 3
    assert load_cer(chain.authorities_pem().encode()) == [chain.root, *chain.intermediates]
    part = build_chain(pki.server.certificate, others[1:])
    assert (part.is_complete, part.root) == (False, None)
    assert part.missing.subject == pki.root.certificate.subject
    assert part.missing.urls == []


def test_arguments_that_cannot_be_are_refused(pki):
    root, server = [pki.root.certificate], pki.server.certificate
    for options in (
        {"purpose": "mail"},
        {"profile": "loose"},
        {"revocation": "all"},
        {"policies": ["no OID"]},
        {"at": datetime.datetime(2026, 1, 1)},
    ):
        with pytest.raises(ConfigError):
            Verifier(root, **options)
    for options in (
        {"danger_allow_md5": True},
        {"partial_chain": 1},
        {"policies": "1.2.3"},
        {"crls": root},
        {"intermediates": server},
        {"at": "now"},
        {"purpose": None},
    ):
        with pytest.raises(TypeError):
            Verifier(root, **options)
    with pytest.raises(TypeError, match="roots are Certificates"):
        Verifier(pki.root.certificate)
    with pytest.raises(ConfigError):
        Verifier(root).verify(server, "not a name")


def signed_list(pki, issued, revoked):
    """A revocation list of a development CA, whose key only the referee can use for that."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization

    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    issuer = x509.load_der_x509_certificate(issued.certificate.der)
    key = serialization.load_pem_private_key(issued.private_key_pem.encode(), None)
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.subject)
    builder = (
        builder.last_update(now - DAY).next_update(now + DAY).add_extension(x509.CRLNumber(0x1A2B), False)
    )
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), False
    )
    for certificate in revoked:
        serial = x509.load_der_x509_certificate(certificate.der).serial_number
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - DAY)
        entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM), now


def test_a_revoked_certificate_is_refused(pki, tmp_path):
    server = pki.server.certificate
    issuer = next(ca for ca in pki.sub_cas if ca.certificate.subject == server.issuer)
    pem, now = signed_list(pki, issuer, [server])
    (tmp_path / "a.crl").write_bytes(pem)
    (crl,) = lists = load_crl(tmp_path / "a.crl")
    assert lists == load_crl(pem) == load_crl(bytearray(pem))
    assert (crl.issuer, crl.number, crl.is_delta, len(crl)) == (server.issuer, "1A2B", False, 1)
    assert (crl.this_update, crl.next_update) == (now - DAY, now + DAY)
    assert (crl.revocation(server).reason, crl.revocation(server).date) == ("keyCompromise", now - DAY)
    assert crl.revocation(pki.root.certificate) is None
    assert refusal(verifier(pki, crls=lists, revocation="leaf"), server)["reason"] == "revoked"
    verifier(pki, crls=lists).verify(server)
    empty, _ = signed_list(pki, issuer, [])
    verifier(pki, crls=load_crl(empty), revocation="leaf").verify(server)
    assert refusal(verifier(pki, crls=load_crl(empty), revocation="chain"), server)["reason"] == "crl_missing"


def test_a_file_without_a_list_is_refused(tmp_path, certificates):
    with pytest.raises(NotFoundError, match=r"missing\.crl"):
        load_crl(tmp_path / "missing.crl")
    with pytest.raises(CertificateError, match=r"root\.cer"):
        load_crl(certificates / "root.cer")


def readable(load, texts):
    """A few are meant not to be readable at all; they are then not there."""
    for text in texts:
        with contextlib.suppress(CertificateError):
            yield from load(text.encode())


def judge(case, dsa):
    settings = case["settings"]
    verifier = Verifier(
        readable(load_cer, case["trusted_certs"]),
        intermediates=readable(load_cer, case["untrusted_intermediates"]),
        crls=readable(load_crl, case["crls"]),
        at=datetime.datetime.fromisoformat(case["validation_time"].replace("Z", "+00:00")),
        revocation="chain",
        policies=settings["initial_policy_set"],
        require_explicit_policy=settings["initial_explicit_policy"],
        inhibit_policy_mapping=settings["initial_policy_mapping_inhibit"],
        inhibit_any_policy=settings["initial_inhibit_any_policy"],
        anchor_expiry=True,
        anchor_constraints=True,
        danger_allow_dsa=dsa,
    )
    return verifier.verify(load_cer(case["peer_certificate"].encode())[0])


def test_every_case_of_nist_is_judged_right():
    if not CASES.is_file():
        pytest.skip("PKITS (../shared/data/pkits/pkits.jsonl) is not there")
    cases = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    wrong = []
    for case in cases:
        try:
            found = judge(case, "dsa" in case["features"]).policies
        except CertificateError as error:
            found = error
        policies = case["settings"].get("user_constrained_policy_set")
        is_right = isinstance(found, list) == (case["expected"] == "SUCCESS")
        if not is_right or (policies and isinstance(found, list) and found != policies):
            wrong.append((case["id"], case["expected"], found))
    assert not wrong
    assert len(cases) == 249
