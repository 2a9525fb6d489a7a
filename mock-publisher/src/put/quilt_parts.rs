//! The multipart body of a quilt: one part for each file, and optional parts with metadata.

use crate::quilt::{QuiltFile, Tags};
use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::BTreeMap;

/// The name of the parts that are not files.
const METADATA: &str = "_metadata";

/// The most bytes of all these parts. They are checked before they are parsed, because JSON takes some twenty times its
/// size in memory; 12 KiB of tags for each of the 666 files of a quilt fit in.
const MAX_METADATA: usize = 8 << 20;

/// A multipart body that is not a quilt.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadParts {
    /// The body is no multipart, too large, or ends too early.
    #[error("failed to read the multipart body: {0:?}")]
    Body(#[from] MultipartError),
    /// A part without a name.
    #[error("a part has no name")]
    Nameless,
    /// The metadata is not the expected JSON.
    #[error("failed to parse `_metadata`: {0:?}")]
    Metadata(#[from] serde_json::Error),
    /// There is more metadata than a quilt can need.
    #[error("`_metadata` is larger than {MAX_METADATA} bytes")]
    MetadataTooLarge,
    /// The metadata names a file twice.
    #[error("duplicate identifier in `_metadata`: {0:?}")]
    Duplicate(String),
}

/// The metadata of one file.
#[derive(Debug, Deserialize)]
struct FileMetadata {
    identifier: String,
    /// An object: absent, but not null.
    #[serde(default)]
    tags: BTreeMap<String, TagText>,
}

/// The value of a tag: text, or any other JSON as its text.
#[derive(Debug)]
struct TagText(String);

impl<'de> Deserialize<'de> for TagText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Value::deserialize(deserializer)? {
            Value::String(text) => text,
            other => other.to_string(),
        }))
    }
}

/// Tags by identifier.
type Metadata = BTreeMap<String, Tags>;

/// The files of a body, in the order of its parts. The metadata may come before or after them.
pub(super) async fn files(mut parts: Multipart) -> Result<Vec<QuiltFile>, BadParts> {
    let (mut files, mut metadata, mut left) = (Vec::new(), Metadata::new(), MAX_METADATA);
    while let Some(part) = parts.next_field().await? {
        let name = part.name().ok_or(BadParts::Nameless)?.to_owned();
        if name == METADATA {
            let text = bounded(part, &mut left).await?;
            add(&mut metadata, &text)?;
        } else {
            let bytes = part.bytes().await?;
            files.push(QuiltFile { identifier: name, tags: Tags::new(), bytes });
        }
    }
    for file in &mut files {
        file.tags = metadata.get(&file.identifier).cloned().unwrap_or_default();
    }
    Ok(files)
}

/// A part of at most `left` bytes, which are then fewer.
async fn bounded(mut part: Field<'_>, left: &mut usize) -> Result<Bytes, BadParts> {
    let mut text = BytesMut::new();
    while let Some(piece) = part.chunk().await? {
        *left = left.checked_sub(piece.len()).ok_or(BadParts::MetadataTooLarge)?;
        text.extend_from_slice(&piece);
    }
    Ok(text.freeze())
}

fn add(metadata: &mut Metadata, text: &Bytes) -> Result<(), BadParts> {
    for file in serde_json::from_slice::<Vec<FileMetadata>>(text)? {
        let tags = file.tags.into_iter().map(|(key, value)| (key, value.0));
        if metadata.insert(file.identifier.clone(), tags.collect()).is_some() {
            return Err(BadParts::Duplicate(file.identifier));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(texts: &[&str]) -> Result<Metadata, String> {
        let mut metadata = Metadata::new();
        texts
            .iter()
            .try_for_each(|text| add(&mut metadata, &Bytes::copy_from_slice(text.as_bytes())))
            .map_err(|error| error.to_string())?;
        Ok(metadata)
    }

    #[test]
    fn tags_of_any_type_become_text() {
        let text = r#"[{"identifier":"a","tags":{"s":"x","n":3,"b":true,"z":null,"l":[1]},"more":1},{"identifier":"b"}]"#;
        let metadata = parse(&[text, r#"[{"identifier":"c","tags":{}}]"#]).unwrap();
        let expected = [("b", "true"), ("l", "[1]"), ("n", "3"), ("s", "x"), ("z", "null")];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(metadata["a"], expected.into());
        assert_eq!((&metadata["b"], &metadata["c"]), (&Tags::new(), &Tags::new()));
    }

    #[test]
    fn invalid_or_duplicate_metadata_is_refused() {
        let rows: [(&[&str], &str); 7] = [
            (&["{}"], "failed to parse"),
            (&["["], "failed to parse"),
            (&[r#"[{"tags":{}}]"#], "missing field `identifier`"),
            (&[r#"[{"identifier":"a","tags":[]}]"#], "failed to parse"),
            (&[r#"[{"identifier":"a","tags":null}]"#], "failed to parse"),
            (&[r#"[{"identifier":"a"},{"identifier":"a"}]"#], "duplicate identifier"),
            (&[r#"[{"identifier":"a"}]"#, r#"[{"identifier":"a"}]"#], "duplicate identifier"),
        ];
        for (texts, why) in rows {
            let error = parse(texts).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
