//! The export's keys, units and gaps, and that its file parses after every write.

use std::io::Read;

use super::*;
use crate::{export::blobs::BlobAssembler, fixtures, sample::Sample};

fn records(samples: &[Sample]) -> Vec<BlobRecord> {
    let mut assembler = BlobAssembler::new(&fixtures::plan(9));
    samples.iter().filter_map(|sample| assembler.enter(sample)).collect()
}

fn rows(samples: &[Sample]) -> Vec<Row> {
    records(samples).iter().filter_map(Row::of).collect()
}

#[test]
fn a_row_has_exactly_the_users_keys_in_their_order() {
    let row = &rows(&fixtures::journey(0))[0];
    let expected = format!(
        r#"{{"blob_number":1,"blob_id":"{}","upload_time":1.0,"blob_size_kb":90.0,"download_time_first":0.12,"download_time_cached":0.018}}"#,
        fixtures::id(0)
    );
    assert_eq!(serde_json::to_string(row).unwrap(), expected);
}

#[test]
fn failed_uploads_have_no_row_and_failed_downloads_are_null() {
    let samples: Vec<_> = (0..5).flat_map(fixtures::troubled).collect();
    let downloads: Vec<_> = rows(&samples)
        .iter()
        .map(|row| (row.blob_number, row.download_time_first, row.download_time_cached))
        .collect();
    assert_eq!(
        downloads,
        [(2, Some(0.2), None), (3, None, None), (4, None, None), (5, Some(0.19), Some(0.02))]
    );
}

#[test]
fn a_run_that_only_reads_has_rows_without_upload_times() {
    let mut record = records(&fixtures::journey(3)).remove(0);
    record.steps.remove(0);
    let row = Row::of(&record).unwrap();
    assert_eq!((row.blob_number, row.upload_time, row.download_time_cached), (4, None, Some(0.02)));
}

#[test]
fn the_file_is_valid_json_after_every_row() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rows.json");
    fs::write(&path, "an older export").unwrap();
    let prepared = PreparedRows::prepare(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "an older export");
    let mut older = fs::File::open(&path).unwrap();
    let mut file = prepared.begin().unwrap();
    let read = || serde_json::from_slice::<Vec<Row>>(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(read(), []);
    let samples: Vec<_> = (0..20).flat_map(fixtures::journey).collect();
    let rows = rows(&samples);
    for (position, row) in rows.iter().enumerate() {
        file.append(row).unwrap();
        assert_eq!(read(), rows[..=position]);
    }
    // A reader that had the old file open still reads the old file.
    let mut text = String::new();
    older.read_to_string(&mut text).unwrap();
    assert_eq!(text, "an older export");
    file.finish().unwrap();
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

/// A disk with this much space, which counts the writes.
#[derive(Debug)]
struct SmallDisk {
    bytes: Vec<u8>,
    space: usize,
    position: usize,
    writes: usize,
}

impl Write for SmallDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        let length = bytes.len().min(self.space.saturating_sub(self.position));
        if length == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let end = self.position + length;
        self.bytes.resize(self.bytes.len().max(end), b'?');
        self.bytes[self.position..end].copy_from_slice(&bytes[..length]);
        self.position = end;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for SmallDisk {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let SeekFrom::Start(offset) = to else { panic!("{to:?}") };
        self.position = usize::try_from(offset).unwrap();
        Ok(offset)
    }
}

#[test]
fn an_element_is_one_write_and_a_full_disk_keeps_those_before() {
    for space in 4..40 {
        let disk = SmallDisk { bytes: format!("[{TAIL}").into_bytes(), space, position: 0, writes: 0 };
        let mut array = GrowingArray::new(disk);
        let mut pushed = Vec::new();
        for element in 1..=5_u64 {
            let writes = array.file.writes;
            match array.push(&(element * 111).to_string()) {
                Ok(()) => {
                    assert_eq!(array.file.writes, writes + 1);
                    pushed.push(element * 111);
                }
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::StorageFull),
            }
            assert_eq!(
                serde_json::from_slice::<Vec<u64>>(&array.file.bytes).unwrap(),
                pushed,
                "space for {space}"
            );
        }
    }
}
