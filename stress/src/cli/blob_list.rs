//! Lists of stored blobs: read once to check every entry, then again during the run.

pub(super) mod stream;

use std::{
    cell::Cell,
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
    path::Path,
    sync::Arc,
};

use serde::{Deserialize, Deserializer as _, de};

use super::limited::{self, Limited};
use crate::{
    client,
    engine::Listed,
    error::Error,
    export::log::{Ended, Exchange, LogReader},
    plan::{journey::Step, source::Listing},
};

/// The longest line of a list in bytes.
const LONGEST_LINE: u64 = 4096;
/// The longest row of an export in bytes.
const LONGEST_ROW: u64 = 1024 * 1024;
/// Characters of a blob's ID: 32 bytes in URL-safe base64.
const ID_LENGTH: usize = 43;

/// A list whose entries have been checked.
#[derive(Debug)]
pub(super) struct BlobList {
    pub(super) name: String,
    /// How many entries it has.
    pub(super) count: u64,
    /// How it is written.
    pub(super) listing: Listing,
    file: File,
}

impl BlobList {
    /// Opens the list at `path`, or stdin when it is `-`, and checks every entry.
    pub(super) fn open(path: &Path, listing: Listing) -> Result<Self, Error> {
        let name = path.display().to_string();
        let wrong = |reason: String| Error::Flag { flag: format!("--{}", listing.key()), reason };
        let unreadable = |error: io::Error| wrong(format!("cannot read {name}: {error}"));
        let (mut file, mut count) = (limited::open(path).map_err(unreadable)?, 0);
        let mut take = |_| {
            count += 1;
            true
        };
        let counted = if file.metadata().map_err(unreadable)?.is_file() {
            each(BufReader::new(&mut file), listing, &mut take)
        } else {
            // What can be read only once is copied to a file, as far as its entries are right.
            let source = std::mem::replace(&mut file, tempfile::tempfile().map_err(unreadable)?);
            each(BufReader::new(Copying { source, copy: &mut file }), listing, &mut take)
        };
        counted.map_err(|error| wrong(format!("{name}, {error}")))?;
        if count == 0 {
            return Err(wrong(format!("{name} names no blob")));
        }
        Ok(Self { name, count, listing, file })
    }
}

/// Copies what is read.
struct Copying<'a> {
    source: File,
    copy: &'a mut File,
}

impl Read for Copying<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.copy.write_all(&buffer[..read])?;
        Ok(read)
    }
}

/// Gives each entry to `take` until that returns false; returns whether all were given. Errors name the place in the list.
fn each(
    source: impl BufRead,
    listing: Listing,
    take: &mut dyn FnMut(Listed) -> bool,
) -> Result<bool, String> {
    let source = limited::without_mark(source).map_err(|error| error.to_string())?;
    match listing {
        Listing::BlobIds => each_line(source, take),
        Listing::FromExport => each_row(source, take),
        Listing::FromLog => each_upload(source, take),
    }
}

fn each_line(mut source: impl BufRead, take: &mut dyn FnMut(Listed) -> bool) -> Result<bool, String> {
    let mut bytes = Vec::new();
    for number in 1_u64.. {
        bytes.clear();
        let read = source.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes);
        let length = read.map_err(|error| format!("line {number}: {error}"))?;
        if length == 0 {
            return Ok(true);
        }
        if length as u64 == LONGEST_LINE && bytes.last() != Some(&b'\n') {
            return Err(format!("line {number}: it is longer than {LONGEST_LINE} bytes"));
        }
        let line = String::from_utf8_lossy(&bytes);
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let listed = listed(line, None).map_err(|reason| format!("line {number}: {reason}"))?;
        if !take(listed) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The uploads of a log that stored something.
fn each_upload(source: impl BufRead, take: &mut dyn FnMut(Listed) -> bool) -> Result<bool, String> {
    let log = LogReader::open(source).map_err(|error| format!("not the log of a run: {error}"))?;
    for (exchange, line) in log.zip(2_u64..) {
        let exchange = exchange.map_err(|error| error.to_string())?;
        let Exchange { step: Step::Upload, ended: Ended::Done { .. }, blob_id: Some(id), .. } = &exchange
        else {
            continue;
        };
        let listed =
            listed(id, Some(exchange.size_bytes)).map_err(|reason| format!("line {line}: {reason}"))?;
        if !take(listed) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is read of a row of an export.
#[derive(Deserialize)]
struct StoredRow {
    blob_id: String,
    /// The size in kB of 1,024 bytes.
    blob_size_kb: Option<f64>,
}

fn each_row(source: impl BufRead, take: &mut dyn FnMut(Listed) -> bool) -> Result<bool, String> {
    let (mut whole, left) = (true, Cell::new(0));
    let mut json = serde_json::Deserializer::from_reader(Limited::refilled(source, LONGEST_ROW, &left));
    let rows = Rows { take, whole: &mut whole, left: &left };
    let read = json.deserialize_seq(rows);
    match read.and_then(|()| json.end()) {
        _ if !whole => Ok(false),
        Ok(()) => Ok(true),
        Err(error) => Err(format!("not the export of a run: {error}")),
    }
}

/// Visits the rows of an array one by one, without keeping them.
struct Rows<'a> {
    take: &'a mut dyn FnMut(Listed) -> bool,
    whole: &'a mut bool,
    /// How many bytes the row may still have.
    left: &'a Cell<u64>,
}

impl<'de> de::Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of rows")
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        for number in 1_u64.. {
            self.left.set(LONGEST_ROW);
            let Some(row) = rows.next_element::<StoredRow>()? else { break };
            let size = row.blob_size_kb.map(bytes).transpose();
            let listed = size
                .and_then(|size| listed(&row.blob_id, size))
                .map_err(|reason| de::Error::custom(format!("row {number}: {reason}")))?;
            if !(self.take)(listed) {
                *self.whole = false;
                return Err(de::Error::custom("enough"));
            }
        }
        Ok(())
    }
}

/// The largest size in bytes that an export can have: below it, every whole number of bytes is exact.
const LARGEST: f64 = 9_007_199_254_740_992.0;

/// A size of an export in bytes.
fn bytes(kb: f64) -> Result<u64, String> {
    let bytes = (kb * 1024.0).round();
    if !(0.0..LARGEST).contains(&bytes) {
        return Err(format!("a blob cannot have the size of {kb} kB"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "is within the range")]
    let bytes = bytes as u64;
    Ok(bytes)
}

fn listed(id: &str, size: Option<u64>) -> Result<Listed, String> {
    if id.len() == ID_LENGTH && client::is_blob_id(id) {
        return Ok(Listed { id: Arc::from(id), size });
    }
    let shown: String = id.chars().filter(|char| !char.is_control()).take(60).collect();
    Err(format!("`{shown}` is not a blob ID ({ID_LENGTH} characters of URL-safe base64)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        export::log::Header,
        fixtures,
        sample::{Outcome, Sample},
    };

    fn read(text: &str, listing: Listing) -> Result<Vec<(String, Option<u64>)>, String> {
        let mut entries = Vec::new();
        let whole = each(text.as_bytes(), listing, &mut |listed| {
            entries.push((listed.id.to_string(), listed.size));
            true
        });
        whole.map(|whole| {
            assert!(whole);
            entries
        })
    }

    fn id(letter: &str) -> String {
        letter.repeat(ID_LENGTH)
    }

    #[test]
    fn a_line_is_an_id_a_comment_or_blank() {
        let (a, b) = (id("a"), id("_"));
        let text = format!("# mine\n{a}\r\n\n  {b} \n   # not this: {a}\n{a}");
        let ids: Vec<_> = read(&text, Listing::BlobIds).unwrap().into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, [a.clone(), b, a.clone()]);
        for (text, expected) in [
            (format!("{a}\n\nhello\n{a}"), "line 3: `hello` is not a blob ID"),
            (format!("{a} {a}"), "line 1: `aaa"),
            (format!("{a}a\n"), "line 1: `aaa"),
            (format!("#\n../../{}", &a[6..]), "line 2: `../.."),
            ("\u{1b}[31m".to_owned(), "line 1: `[31m` is not"),
            ("x".repeat(5000), "line 1: it is longer than 4096 bytes"),
        ] {
            let error = read(&text, Listing::BlobIds).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn an_export_has_ids_and_exact_sizes() {
        let (a, b) = (id("a"), id("b"));
        let row = |id: &str, kb: &str| {
            format!(r#"{{"blob_number":1,"blob_id":"{id}","blob_size_kb":{kb},"other":[]}}"#)
        };
        let text = format!("[\n {},\n{}]\n", row(&a, "97.2509765625"), row(&b, "null"));
        assert_eq!(read(&text, Listing::FromExport), Ok(vec![(a.clone(), Some(99_585)), (b.clone(), None)]));
        assert_eq!(read("[]", Listing::FromExport), Ok(Vec::new()));
        for (text, expected) in [
            (String::new(), "EOF"),
            ("{}".to_owned(), "expected an array of rows"),
            ("[{}]".to_owned(), "missing field `blob_id`"),
            (format!("[{},{}]", row(&a, "1"), row("b", "1")), "row 2: `b` is not a blob ID"),
            (
                format!("[{},{}]", row(&a, "1"), row(&b, "-97.25")),
                "row 2: a blob cannot have the size of -97.25 kB",
            ),
            (format!("[{}]", row(&a, "1e300")), "row 1: a blob cannot have the size"),
            (format!("[{}]", row(&a, "\"1\"")), "invalid type"),
            (format!("[{}", row(&a, "1")), "EOF"),
            (format!("[{}] and more", row(&a, "1")), "trailing characters"),
        ] {
            let error = read(&text, Listing::FromExport).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    /// The log of these samples, as a run writes it.
    fn logged(samples: &[Sample]) -> String {
        let plan = fixtures::plan(9);
        let mut lines = vec![serde_json::to_string(&Header::of(&plan, "now".to_owned())).unwrap()];
        let exchanges = samples.iter().filter_map(|sample| Exchange::of(sample, &plan));
        lines.extend(exchanges.map(|exchange| serde_json::to_string(&exchange).unwrap()));
        lines.join("\n") + "\n"
    }

    #[test]
    fn a_log_lists_the_uploads_that_stored_something() {
        // The first and the sixth upload are refused.
        let mut samples: Vec<_> = (0..7).flat_map(fixtures::troubled).collect();
        for sample in samples.iter_mut().filter(|sample| sample.step == Step::Upload) {
            if let Outcome::Stored(stored) = &sample.outcome {
                sample.blob_id = Some(stored.blob_id.as_str().into());
            }
        }
        let log = logged(&samples);
        let stored = [1, 2, 3, 4, 6].map(|index| (fixtures::id(index), Some(92_160 + index * 1_009)));
        assert_eq!(read(&log, Listing::FromLog), Ok(stored.to_vec()));
        // A run that was killed may have left half a line behind.
        let last = log.trim_end().rfind('\n').unwrap();
        assert_eq!(read(&log[..last + 30], Listing::FromLog).map(|entries| entries.len()), Ok(5));
        for (text, expected) in [
            (String::new(), "not the log of a run"),
            (format!("{}\n", id("a")), "not the log of a run"),
            (log.replace("log/1", "log/9"), "its schema is `walrus-stress/log/9`"),
            (log.replace(&fixtures::id(2), "x"), "line 6: `x` is not a blob ID"),
            (log.replace("\"first\"", "first"), "line 4 is not of a walrus-stress log"),
        ] {
            let error = read(&text, Listing::FromLog).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn reading_ends_when_no_more_is_wanted() {
        let (a, mut taken) = (id("a"), 0);
        let text = format!("{a}\n{a}\n{a}\nnonsense");
        let whole = each(text.as_bytes(), Listing::BlobIds, &mut |_| {
            taken += 1;
            taken < 2
        });
        assert_eq!((whole, taken), (Ok(false), 2));
    }
}
