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
    // Whoever had the old file open goes on reading the old file.
    let mut text = String::new();
    older.read_to_string(&mut text).unwrap();
    assert_eq!(text, "an older export");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

/// A disk with room for so many bytes.
#[derive(Debug)]
struct SmallDisk {
    bytes: Vec<u8>,
    room: usize,
    calls: usize,
}

impl Disk for SmallDisk {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.calls += 1;
        let start = usize::try_from(offset).unwrap();
        let length = bytes.len().min(self.room.saturating_sub(start));
        if length == 0 {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        self.bytes.resize(self.bytes.len().max(start + length), b'?');
        self.bytes[start..start + length].copy_from_slice(&bytes[..length]);
        Ok(length)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.bytes.truncate(usize::try_from(length).unwrap());
        Ok(())
    }
}

#[test]
fn an_element_is_one_write_and_a_full_disk_keeps_those_before() {
    for room in 4..40 {
        let disk = SmallDisk { bytes: format!("[{TAIL}").into_bytes(), room, calls: 0 };
        let mut array = GrowingArray::new(disk);
        let mut pushed = Vec::new();
        for element in 1..=5_u64 {
            let calls = array.disk.calls;
            match array.push(&(element * 111).to_string()) {
                Ok(()) => {
                    assert_eq!(array.disk.calls, calls + 1);
                    pushed.push(element * 111);
                }
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::StorageFull),
            }
            assert_eq!(
                serde_json::from_slice::<Vec<u64>>(&array.disk.bytes).unwrap(),
                pushed,
                "room for {room}"
            );
        }
    }
}
