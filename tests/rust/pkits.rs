//! NIST's Public Key Interoperability Test Suite: every case, with the verdict that NIST gives.

// Helpers outside of `#[test]` functions stop a test the same way.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use cmgateway::cert::{
    AnchorChecks, Certificate, Crl, RevocationMode, Verifier, VerifierOptions, load_cer, load_crl,
};
use cmgateway_tests::skip::not_here;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const CASES: &str = "../shared/data/pkits/pkits.jsonl";

/// Cases that need an opt-in, and do fail without it: NIST still counts DSA, which was withdrawn in FIPS 186-5.
const DSA: [&str; 2] = ["::4.1.4::", "::4.1.5::"];

fn texts(case: &Value, field: &str) -> Vec<String> {
    let list = case[field].as_array().into_iter().flatten();
    list.map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn certificates(case: &Value, field: &str) -> Vec<Certificate> {
    // A few certificates are meant not to be readable at all; as intermediates they are then not there.
    texts(case, field).iter().filter_map(|text| load_cer(text.as_bytes()).ok()).flatten().collect()
}

fn verify(case: &Value, dsa: bool) -> Result<Vec<String>, String> {
    let settings = &case["settings"];
    let flag = |name: &str| settings[name].as_bool().unwrap();
    let at = OffsetDateTime::parse(case["validation_time"].as_str().unwrap(), &Rfc3339).unwrap();
    let mut options = VerifierOptions::new(certificates(case, "trusted_certs"), at);
    options.intermediates = certificates(case, "untrusted_intermediates");
    options.crls = texts(case, "crls")
        .iter()
        .filter_map(|text| load_crl(text.as_bytes()).ok())
        .flatten()
        .collect::<Vec<Crl>>();
    options.danger_allow_dsa = dsa;
    options.revocation = RevocationMode::Chain;
    options.anchor_checks = AnchorChecks { expiry: Some(true), constraints: Some(true) };
    options.policies = texts(settings, "initial_policy_set");
    options.require_explicit_policy = flag("initial_explicit_policy");
    options.inhibit_policy_mapping = flag("initial_policy_mapping_inhibit");
    options.inhibit_any_policy = flag("initial_inhibit_any_policy");
    let leaf =
        load_cer(case["peer_certificate"].as_str().unwrap().as_bytes()).map_err(|error| error.to_string())?;
    let verifier = Verifier::new(options).unwrap();
    let chain = verifier.verify(&leaf[0], None).map_err(|error| error.to_string())?;
    Ok(chain.policies().to_vec())
}

#[test]
fn every_case_of_nist_is_judged_right() {
    // Tests run in the folder of their package.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(CASES);
    let Ok(text) = std::fs::read_to_string(&path) else {
        return not_here("NIST's cases");
    };
    let (mut right, mut wrong) = (0, Vec::new());
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let id = case["id"].as_str().unwrap();
        let is_dsa = case["features"].as_array().unwrap().iter().any(|feature| feature == "dsa");
        if DSA.iter().any(|number| id.contains(number)) {
            assert!(verify(&case, false).is_err(), "{id} needs an opt-in");
        }
        let verdict = verify(&case, is_dsa);
        if std::env::var_os("PKITS_SHOW").is_some() {
            println!("{id} {} {verdict:?}", case["expected"]);
        }
        let mut good = verdict.is_ok() == (case["expected"] == "SUCCESS");
        let policies = texts(&case["settings"], "user_constrained_policy_set");
        if let Ok(found) = &verdict
            && !policies.is_empty()
        {
            good &= *found == policies;
        }
        if good {
            right += 1;
        } else {
            wrong.push(format!(
                "{id}: {} expected, policies {policies:?}, found {verdict:?}",
                case["expected"]
            ));
        }
    }
    println!("{right} right");
    assert!(wrong.is_empty(), "{right} right\n{}", wrong.join("\n"));
    assert_eq!(right, 249);
}
