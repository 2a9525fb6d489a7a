//! A guard at the door for what others wrote: no number of a recording is so large that sums of it would not fit.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::metrics::MAX_COUNT;

/// The recording of a document, of which only this is looked at.
#[derive(Deserialize)]
#[expect(dead_code, reason = "that it can be read is all there is to know")]
pub(super) struct Counted {
    recording: Parts,
}

/// The parts that are added up. Limits of the machine are not.
#[derive(Deserialize)]
#[expect(dead_code, reason = "that they can be read is all there is to know")]
struct Parts {
    steps: Small,
    connections: Small,
    pairs: Small,
    controls: Option<Small>,
    arrivals: Option<Small>,
}

/// Anything whose numbers can be added up.
struct Small;

impl<'de> Deserialize<'de> for Small {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Walk)
    }
}

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = Small;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a part of a recording")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Small, E> {
        if number <= MAX_COUNT {
            return Ok(Small);
        }
        Err(E::custom(format!(
            "{number} is more than a run can have counted: the file is damaged; take it from where it was written"
        )))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Small, E> {
        Ok(Small)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Small, E> {
        Ok(Small)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Small, E> {
        Ok(Small)
    }

    fn visit_str<E>(self, _: &str) -> Result<Small, E> {
        Ok(Small)
    }

    fn visit_unit<E>(self) -> Result<Small, E> {
        Ok(Small)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Small, A::Error> {
        while list.next_element::<Small>()?.is_some() {}
        Ok(Small)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Small, A::Error> {
        while map.next_entry::<IgnoredAny, Small>()?.is_some() {}
        Ok(Small)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_cannot_be_added_up_are_refused_wherever_they_stand() {
        let read = |steps: &str, limit: u64| {
            let parts = r#""connections":{"opened":3,"x":null,"y":-1.5},"pairs":{"rows":["1 2 3"]}"#;
            let generator = format!(r#""generator":{{"descriptors":{{"limit":{limit}}}}}"#);
            serde_json::from_str::<Counted>(&format!(
                r#"{{"plan":{{"seed":{limit}}},"recording":{{"steps":{steps},{parts},{generator}}}}}"#
            ))
        };
        assert!(read(r#"[{"done":9007199254740992,"ok":true}]"#, u64::MAX).is_ok());
        for steps in
            [r#"[{"done":9007199254740993}]"#, r#"[{"failures":{"shed":[{"count":18446744073709551615}]}}]"#]
        {
            let error = read(steps, 1).err().expect("too much").to_string();
            assert!(error.contains("more than a run can have counted"), "{error}");
        }
    }
}
