//! The cache in front of the aggregator: what it keeps, for how long, and which headers it shows.

mod key;
mod layer;
mod shelf;
mod show;

pub(crate) use layer::{Outcome, front};
pub use shelf::{Copy, Found, Shelf, Terms};

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// What the cache looks like from outside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Face {
    /// Like nothing: it shows no headers, and what it keeps it keeps for ever.
    #[default]
    None,
    /// An nginx as the operators' guide sets it up.
    Nginx,
    /// Cloudflare with everything cached.
    Cloudflare,
    /// Fastly, which is Varnish.
    Fastly,
    /// One that shows an nginx's hits without being any faster.
    Liar,
}

/// Every face by its name.
const FACES: [(&str, Face); 5] = [
    ("none", Face::None),
    ("nginx", Face::Nginx),
    ("cloudflare", Face::Cloudflare),
    ("fastly", Face::Fastly),
    ("liar", Face::Liar),
];

/// Text that names no face.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no front called `{0}`: there are none, nginx, cloudflare, fastly and liar")]
pub struct BadFace(String);

impl FromStr for Face {
    type Err = BadFace;

    fn from_str(text: &str) -> Result<Self, BadFace> {
        FACES.iter().find(|row| row.0 == text).map(|row| row.1).ok_or_else(|| BadFace(text.to_owned()))
    }
}

impl fmt::Display for Face {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(FACES.iter().find(|row| row.1 == *self).map_or("", |row| row.0))
    }
}

/// How the cache behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Front {
    /// What it looks like.
    pub face: Face,
    /// How long it keeps a blob; for ever if none.
    pub ttl: Option<Duration>,
    /// How long it keeps a blob that nobody asks for; for ever if none.
    pub idle: Option<Duration>,
    /// How long it keeps a 404; not at all if none.
    pub negative_ttl: Option<Duration>,
    /// Whether a request with any `Cache-Control` goes past it.
    pub bypass: bool,
    /// Whether every `Origin` has copies of its own.
    pub per_origin: bool,
    /// How long after a read its copy can be served.
    pub fill_after: Duration,
}

impl Default for Front {
    fn default() -> Self {
        Self::of(Face::None)
    }
}

const HOUR: Duration = Duration::from_secs(3600);
/// What the aggregator tells caches.
const DAY: Duration = Duration::from_secs(86_400);

impl Front {
    /// A cache as it behaves that has this face.
    #[must_use]
    pub fn of(face: Face) -> Self {
        let none = Self {
            face,
            ttl: None,
            idle: None,
            negative_ttl: None,
            bypass: false,
            per_origin: false,
            fill_after: Duration::ZERO,
        };
        let kept = |negative| Self { ttl: Some(DAY), negative_ttl: Some(negative), ..none.clone() };
        match face {
            Face::None => none,
            Face::Nginx | Face::Liar => {
                Self { idle: Some(HOUR), bypass: true, per_origin: true, ..kept(Duration::from_secs(60)) }
            }
            Face::Cloudflare => kept(Duration::from_secs(180)),
            Face::Fastly => Self { per_origin: true, ..kept(HOUR) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_face_has_its_name() {
        for (name, face) in FACES {
            assert_eq!((name.parse(), face.to_string().as_str()), (Ok(face), name));
        }
        assert!("varnish".parse::<Face>().unwrap_err().to_string().contains("fastly"));
    }

    #[test]
    fn only_a_face_keeps_failures_and_forgets_blobs() {
        for (_, face) in FACES {
            let front = Front::of(face);
            assert_eq!(front.negative_ttl.is_some() && front.ttl == Some(DAY), face != Face::None);
            assert_eq!(front.bypass, matches!(face, Face::Nginx | Face::Liar));
        }
    }
}
