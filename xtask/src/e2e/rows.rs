//! The tool's export: an array of rows with exactly the six agreed keys, valid at every instant.

use std::{fs::File, io::Read, path::Path};

use serde_json::Value;

use crate::failure::{Context, Failure, Result};

/// The keys of a row, in order.
const KEYS: [&str; 6] =
    ["blob_id", "blob_number", "blob_size_kb", "download_time_cached", "download_time_first", "upload_time"];

/// The most of an export that is read; the scenarios' exports are shorter.
const MOST_BYTES: usize = 8 << 20;

/// The number of rows of the export at `path` at one instant.
pub(crate) fn count(path: &Path) -> Result<usize> {
    let mut before = read(path)?;
    loop {
        // The system does not promise that a read sees all of a write that happens meanwhile, or nothing of it. Two
        // equal reads in a row saw what was there between two writes.
        let after = read(path)?;
        if before == after {
            return check(&after);
        }
        before = after;
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut file = File::open(path).context(format!("cannot open {}", path.display()))?;
    let mut text = vec![0; MOST_BYTES];
    let length = file.read(&mut text).context(format!("cannot read {}", path.display()))?;
    text.truncate(length);
    Ok(text)
}

fn check(text: &[u8]) -> Result<usize> {
    let document: Value = serde_json::from_slice(text).context("the export is not JSON")?;
    let rows = document.as_array().context("the export is not an array")?;
    rows.iter().try_for_each(check_row)?;
    Ok(rows.len())
}

fn check_row(row: &Value) -> Result<()> {
    let wrong = |why: &str| Failure::new(format!("a row of the export {why}: {row}"));
    let object = row.as_object().ok_or_else(|| wrong("is not an object"))?;
    let mut keys: Vec<&str> = object.keys().map(String::as_str).collect();
    keys.sort_unstable();
    if keys != KEYS {
        return Err(wrong("has other keys than agreed"));
    }
    let number = |key: &str| row[key].is_number();
    let times = row["upload_time"].is_f64() && row["blob_size_kb"].is_f64() && number("blob_number");
    let reads = ["download_time_first", "download_time_cached"]
        .iter()
        .all(|key| row[key].is_f64() || row[key].is_null());
    let well = times && reads && row["blob_id"].is_string();
    if well { Ok(()) } else { Err(wrong("has a value of another type than agreed")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"blob_number":1,"blob_id":"x","upload_time":0.1,"blob_size_kb":90.5,
        "download_time_first":null,"download_time_cached":0.2}"#;

    #[test]
    fn good_exports_are_counted() {
        assert_eq!(check(b"[]").unwrap(), 0);
        assert_eq!(check(format!("[{ROW},\n{ROW}]").as_bytes()).unwrap(), 2);
    }

    #[test]
    fn invalid_exports_are_reported() {
        let cases = [
            (String::new(), "not JSON"),
            (format!("[{ROW}"), "not JSON"),
            (ROW.to_owned(), "not an array"),
            ("[1]".to_owned(), "not an object"),
            (format!("[{}]", ROW.replace("blob_id", "id")), "other keys"),
            (format!("[{}]", ROW.replace("0.1", "\"0.1\"")), "another type"),
        ];
        for (text, what) in cases {
            assert!(check(text.as_bytes()).unwrap_err().to_string().contains(what), "{text}");
        }
    }
}
