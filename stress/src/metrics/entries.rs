//! Maps with composite keys in a document: a list of entries, because keys of JSON objects are strings.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
struct Entry<K, V> {
    #[serde(flatten)]
    key: K,
    metrics: V,
}

pub(super) fn serialize<K: Serialize, V: Serialize, S: Serializer>(
    map: &BTreeMap<K, V>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(map.iter().map(|(key, metrics)| Entry { key, metrics }))
}

pub(super) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
where
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let entries = Vec::<Entry<K, V>>::deserialize(deserializer)?;
    Ok(entries.into_iter().map(|Entry { key, metrics }| (key, metrics)).collect())
}
