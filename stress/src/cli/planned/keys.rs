//! The keys of a plan file: they are the flags' names, and this says which of them go where and with which.

/// What may differ from phase to phase.
const OF_A_PHASE: [&str; 19] = [
    "arrivals",
    "blobs",
    "concurrency",
    "concurrency-stages",
    "content",
    "duplicates",
    "duration",
    "grace",
    "max-in-flight",
    "max-size",
    "min-size",
    "order-control",
    "rate",
    "reads",
    "size",
    "stages",
    "steps",
    "threshold",
    "warm-up",
];

/// What tells phases apart: given as a flag, it would make those that say otherwise the same.
const TELLS_APART: [&str; 9] = [
    "arrivals",
    "concurrency",
    "concurrency-stages",
    "max-in-flight",
    "rate",
    "reads",
    "stages",
    "steps",
    "warm-up",
];

/// Flags that exclude each other: where one is said, the others say nothing from farther below.
const EXCLUDES: [(&str, &[&str]); 13] = [
    ("concurrency", &["arrivals", "concurrency-stages", "max-in-flight", "rate", "stages"]),
    ("concurrency-stages", &["arrivals", "concurrency", "max-in-flight", "rate", "stages"]),
    ("rate", &["concurrency", "concurrency-stages", "stages"]),
    ("stages", &["concurrency", "concurrency-stages", "rate"]),
    ("size", &["max-size", "min-size"]),
    ("max-size", &["size"]),
    ("min-size", &["size"]),
    ("reads", &["steps"]),
    ("steps", &["reads"]),
    ("deletable", &["permanent"]),
    ("permanent", &["deletable"]),
    ("quiet", &["verbose"]),
    ("verbose", &["quiet"]),
];

/// The ways to name a list of stored blobs, one of which is enough.
pub(super) const LISTS: [&str; 3] = ["blob-ids", "from-export", "from-log"];

/// What a plan file cannot say: these are about the command line itself.
const NEVER: [&str; 2] = ["help", "plan"];

/// Flags whose values are keys, in whole or in part.
const SECRETS: [&str; 4] = ["aggregator-header", "bearer", "header", "publisher-header"];

/// The addresses, which may hold a password.
const ADDRESSES: [&str; 2] = ["aggregator", "publisher"];

/// Flags with an environment twin that the command line's parser does not read.
pub(in crate::cli) const TWINS: [(&str, &str); 3] = [
    ("aggregator-header", "WALRUS_STRESS_AGGREGATOR_HEADER"),
    ("header", "WALRUS_STRESS_HEADER"),
    ("publisher-header", "WALRUS_STRESS_PUBLISHER_HEADER"),
];

/// Whether the value of this flag is a key, in whole or in part.
pub(in crate::cli) fn is_secret(key: &str) -> bool {
    SECRETS.contains(&key) || ADDRESSES.contains(&key)
}

/// Whether the values are addresses.
pub(super) fn is_address(key: &str) -> bool {
    ADDRESSES.contains(&key)
}

/// Whether it may differ from phase to phase.
pub(super) fn is_of_a_phase(key: &str) -> bool {
    OF_A_PHASE.contains(&key)
}

/// Whether it tells phases apart.
pub(super) fn tells_apart(key: &str) -> bool {
    TELLS_APART.contains(&key)
}

/// Whether a plan file can say it at all.
pub(super) fn is_known(key: &str) -> bool {
    !NEVER.contains(&key)
}

/// Whether `above`, said closer to the user, leaves nothing of `key`.
pub(super) fn silences(above: &str, key: &str) -> bool {
    above == key
        || EXCLUDES.iter().any(|(one, others)| *one == above && others.contains(&key))
        || LISTS.contains(&above) && LISTS.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_above_silences_itself_and_what_it_excludes() {
        for (above, key, silent) in [
            ("seed", "seed", true),
            ("concurrency", "rate", true),
            ("rate", "concurrency", true),
            ("rate", "arrivals", false),
            ("arrivals", "concurrency", false),
            ("size", "min-size", true),
            ("min-size", "max-size", false),
            ("blob-ids", "from-export", true),
            ("blobs", "duration", false),
        ] {
            assert_eq!(silences(above, key), silent, "{above} above {key}");
        }
    }
}
