//! Rule: `unsafe` is in one audited file. rustc denies it everywhere; this finds the attributes that would allow it.

use super::{finding::Finding, rust_file::RustFile};

/// The file that may have it.
const AUDITED: &str = "stress/src/client/send_queue.rs";

/// Lines that name the lint outside the audited file.
pub(crate) fn check(file: &RustFile) -> Vec<Finding> {
    let lint = concat!("unsafe", "_code");
    let lines = file.text.lines().zip(1..).filter(|(line, _)| file.path != AUDITED && line.contains(lint));
    let message = format!("only {AUDITED} may have unsafe code");
    lines.map(|(_, number)| file.finding(number, &message)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lint_is_named_in_the_audited_file_alone() {
        let text = concat!("#![allow(unsafe", "_code)]\nfn f() {}");
        let findings = |path: &str| check(&RustFile::parse(path, text).ok().unwrap()).len();
        assert_eq!((findings(AUDITED), findings("stress/src/lib.rs")), (0, 1));
    }
}
