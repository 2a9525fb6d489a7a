//! The files of a quilt as a client sends them: one part each, and one that says something about the others.

use crate::quilt::{File, Tags};
use axum::extract::Multipart;
use axum::extract::multipart::MultipartError;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The part that is no file.
const METADATA: &str = "_metadata";

/// Parts that are not what they should be.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadParts {
    /// The body is no multipart, too large, or ends too early.
    #[error("failed to read the multipart body: {0:?}")]
    Body(#[from] MultipartError),
    /// A part without a name.
    #[error("a part has no name")]
    Nameless,
    /// What is said about the files is not said properly.
    #[error("failed to parse `_metadata`: {0:?}")]
    Metadata(#[from] serde_json::Error),
    /// Something is said twice about a file.
    #[error("duplicate identifier in `_metadata`: {0:?}")]
    Twice(String),
}

/// What is said about one file.
#[derive(Debug, Deserialize)]
struct Said {
    identifier: String,
    tags: Option<Map<String, Value>>,
}

/// Everything that is said, by file.
type Sayings = BTreeMap<String, Tags>;

/// The files of a body, in the order they came.
pub(super) async fn files(mut parts: Multipart) -> Result<Vec<File>, BadParts> {
    let (mut files, mut sayings) = (Vec::new(), Sayings::new());
    while let Some(part) = parts.next_field().await? {
        let name = part.name().ok_or(BadParts::Nameless)?.to_owned();
        let bytes = part.bytes().await?;
        if name == METADATA {
            take(&mut sayings, &bytes)?;
        } else {
            files.push(File { identifier: name, tags: Tags::new(), bytes });
        }
    }
    for file in &mut files {
        file.tags = sayings.get(&file.identifier).cloned().unwrap_or_default();
    }
    Ok(files)
}

fn take(sayings: &mut Sayings, text: &Bytes) -> Result<(), BadParts> {
    for said in serde_json::from_slice::<Vec<Said>>(text)? {
        let tags = said.tags.unwrap_or_default().into_iter().map(|(key, value)| match value {
            Value::String(text) => (key, text),
            other => (key, other.to_string()),
        });
        if sayings.insert(said.identifier.clone(), tags.collect()).is_some() {
            return Err(BadParts::Twice(said.identifier));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(texts: &[&str]) -> Result<Sayings, String> {
        let mut sayings = Sayings::new();
        texts
            .iter()
            .try_for_each(|text| take(&mut sayings, &Bytes::copy_from_slice(text.as_bytes())))
            .map_err(|error| error.to_string())?;
        Ok(sayings)
    }

    #[test]
    fn s5_1_tags_are_text_whatever_they_were() {
        let text = r#"[{"identifier":"a","tags":{"s":"x","n":3,"b":true,"z":null,"l":[1]},"more":1},{"identifier":"b"}]"#;
        let sayings = said(&[text, r#"[{"identifier":"c","tags":null}]"#]).unwrap();
        let expected = [("b", "true"), ("l", "[1]"), ("n", "3"), ("s", "x"), ("z", "null")];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(sayings["a"], expected.into());
        assert_eq!((&sayings["b"], &sayings["c"]), (&Tags::new(), &Tags::new()));
    }

    #[test]
    fn s5_1_what_is_said_badly_or_twice_is_refused() {
        let rows: [(&[&str], &str); 6] = [
            (&["{}"], "failed to parse"),
            (&["["], "failed to parse"),
            (&[r#"[{"tags":{}}]"#], "missing field `identifier`"),
            (&[r#"[{"identifier":"a","tags":[]}]"#], "failed to parse"),
            (&[r#"[{"identifier":"a"},{"identifier":"a"}]"#], "duplicate identifier"),
            (&[r#"[{"identifier":"a"}]"#, r#"[{"identifier":"a"}]"#], "duplicate identifier"),
        ];
        for (texts, why) in rows {
            let error = said(texts).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
