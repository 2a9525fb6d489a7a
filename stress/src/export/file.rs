//! Files that a run writes: checked for being writable and locked before it starts, and replaced atomically. Stdout, pipes and
//! devices are written as they are.

mod id;
mod lock;
mod stream;

use std::{
    ffi::OsString,
    fs, io,
    io::Write,
    path::{Path, PathBuf},
    process,
};

use tempfile::NamedTempFile;

use crate::error::Error;
use id::FileId;
use lock::Lock;
pub use lock::remove_lock_files;

/// How many symbolic links are followed before they are taken for a cycle.
const MOST_LINKS: usize = 40;

/// A path to which a file can be written, and to which no other process of this program writes until this is dropped; nothing
/// is changed there yet.
#[derive(Debug)]
pub struct PreparedFile {
    /// The path as the user named it.
    named: PathBuf,
    /// Where symbolic links lead.
    target: PathBuf,
    /// Those of the file that exists now.
    permissions: Option<fs::Permissions>,
    /// Which file that is.
    before: Option<FileId>,
    /// What is written as it is, and not replaced.
    stream: Option<fs::File>,
    _lock: Option<Lock>,
}

impl PreparedFile {
    /// Checks that a file can be written to `path`, locks it against other processes of this program, and changes nothing. `-`
    /// is stdout.
    ///
    /// # Errors
    /// When it cannot be written, or another process is writing it: the reason is [`Error::Write`]'s source.
    pub fn prepare(path: &Path) -> Result<Self, Error> {
        let attempt = || {
            let target = destination(path)?;
            if let Some(stream) = stream::open(path)? {
                let (permissions, before) = (None, None);
                let stream = Some(stream);
                return Ok(Self { named: path.to_owned(), target, permissions, before, stream, _lock: None });
            }
            // The lock first: its last holder may be replacing the file until then.
            let lock = Lock::acquire(&target)?;
            let (permissions, before) = (permissions(&target)?, FileId::at(&target)?);
            let stream = None;
            let prepared = Self { named: path.to_owned(), target, permissions, before, stream, _lock: lock };
            // Dropped at once: it only shows that the directory takes new files.
            prepared.temporary()?;
            Ok(prepared)
        };
        attempt().map_err(|source| cannot_write(path, source))
    }

    /// The path as the user named it.
    pub fn path(&self) -> &Path {
        &self.named
    }

    /// Whether it is stdout.
    pub fn is_stdout(&self) -> bool {
        stream::is_stdout(&self.named)
    }

    /// Whether what is written is at once with the reader, and cannot be changed.
    pub(super) fn is_stream(&self) -> bool {
        self.stream.is_some()
    }

    /// Where the file will be, symbolic links resolved: equal for two paths that name the same file.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Checks that it is none of the files that are read, by whatever spelling or link; `-` is stdin.
    ///
    /// # Errors
    /// When it is one of them: writing would destroy it.
    pub fn apart_from<'a>(self, inputs: impl IntoIterator<Item = &'a PathBuf>) -> Result<Self, Error> {
        let is_this = |path: &&PathBuf| {
            let input =
                if path.as_path() == Path::new("-") { Path::new("/dev/stdin") } else { path.as_path() };
            // An input that does not exist is reported when it is read.
            self.before.is_some() && FileId::at(input).ok() == Some(self.before)
        };
        match inputs.into_iter().find(is_this) {
            None => Ok(self),
            Some(path) => {
                let reason = format!("it is the input {}; name another file", path.display());
                Err(cannot_write(&self.named, io::Error::other(reason)))
            }
        }
    }

    /// Replaces the file atomically: a reader sees the old content or all of the new.
    ///
    /// # Errors
    /// When writing fails; the old file is then still there. When another program has replaced the file since it was prepared;
    /// its file stays, and the content is beside it, where the error says.
    pub fn write(self, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
        self.place(|file| {
            let mut buffered = io::BufWriter::new(file);
            content(&mut buffered)?;
            buffered.flush()
        })
        .map(|_| ())
    }

    /// Replaces the file atomically and keeps it open.
    pub(super) fn place(
        &self,
        content: impl FnOnce(&mut fs::File) -> io::Result<()>,
    ) -> Result<fs::File, Error> {
        let attempt = || {
            if let Some(stream) = &self.stream {
                let mut stream = stream.try_clone()?;
                content(&mut stream)?;
                return Ok(stream);
            }
            let mut file = self.temporary()?;
            content(file.as_file_mut())?;
            let now = FileId::at(&self.target)?;
            if now.is_some() && now != self.before {
                return Err(self.place_beside(file)?);
            }
            file.persist(&self.target).map_err(|error| error.error)
        };
        attempt().map_err(|source| cannot_write(&self.named, source))
    }

    /// Saves `file` without replacing what another program has written, and says where it is.
    fn place_beside(&self, file: NamedTempFile) -> io::Result<io::Error> {
        let (mut file, mut number) = (file, 1_u32);
        // In a container every process may have the same number, so that the name may be there already.
        let name = loop {
            let mut name: OsString = self.target.clone().into();
            name.push(format!(".{}", process::id()));
            if number > 1 {
                name.push(format!(".{number}"));
            }
            match file.persist_noclobber(&name) {
                Ok(_) => break name,
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => file = error.file,
                Err(error) => return Err(error.error),
            }
            number += 1;
        };
        let beside = Path::new(&name).display();
        let reason = "another program has replaced it since this one started, and its file is left as it is";
        Ok(io::Error::other(format!("{reason}; what was to be written is in {beside}")))
    }

    /// Checks that the path still leads to `file`, which was placed there.
    ///
    /// # Errors
    /// When another program has replaced or removed it.
    pub(super) fn still_leads_to(&self, file: &fs::File) -> Result<(), Error> {
        if self.is_stream() {
            return Ok(());
        }
        let attempt = || {
            let reason = match FileId::at(&self.target)? {
                now if now == FileId::of(file)? => return Ok(()),
                Some(_) => "another program has replaced it while it was written",
                None => "another program has removed it while it was written",
            };
            let remedy = "what this one wrote is lost; name a file that no other program uses";
            Err(io::Error::other(format!("{reason}: {remedy}")))
        };
        attempt().map_err(|source| cannot_write(&self.named, source))
    }

    /// A new file beside the target, deleted when dropped, with the permissions that the target has or would get.
    fn temporary(&self) -> io::Result<NamedTempFile> {
        let directory = directory(&self.target);
        let mut builder = tempfile::Builder::new();
        builder.prefix(".walrus-stress-").suffix(".tmp");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // Like any new file; the process's umask is applied to it.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(directory).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("no file can be made in {}: {}", directory.display(), reason(&error)),
            )
        })?;
        if let Some(permissions) = &self.permissions {
            file.as_file().set_permissions(permissions.clone())?;
        }
        Ok(file)
    }
}

pub(super) fn cannot_write(path: &Path, source: io::Error) -> Error {
    Error::Write { path: path.display().to_string(), source }
}

/// The system's message without what the library adds to it.
fn reason(error: &io::Error) -> String {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(code) = error.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error) {
            return io::Error::from_raw_os_error(code).to_string();
        }
        cause = error.source();
    }
    io::Error::from(error.kind()).to_string()
}

/// Where `path` leads once symbolic links are followed, also to files that do not exist yet; stdout stays a name.
///
/// # Errors
/// When it leads to no file: its directory does not exist, or its links form a cycle.
pub fn destination(path: &Path) -> io::Result<PathBuf> {
    if stream::is_stdout(path) {
        return Ok(PathBuf::from("stdout"));
    }
    let mut target = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&target) {
            Ok(link) => target = directory(&target).join(link),
            Err(_) => {
                let name = target.file_name().ok_or_else(|| io::Error::other("it is a directory"))?;
                let directory = fs::canonicalize(directory(&target)).map_err(|error| {
                    let shown = directory(&target).display();
                    io::Error::new(error.kind(), format!("the directory {shown}: {error}"))
                })?;
                return Ok(directory.join(name));
            }
        }
    }
    Err(io::Error::other("its symbolic links form a cycle"))
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The permissions of `target`, which must be a writable regular file; `None` when it does not exist.
fn permissions(target: &Path) -> io::Result<Option<fs::Permissions>> {
    let metadata = match fs::metadata(target) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if metadata.is_dir() {
        return Err(io::Error::other("it is a directory"));
    }
    if !metadata.is_file() {
        return Err(io::Error::other("it is neither a file nor a pipe nor a character device"));
    }
    // Opened only to check the permission: nothing is written or truncated.
    fs::OpenOptions::new().write(true).open(target)?;
    Ok(Some(metadata.permissions()))
}

#[cfg(test)]
mod tests;
