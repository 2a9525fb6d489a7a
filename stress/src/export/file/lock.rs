//! One writer for each output file: a lock file beside it, held for as long as something is to be written.
//!
//! The output itself cannot be locked, since it is replaced by renaming. The lock is one of the operating system (`flock`),
//! which ends with its process: a lock file that a crash left behind does not block.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::OpenOptionsExt,
    },
    path::{Path, PathBuf},
    process,
    sync::{Mutex, PoisonError},
};

use rustix::fs::OFlags;

use super::id::FileId;

/// The most bytes of a target's name in the name of its lock file, which file systems limit to 255.
const MAX_NAME: usize = 200;

/// The lock files of this process.
static HELD: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A lock on an output file; dropping it removes the lock file.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Locks `target`; `None` where the file system has no locks.
    ///
    /// # Errors
    /// When another process holds the lock, whose number is named, or the lock file cannot be made.
    pub(super) fn acquire(target: &Path) -> io::Result<Option<Self>> {
        let path = path_of(target);
        let failed = |error: io::Error| {
            io::Error::new(error.kind(), format!("its lock file {}: {error}", path.display()))
        };
        loop {
            let mut file = open(&path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(held(&file, &path)),
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    return fs::remove_file(&path).map(|()| None).map_err(failed);
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
            // The holder before may have removed the path between the opening and the lock.
            if FileId::of(&file)? != FileId::at(&path)? {
                continue;
            }
            let mut write = || {
                file.set_len(0)?;
                writeln!(file, "{}", process::id())
            };
            if let Err(error) = write() {
                // Nothing else can be done about a file that cannot be removed, either.
                let _ = fs::remove_file(&path);
                return Err(failed(error));
            }
            registered(|held| held.push(path.clone()));
            return Ok(Some(Self { path, _file: file }));
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        registered(|held| held.retain(|path| *path != self.path));
        // While the lock is held, so that no other process's lock file is removed. What is left does not block.
        let _ = fs::remove_file(&self.path);
    }
}

/// Removes the lock files of this process, which is about to end without dropping anything.
pub fn remove_lock_files() {
    registered(|held| {
        held.drain(..).for_each(|path| {
            let _ = fs::remove_file(path);
        });
    });
}

fn registered(change: impl FnOnce(&mut Vec<PathBuf>)) {
    change(&mut HELD.lock().unwrap_or_else(PoisonError::into_inner));
}

/// `.report.json.lock` beside `report.json`.
fn path_of(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().as_bytes();
    let name = &name[..name.len().min(MAX_NAME)];
    target.with_file_name(OsString::from_vec([b".".as_slice(), name, b".lock"].concat()))
}

/// Opens the lock file and follows no link: in a directory that others may write, one could lead anywhere.
fn open(path: &Path) -> io::Result<File> {
    let no_link = i32::try_from(OFlags::NOFOLLOW.bits()).map_err(io::Error::other)?;
    OpenOptions::new().read(true).write(true).create(true).truncate(false).custom_flags(no_link).open(path)
}

/// The error that names the holder.
fn held(mut file: &File, path: &Path) -> io::Error {
    let mut number = String::new();
    let read = file.rewind().and_then(|()| file.take(20).read_to_string(&mut number));
    let holder = match (read, number.trim().parse::<u32>()) {
        (Ok(_), Ok(number)) if number == process::id() => {
            return io::Error::other("another output of this command is the same file; name another one");
        }
        (Ok(_), Ok(number)) => format!("process {number}"),
        _ => "another process".to_owned(),
    };
    let lock = path.display();
    io::Error::new(
        io::ErrorKind::ResourceBusy,
        format!("{holder} is writing it ({lock} is locked); wait for its end, or name another file"),
    )
}
