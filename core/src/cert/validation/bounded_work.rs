//! Chains that were made to take for ever: each is refused with the reason of a spent budget, and what was counted is no
//! more than the limits say.
#![allow(clippy::unwrap_used, reason = "helpers outside of #[test] functions stop a test the same way")]

use std::sync::LazyLock;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, GeneralSubtree, IsCa, Issuer, KeyPair,
    NameConstraints,
};
use time::OffsetDateTime;
use time::macros::datetime;

use super::constraints::Constraints;
use super::path_search::{Budget, Goal, Search};
use super::policy::Policies;
use super::refusal::{Refusal, RefusalReason};
use super::store::{Node, Store};
use super::verifier::{Verifier, VerifierOptions};
use crate::cert::Certificate;
use crate::cert::der_writing::{integer, oid, sequence};

const AT: OffsetDateTime = datetime!(2026-03-01 00:00 UTC);

struct Ca {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
}

/// All of one key, so that each signature of a mesh holds and none has to be made anew: a hundred keys add nothing.
static KEY: LazyLock<String> = LazyLock::new(|| KeyPair::generate().unwrap().serialize_pem());

fn key() -> KeyPair {
    KeyPair::from_pem(&KEY).unwrap()
}

fn params(name: &str, is_ca: bool) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) =
        (datetime!(2026-01-01 00:00 UTC), datetime!(2027-01-01 00:00 UTC));
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    params
}

fn root(name: &str, key: KeyPair) -> Ca {
    let params = params(name, true);
    let certificate = Certificate::from_der(params.self_signed(&key).unwrap().der()).unwrap();
    Ca { issuer: Issuer::new(params, key), certificate }
}

impl Ca {
    fn sign(&self, params: &CertificateParams, key: &KeyPair) -> Certificate {
        Certificate::from_der(params.signed_by(key, &self.issuer).unwrap().der()).unwrap()
    }

    fn authority(&self, params: CertificateParams) -> Ca {
        let certificate = self.sign(&params, &key());
        Ca { issuer: Issuer::new(params, key()), certificate }
    }
}

/// The verdict, and what of the budget was spent.
fn spent(options: VerifierOptions, leaf: &Certificate) -> (Option<Refusal>, Budget) {
    let verifier = Verifier::new(options).unwrap();
    let (extra, leaf) = (Store::default(), Node::new(0, leaf.clone(), false));
    let mut search = Search::new(&verifier, &extra, AT);
    let refusal = search.find(&leaf, &Goal::Target { host: None, name: None }).err();
    let (whole, left) = (Budget::WHOLE, search.budget);
    let spent = Budget {
        steps: whole.steps - left.steps,
        paths: whole.paths - left.paths,
        signatures: whole.signatures - left.signatures,
        comparisons: whole.comparisons - left.comparisons,
        revocation: whole.revocation - left.revocation,
    };
    (refusal.map(|refusal| *refusal), spent)
}

/// True where nothing is left of one budget of the search.
fn is_spent(spent: Budget) -> bool {
    spent.paths == Budget::WHOLE.paths || spent.steps == Budget::WHOLE.steps
}

fn options(root: &Ca, intermediates: Vec<Certificate>) -> VerifierOptions {
    let mut options = VerifierOptions::new(vec![root.certificate.clone()], AT);
    options.intermediates = intermediates;
    options
}

/// Layers of four authorities, each certified by every one of the layer above: 4^layers paths.
fn mesh(root: &Ca, layers: usize) -> (Vec<Certificate>, Ca) {
    let mut all = Vec::new();
    let mut above =
        vec![Ca { issuer: Issuer::new(params("Root", true), key()), certificate: root.certificate.clone() }];
    for layer in 0..layers {
        let layer: Vec<Ca> = (0..4)
            .map(|at| {
                let params = params(&format!("{layer}.{at}"), true);
                let made: Vec<Certificate> =
                    above.iter().map(|issuer| issuer.sign(&params, &key())).collect();
                let certificate = made[0].clone();
                all.extend(made);
                Ca { issuer: Issuer::new(params, key()), certificate }
            })
            .collect();
        above = layer;
    }
    (all, above.remove(0))
}

#[test]
fn a_mesh_of_which_every_path_is_refused_is_given_up() {
    let root = root("Root", key());
    let (all, last) = mesh(&root, 8);
    let leaf = last.sign(&params("leaf", false), &key());
    let mut policy = options(&root, all);
    policy.require_explicit_policy = true;
    let (refusal, spent) = spent(policy, &leaf);
    let refusal = refusal.unwrap();
    assert_eq!(refusal.reason, RefusalReason::TooMuchWork);
    assert!(refusal.to_string().contains("policy_violation"), "{refusal}");
    assert!(is_spent(spent) && spent.signatures <= Budget::WHOLE.signatures, "{spent:?}");
}

#[test]
fn a_mesh_without_a_root_is_not_walked() {
    let real = root("Root", key());
    let (all, last) = mesh(&real, 8);
    let leaf = last.sign(&params("leaf", false), &key());
    let (refusal, spent) = spent(options(&root("Other", key()), all), &leaf);
    assert_eq!(refusal.unwrap().reason, RefusalReason::UnknownIssuer);
    assert!(spent.steps <= 4 && spent.signatures == 0 && spent.paths == 0, "{spent:?}");
}

#[test]
fn two_hundred_cross_signed_authorities_are_given_up() {
    let authorities: Vec<Ca> =
        (0..15).map(|at| root(&format!("CA {at}"), KeyPair::generate().unwrap())).collect();
    let mut crossed = Vec::new();
    for issuer in &authorities {
        for subject in authorities.iter().filter(|each| each.certificate != issuer.certificate) {
            let params = params(&subject.certificate.common_name().unwrap(), true);
            crossed.push(issuer.sign(&params, subject.issuer.key()));
        }
    }
    assert_eq!(crossed.len(), 210);
    let leaf = authorities[0].sign(&params("leaf", false), &key());
    let mut policy = options(&authorities[9], crossed.clone());
    policy.require_explicit_policy = true;
    let (refusal, policy_spent) = spent(policy, &leaf);
    assert_eq!(refusal.unwrap().reason, RefusalReason::TooMuchWork);
    assert!(is_spent(policy_spent) && policy_spent.signatures <= 210, "{policy_spent:?}");
    // A root of the right name with another key: every last signature is wrong, and each pair is checked once.
    let (refusal, forged_spent) = spent(options(&root("CA 9", KeyPair::generate().unwrap()), crossed), &leaf);
    assert!(matches!(refusal.unwrap().reason, RefusalReason::TooMuchWork | RefusalReason::BadSignature));
    assert!(forged_spent.signatures <= 210 && forged_spent.steps <= Budget::WHOLE.steps, "{forged_spent:?}");
}

#[test]
fn a_flood_of_name_constraints_is_given_up() {
    let root = root("Root", key());
    let mut flood = params("Flood", true);
    let subtree = |at| GeneralSubtree::DnsName(format!("n{at}.contoso.com"));
    flood.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![],
        excluded_subtrees: (0..2_000).map(subtree).collect(),
    });
    let issuing = root.authority(flood);
    let mut many = params("leaf", false);
    many.subject_alt_names = (0..2_000)
        .map(|at| rcgen::SanType::DnsName(format!("h{at}.fabrikam.com").try_into().unwrap()))
        .collect();
    let leaf = issuing.sign(&many, &key());
    let (refusal, spent) = spent(options(&root, vec![issuing.certificate.clone()]), &leaf);
    assert_eq!(refusal.unwrap().reason, RefusalReason::TooMuchWork);
    assert!(spent.comparisons <= Budget::WHOLE.comparisons);
    // What is left would not pay for one more name.
    assert!(Budget::WHOLE.comparisons - spent.comparisons < 2_000, "{spent:?}");
}

#[test]
fn policies_grow_by_levels_and_not_as_a_tree() {
    const EACH: u32 = 30;
    let kind = |number: u32| oid(&[0x2a, 3, u8::try_from(number).unwrap()]);
    let policies = sequence(
        &(0..EACH)
            .map(|at| sequence(&[&kind(at)]))
            .collect::<Vec<_>>()
            .iter()
            .map(Vec::as_slice)
            .collect::<Vec<_>>(),
    );
    let pairs: Vec<Vec<u8>> = (0..EACH)
        .flat_map(|from| (0..EACH).map(move |to| (from, to)))
        .map(|(from, to)| sequence(&[&kind(from), &kind(to)]))
        .collect();
    let mappings = sequence(&pairs.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let root = root("Root", key());
    let mut all =
        vec![Ca { issuer: Issuer::new(params("Root", true), key()), certificate: root.certificate.clone() }];
    for at in 0..12 {
        let mut made = params(&format!("CA {at}"), true);
        made.custom_extensions = vec![
            CustomExtension::from_oid_content(&[2, 5, 29, 32], policies.clone()),
            CustomExtension::from_oid_content(&[2, 5, 29, 33], mappings.clone()),
        ];
        let next = all.last().unwrap().authority(made);
        all.push(next);
    }
    let path: Vec<Constraints<'_>> =
        all.iter().skip(1).map(|ca| Constraints::read(&ca.certificate).unwrap()).collect();
    let mut state = Policies::new(20, true, false, false);
    for (at, own) in path.iter().enumerate() {
        assert!(state.take(own, false, at + 1 == path.len()));
        // 30^12 nodes in the tree of RFC 5280; here a node for each policy and a link for each mapping.
        assert!(state.size() <= (at + 2) * (900 + 30), "{} after {at}", state.size());
    }
    assert_eq!(state.finish(&[super::policy::ANY_POLICY.to_vec()]).unwrap().len(), 30);
}

#[test]
fn giant_rsa_keys_and_exponents_are_refused_before_any_arithmetic() {
    let algorithm = sequence(&[&oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11]), &[5, 0]]);
    let of = |modulus: usize, exponent: usize| {
        let number = |bytes: usize| {
            let content = [&[0x7f][..], &vec![0xff; bytes - 1]].concat();
            crate::cert::der_writing::element(2, &[&content])
        };
        let numbers = sequence(&[&number(modulus), &number(exponent)]);
        let kind = sequence(&[&oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]), &[5, 0]]);
        let bits = crate::cert::der_writing::element(3, &[&[0], &numbers]);
        [kind, bits].concat()
    };
    let content = algorithm[2..].to_vec();
    for (modulus, exponent, words) in
        [(2_048, 3, "16383 bits"), (128 << 10, 3, "bits"), (256, 256, "exponent"), (1_024, 1_024, "exponent")]
    {
        let verdict = super::signature::verify(
            &of(modulus, exponent),
            None,
            &content,
            b"message",
            &vec![1; modulus],
            super::signature::Allowed::default(),
        );
        let Err(super::signature::SignatureFault::Unsupported(why)) = verdict else {
            unreachable!("{modulus} {exponent}: {verdict:?}")
        };
        assert!(why.contains(words), "{why}");
    }
    assert_eq!(integer(1), [2, 1, 1]);
}
