//! JSON in which no object has a name twice.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value as Json};

/// A JSON value; a name that is in an object twice, by whatever case, is an error, since one of its values would be
/// lost without a word.
#[derive(Debug)]
pub(super) struct StrictJson(pub(super) Json);

impl<'de> Deserialize<'de> for StrictJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Strict).map(StrictJson)
    }
}

struct Strict;

impl<'de> Visitor<'de> for Strict {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Json, E> {
        Ok(flag.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Json, E> {
        Number::from_f64(number).map(Json::Number).ok_or_else(|| E::custom("a number is too large"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut array = Vec::new();
        while let Some(StrictJson(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let (mut object, mut names) = (Map::new(), std::collections::HashSet::new());
        while let Some((name, StrictJson(value))) = members.next_entry::<String, _>()? {
            if !names.insert(name.to_ascii_lowercase()) {
                return Err(A::Error::custom(format!("the name {name:?} is there twice")));
            }
            object.insert(name, value);
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_json_does_but_no_name_twice() {
        let text = r#"{"a":[1,-1,18446744073709551615,1.5,null,true,"x"],"b":{"a":{}},"c":-0.0}"#;
        let StrictJson(strict) = serde_json::from_str(text).unwrap();
        assert_eq!(strict, serde_json::from_str::<Json>(text).unwrap());
        for text in [r#"{"a":1,"A":2}"#, r#"{"x":[{"a":1,"a":1}]}"#, "{", "[1,]", ""] {
            assert!(serde_json::from_str::<StrictJson>(text).is_err(), "{text}");
        }
        // The depth has serde_json's limit.
        assert!(serde_json::from_str::<StrictJson>(&"[".repeat(100_000)).is_err());
    }
}
