//! Outputs that are not replaced: stdout, pipes and devices take what is written as it comes.

use std::{
    fs, io,
    os::{
        fd::AsFd,
        unix::fs::{FileTypeExt, OpenOptionsExt},
    },
    path::Path,
};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// The names of stdout. Where it is redirected to a file, replacing that file would take it from the shell.
const STDOUT: [&str; 4] = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/// Whether the path names stdout.
pub(super) fn is_stdout(path: &Path) -> bool {
    STDOUT.iter().any(|name| path == Path::new(name))
}

/// Opens `path` if it names stdout, a pipe or a character device.
///
/// # Errors
/// When it cannot be opened, or is a pipe that nothing reads.
pub(super) fn open(path: &Path) -> io::Result<Option<fs::File>> {
    if is_stdout(path) {
        return io::stdout().as_fd().try_clone_to_owned().map(|stdout| Some(stdout.into()));
    }
    let Ok(kind) = fs::metadata(path).map(|metadata| metadata.file_type()) else { return Ok(None) };
    if !kind.is_fifo() && !kind.is_char_device() {
        return Ok(None);
    }
    // Otherwise opening a pipe waits for its reader, for ever if there is none.
    let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
    let file = fs::OpenOptions::new().write(true).custom_flags(nonblocking).open(path).map_err(|error| {
        match error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) {
            true => io::Error::other("nothing reads this pipe: start its reader first"),
            false => error,
        }
    })?;
    fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
    Ok(Some(file))
}
