//! Files are replaced atomically, and paths that cannot be written are refused beforehand.

use super::*;

fn refused(path: &Path) -> String {
    PreparedFile::prepare(path).unwrap_err().to_string()
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn write(path: &Path, text: &str) {
    PreparedFile::prepare(path).unwrap().write(|out| out.write_all(text.as_bytes())).unwrap();
}

#[test]
fn one_at_a_time_writes_a_file_by_whatever_path() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let long = "x".repeat(255);
    for name in ["report.json", &long] {
        let first = PreparedFile::prepare(&at(name)).unwrap();
        let reason = "another output of this command is the same file";
        assert!(refused(&directory.path().join(".").join(name)).contains(reason));
        PreparedFile::prepare(&at("other")).unwrap();
        drop(first);
        PreparedFile::prepare(&at(name)).unwrap();
        assert!(names(directory.path()).is_empty());
    }
}

#[test]
fn a_lock_file_that_was_left_behind_or_leads_elsewhere_is_no_lock() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at(".report.json.lock"), "1\n").unwrap();
    drop(PreparedFile::prepare(&at("report.json")).unwrap());
    assert!(names(directory.path()).is_empty());
    fs::write(at("precious"), "precious").unwrap();
    std::os::unix::fs::symlink(at("precious"), at(".report.json.lock")).unwrap();
    assert!(refused(&at("report.json")).contains("its lock file "));
    assert_eq!(fs::read_to_string(at("precious")).unwrap(), "precious");
}

#[test]
fn preparing_leaves_everything_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let old = directory.path().join("old.json");
    fs::write(&old, "precious").unwrap();
    drop(PreparedFile::prepare(&old).unwrap());
    drop(PreparedFile::prepare(&directory.path().join("new.json")).unwrap());
    assert_eq!(
        (fs::read_to_string(&old).unwrap().as_str(), names(directory.path())),
        ("precious", vec!["old.json".into()])
    );
}

#[test]
fn writing_replaces_the_whole_file_and_leaves_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("report.json");
    fs::write(&path, "a much longer text than the new one").unwrap();
    write(&path, "short");
    assert_eq!(fs::read_to_string(&path).unwrap(), "short");
    assert_eq!(names(directory.path()), ["report.json"]);
}

#[test]
fn a_failure_while_writing_keeps_the_old_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("report.json");
    fs::write(&path, "old").unwrap();
    let error = PreparedFile::prepare(&path).unwrap().write(|out| {
        out.write_all(b"half")?;
        Err(io::Error::from(io::ErrorKind::StorageFull))
    });
    assert_eq!(error.unwrap_err().to_string(), format!("cannot write {}: no storage space", path.display()));
    assert_eq!(
        (fs::read_to_string(&path).unwrap().as_str(), names(directory.path())),
        ("old", vec!["report.json".into()])
    );
}

#[test]
fn unwritable_paths_are_refused_with_the_reason() {
    let directory = tempfile::tempdir().unwrap();
    let shown = directory.path().display();
    assert_eq!(refused(directory.path()), format!("cannot write {shown}: it is a directory"));
    let missing = directory.path().join("no/such/place.json");
    assert!(refused(&missing).contains("no/such: No such file or directory"), "{}", refused(&missing));
    assert!(refused(Path::new("")).starts_with("cannot write : "));
}

#[cfg(unix)]
#[test]
fn what_is_neither_a_file_nor_a_stream_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let reason = "it is neither a file nor a pipe nor a character device";
    assert_eq!(refused(&socket), format!("cannot write {}: {reason}", socket.display()));
}

#[cfg(unix)]
#[test]
fn symbolic_links_stay_links_and_their_targets_are_replaced() {
    use std::os::unix::fs::symlink;
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::create_dir(at("real")).unwrap();
    fs::write(at("real/there.json"), "old").unwrap();
    symlink("real/there.json", at("link")).unwrap();
    symlink("real/not-yet.json", at("dangling")).unwrap();
    symlink("cycle", at("cycle")).unwrap();
    write(&at("link"), "new");
    write(&at("dangling"), "newer");
    assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(at("real/there.json")).unwrap(), "new");
    assert_eq!(fs::read_to_string(at("real/not-yet.json")).unwrap(), "newer");
    assert!(refused(&at("cycle")).ends_with("its symbolic links form a cycle"));
}

#[cfg(unix)]
#[test]
fn permissions_are_those_of_the_old_file_or_of_any_new_one() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let mode = |name: &str| fs::metadata(at(name)).unwrap().permissions().mode() & 0o777;
    fs::write(at("any"), "").unwrap();
    fs::write(at("old"), "").unwrap();
    fs::set_permissions(at("old"), fs::Permissions::from_mode(0o640)).unwrap();
    write(&at("old"), "x");
    write(&at("new"), "x");
    assert_eq!((mode("old"), mode("new")), (0o640, mode("any")));
}
