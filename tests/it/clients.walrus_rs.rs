//! Runs the client walrus_rs 0.1.4, unmodified, against both mocks.

use std::collections::HashMap;
use walrus_rs::models::QuiltMetadata;
use walrus_rs::{BlockingWalrusClient, WalrusError};

/// The status of a refusal; this client discards everything else.
fn refused<T>(result: Result<T, WalrusError>) -> u16 {
    match result {
        Err(WalrusError::HttpRequest(error)) => error.status().map_or(0, |status| status.as_u16()),
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("not refused"),
    }
}

fn main() {
    let mut urls = std::env::args().skip(1).map(|url| url + "/");
    let (publisher, aggregator) = (urls.next().unwrap(), urls.next().unwrap());
    let client = BlockingWalrusClient::new(&aggregator, &publisher).unwrap();

    let stored = client.store_blob(b"walrus".to_vec(), Some(5), Some(true), None, None).unwrap();
    let new = stored.newly_created.unwrap();
    let blob = new.blob_object;
    assert_eq!((blob.size, blob.encoding_type.as_str(), blob.certified_epoch), (6, "RS2", None));
    assert_eq!(blob.storage.end_epoch - blob.storage.start_epoch, 5);
    assert_eq!(blob.storage.storage_size, 66_034_000);
    assert_eq!(new.resource_operation.register_from_scratch.unwrap().epochs_ahead, 5);
    assert_eq!(client.read_blob_by_id(&blob.blob_id).unwrap(), b"walrus");
    assert_eq!(client.read_blob_by_object_id(&blob.id).unwrap(), b"walrus");

    let permanent = || client.store_blob(b"walrus".to_vec(), None, None, Some(true), None).unwrap();
    assert!(permanent().newly_created.is_some());
    let again = permanent().already_certified.unwrap();
    assert_eq!((again.blob_id.as_str(), again.event.event_seq.as_str()), (blob.blob_id.as_str(), "0"));

    let tags = HashMap::from([("kind".to_owned(), "note".to_owned())]);
    let metadata = vec![QuiltMetadata { identifier: "a.txt".to_owned(), tags }];
    let files = vec![("b.txt", b"hello".to_vec()), ("a.txt", b"world!!".to_vec())];
    let quilt = client.store_quilt(files, Some(metadata), None, None, None, None).unwrap();
    let names: Vec<_> = quilt.stored_quilt_blobs.iter().map(|file| file.identifier.as_str()).collect();
    assert_eq!(names, ["a.txt", "b.txt"]);
    let patch = &quilt.stored_quilt_blobs[0].quilt_patch_id;
    assert_eq!(client.read_quilt_blob_by_patch_id(patch).unwrap(), b"world!!");
    let id = quilt.blob_store_result.newly_created.unwrap().blob_object.blob_id;
    assert_eq!(client.read_quilt_blob_by_quilt_id_and_identifier(&id, "b.txt").unwrap(), b"hello");

    // It insists on a content type, which a faithful server does not send.
    let missing = client.get_blob_metadata(&blob.blob_id).unwrap_err().to_string();
    assert_eq!(missing, "Failed to parse response: Missing header: content-type");

    let absent = "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk";
    assert_eq!(refused(client.read_blob_by_id(absent)), 404);
    assert_eq!(refused(client.read_blob_by_id("abc")), 400);
    assert_eq!(refused(client.read_quilt_blob_by_quilt_id_and_identifier(&id, "c.txt")), 404);
    assert_eq!(refused(client.store_blob(b"x".to_vec(), Some(54), None, None, None)), 500);
    assert_eq!(refused(client.store_blob(vec![0; 10 << 20 | 1], None, None, None, None)), 413);
    println!("done");
}
