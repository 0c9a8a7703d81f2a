//! Checks of a bearer token: what it says, before it is sent.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use time::OffsetDateTime;

use super::run::Run;
use super::verdict::Verdict;
use crate::limits::TOKEN_BYTES_MAX;

/// What stands in a token (RFC 7519); its signature is not checked here.
fn claims(run: &Run) -> Option<Result<Value, String>> {
    let token = run.options.token.as_ref()?.expose();
    Some(read(token))
}

fn read(token: &str) -> Result<Value, String> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(format!("the token has more than {TOKEN_BYTES_MAX} bytes"));
    }
    let parts: Vec<&str> = token.trim().split('.').collect();
    let [_, claims, _] = parts.as_slice() else {
        return Err("the token is no JSON Web Token: it does not have three parts".into());
    };
    let bytes = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('='));
    let bytes = bytes.map_err(|_| "the token's claims are no base64url".to_owned())?;
    serde_json::from_slice(&bytes).map_err(|_| "the token's claims are no JSON".to_owned())
}

pub(super) async fn token_dates(run: &mut Run) -> Verdict {
    let claims = match claims(run) {
        None => return Verdict::skipped("no token was given"),
        Some(Err(cause)) => return Verdict::failed(cause),
        Some(Ok(claims)) => claims,
    };
    let moment = |name: &str| {
        let seconds = claims.get(name).and_then(Value::as_f64)?;
        OffsetDateTime::from_unix_timestamp(seconds as i64).ok()
    };
    match (moment("exp"), moment("nbf")) {
        (None, _) => Verdict::failed("the token does not say when it ends (exp)"),
        (Some(end), _) if end <= run.at => Verdict::failed(format!("the token ended at {end}")),
        (_, Some(start)) if start > run.at => {
            Verdict::failed(format!("the token is not valid before {start}"))
        }
        (Some(end), _) => Verdict::passed(format!("the token is valid until {end}")),
    }
}

pub(super) async fn token_rules(run: &mut Run) -> Verdict {
    let Some(Ok(claims)) = claims(run) else { return Verdict::skipped("no token was given") };
    let Some(rules) = &run.options.token_rules else {
        return Verdict::skipped("the gateway's rules for tokens were not given");
    };
    let texts = |name: &str| -> Vec<String> {
        match claims.get(name) {
            Some(Value::String(text)) => vec![text.clone()],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    };
    let (issuers, audiences) = (texts("iss"), texts("aud"));
    let mut faults = Vec::new();
    if !issuers.iter().any(|each| rules.issuers.contains(each)) {
        faults.push(format!(
            "the token is of the issuer {:?}; accepted are {}",
            issuers.join(", "),
            rules.issuers.join(", ")
        ));
    }
    if !audiences.iter().any(|each| rules.audiences.contains(each)) {
        faults.push(format!(
            "the token is for {:?}; accepted is {}",
            audiences.join(", "),
            rules.audiences.join(", ")
        ));
    }
    Verdict::of_faults(faults, "issuer and audience are ones that the gateway accepts")
}
