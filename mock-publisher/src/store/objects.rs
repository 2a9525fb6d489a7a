//! Objects by their address: which blob each stands for, and the attributes that its owner gave it.

use super::{Store, names};
use crate::blob_id::BlobId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use tempfile::NamedTempFile;

/// Keys and values that the owner of an object gave it.
pub type Attributes = BTreeMap<String, String>;

/// What is known of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectEntry {
    /// The blob that it stands for.
    pub blob_id: BlobId,
    /// Its attributes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: Attributes,
}

impl ObjectEntry {
    /// An object of this blob, without attributes.
    #[must_use]
    pub fn of(blob_id: BlobId) -> Self {
        Self { blob_id, attributes: Attributes::new() }
    }
}

impl Store {
    /// What is known of the object at this address (`0x` and 64 lower-case hex digits), its own or that of the shared
    /// object around it. Blocks on the disk.
    ///
    /// # Errors
    /// The disk failed, or an entry is not one.
    pub fn object(&self, address: &str) -> io::Result<Option<ObjectEntry>> {
        Ok(self.locate(address)?.map(|(_, entry)| entry))
    }

    /// Gives an object these attributes instead of those it had; `false` if there is none at this address. Blocks on
    /// the disk.
    ///
    /// # Errors
    /// The disk failed or is full.
    pub fn set_attributes(&self, address: &str, attributes: Attributes) -> io::Result<bool> {
        let Some((own, entry)) = self.locate(address)? else { return Ok(false) };
        self.enter_object(&own, &ObjectEntry { attributes, ..entry })?;
        Ok(true)
    }

    pub(super) fn enter_object(&self, address: &str, entry: &ObjectEntry) -> io::Result<()> {
        let Some(path) = self.object_path(address) else {
            return Err(io::Error::other("not an address"));
        };
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        let mut file = NamedTempFile::new_in(self.tmp())?;
        file.write_all(&serde_json::to_vec(entry)?)?;
        file.persist(path)?;
        Ok(())
    }

    /// The object's own address and its entry.
    fn locate(&self, address: &str) -> io::Result<Option<(String, ObjectEntry)>> {
        if self.object_path(address).is_none() {
            return Ok(None);
        }
        for own in [address.to_owned(), names::shared(address)] {
            let Some(path) = self.object_path(&own) else { return Ok(None) };
            match fs::read(path) {
                Ok(text) => return Ok(Some((own, serde_json::from_slice(&text)?))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Where an entry is; nowhere if the address is not one, so that no address leads out of the store.
    fn object_path(&self, address: &str) -> Option<PathBuf> {
        let digits = address.strip_prefix("0x").filter(|digits| digits.len() == 64)?;
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        plain.then(|| self.root.join("objects").join(&digits[..2]).join(format!("{address}.json")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_found_by_both_addresses_and_keeps_its_attributes() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let own = names::object(&BlobId::ZERO, 0, "object");
        store.enter_object(&own, &ObjectEntry::of(BlobId::ZERO)).unwrap();
        let attributes = Attributes::from([("content-type".to_owned(), "a/b".to_owned())]);
        assert!(store.set_attributes(&names::shared(&own), attributes.clone()).unwrap());
        let again = Store::open(dir.path()).unwrap();
        for address in [names::shared(&own), own] {
            let entry = again.object(&address).unwrap().unwrap();
            assert_eq!((entry.blob_id, &entry.attributes), (BlobId::ZERO, &attributes));
        }
    }

    #[test]
    fn what_is_no_address_is_not_found() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let absent = format!("0x{}", "0".repeat(64));
        for address in ["", "0x1", "../../etc/passwd", "0xä", &absent, &absent.to_uppercase()] {
            assert_eq!(store.object(address).unwrap(), None, "{address}");
            assert!(!store.set_attributes(address, Attributes::new()).unwrap());
        }
    }
}
