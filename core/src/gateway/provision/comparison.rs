//! What is wanted against what is there; pure.

use std::collections::BTreeMap;

use serde_json::Value;

/// What is known of the resources, by their keys; None where one is not there.
pub(super) type Observed = BTreeMap<String, Option<Value>>;

/// Members that no service gives back.
const WRITE_ONLY: [&str; 3] = ["customData", "createMode", "pwd"];

/// Puts in what other resources tell: `${identity:/properties/principalId}`. What is not known yet stays as it is.
pub(super) fn resolved(wanted: &Value, observed: &Observed) -> Value {
    match wanted {
        Value::String(text) => {
            let mut text = text.clone();
            let mut from = 0;
            while let Some(start) = text.get(from..).and_then(|rest| rest.find("${")).map(|at| at + from) {
                let Some(length) = text.get(start..).and_then(|rest| rest.find('}')) else { break };
                let inside = text.get(start + 2..start + length).unwrap_or_default();
                let known = inside.split_once(':').and_then(|(key, pointer)| {
                    observed.get(key)?.as_ref()?.pointer(pointer)?.as_str().map(str::to_owned)
                });
                match known {
                    Some(known) => {
                        text.replace_range(start..=start + length, &known);
                        from = start + known.len();
                    }
                    None => from = start + length,
                }
            }
            Value::String(text)
        }
        Value::Array(items) => items.iter().map(|item| resolved(item, observed)).collect(),
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(name, value)| {
                    let name = resolved(&Value::String(name.clone()), observed);
                    (name.as_str().unwrap_or_default().to_owned(), resolved(value, observed))
                })
                .collect(),
        ),
        other => other.clone(),
    }
}

/// True where something still waits for another resource.
pub(super) fn is_open(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("${"),
        Value::Array(items) => items.iter().any(is_open),
        Value::Object(map) => map.iter().any(|(name, value)| name.contains("${") || is_open(value)),
        _ => false,
    }
}

/// Where what is there differs from what is wanted; members that nobody asked for do not count.
pub(super) fn differences(wanted: &Value, seen: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", wanted, seen, &mut found);
    found
}

fn compare(place: &str, wanted: &Value, seen: &Value, found: &mut Vec<String>) {
    match (wanted, seen) {
        (Value::Object(wanted), Value::Object(seen)) => {
            for (name, wanted) in wanted.iter().filter(|(name, _)| !WRITE_ONLY.contains(&name.as_str())) {
                if name.contains("${") {
                    continue;
                }
                let inner = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                let member =
                    seen.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value);
                compare(&inner, wanted, member.unwrap_or(&Value::Null), found);
            }
        }
        (Value::Array(wanted), Value::Array(seen)) => compare_lists(place, wanted, seen, found),
        // An empty list or table may be left out.
        (Value::Array(items), Value::Null) if items.is_empty() => {}
        (Value::Object(map), Value::Null) if map.is_empty() => {}
        (Value::String(text), Value::String(_)) if text.contains("${") => {}
        (Value::String(one), Value::String(other)) if is_same_text(place, one, other) => {}
        (one, other) if one == other => {}
        (Value::Number(one), Value::Number(other)) if one.as_f64() == other.as_f64() => {}
        (Value::Bool(false), Value::Null) => {}
        (one, other) => found.push(format!("{place}: {} → {}", shown(other), shown(one))),
    }
}

fn compare_lists(place: &str, wanted: &[Value], seen: &[Value], found: &mut Vec<String>) {
    let name = |value: &Value| value.get("name").and_then(Value::as_str).map(str::to_ascii_lowercase);
    let is_named = !wanted.is_empty() && wanted.iter().all(|value| name(value).is_some());
    if wanted.len() != seen.len() {
        found.push(format!("{place}: {} → {} items", seen.len(), wanted.len()));
    }
    for (at, one) in wanted.iter().enumerate() {
        let other = match is_named {
            true => seen.iter().find(|other| name(other) == name(one)),
            false => seen.get(at),
        };
        if let Some(other) = other {
            compare(&format!("{place}[{at}]"), one, other, found);
        } else if wanted.len() == seen.len() {
            found.push(format!("{place}[{at}]: missing"));
        }
    }
}

/// Ids, names and words compare without case; locations without blanks as well. What people wrote for people compares as
/// it is.
fn is_same_text(place: &str, one: &str, other: &str) -> bool {
    if place.ends_with("location") {
        crate::azure::is_same_location(one, other)
    } else if place.to_ascii_lowercase().ends_with("description") {
        one == other
    } else {
        one.eq_ignore_ascii_case(other)
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 80 {
        text
    } else {
        format!("{}…", text.chars().take(79).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_nobody_asked_for_does_not_count() {
        let wanted =
            json!({"location": "WestUS2", "properties": {"rules": [{"name": "A", "port": 443}], "x": []}});
        let seen = json!({"location": "West US 2", "etag": "1", "properties": {"Rules": [{"name": "a", "port": 443, "y": 1}]}});
        assert_eq!(differences(&wanted, &seen), Vec::<String>::new());
        let seen = json!({"location": "westus2", "properties": {"rules": [{"name": "a", "port": 80}, {"name": "b"}]}});
        assert_eq!(
            differences(&wanted, &seen),
            ["properties.rules: 2 → 1 items", "properties.rules[0].port: 80 → 443"]
        );
        let (wanted, seen) = (json!({"Description": "For Laptops"}), json!({"Description": "for laptops"}));
        assert_eq!(differences(&wanted, &seen).len(), 1);
    }

    #[test]
    fn what_others_tell_is_put_in() {
        let mut observed = Observed::new();
        observed.insert("identity".to_owned(), Some(json!({"properties": {"principalId": "p"}})));
        let wanted = json!({"a": "${identity:/properties/principalId}", "b": "x ${vault:/y} ${identity:/properties/principalId}"});
        let done = resolved(&wanted, &observed);
        assert_eq!(done, json!({"a": "p", "b": "x ${vault:/y} p"}));
        assert!(is_open(&done) && differences(&done, &json!({"a": "p", "b": "anything"})).is_empty());
    }
}
