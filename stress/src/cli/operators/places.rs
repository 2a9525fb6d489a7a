//! Merges comparisons of operators from several places.

use std::path::{Path, PathBuf};

use crate::{
    cli::{
        exit::Exit,
        limited::{self, MAX_REPORT},
        print,
        screen::colours,
    },
    error::Error,
    export::{file::PreparedFile, operators::places_screen, style::clean},
    report::operators::places::{OnePlace, PlacesReport},
};

/// Whether the first of these files is a comparison of operators, and not the report of a run.
pub(in crate::cli) fn are_meant(paths: &[PathBuf]) -> bool {
    let first = paths.first().and_then(|path| limited::bytes(path, MAX_REPORT).ok());
    first.is_some_and(|text| OnePlace::is_meant(&text))
}

/// Writes and prints them side by side, or says of each why not; `expect` is how many there must be.
pub(in crate::cli) fn merge(
    paths: &[PathBuf],
    output: PreparedFile,
    expect: Option<u32>,
) -> Result<Exit, Error> {
    let (mut places, mut refusals) = (Vec::<OnePlace>::new(), Vec::new());
    for path in paths {
        match read(path) {
            Ok(place) if places.iter().any(|other| other.place() == place.place()) => {
                refusals.push(format!("{}: comes from the same place as another report", path.display()));
            }
            Ok(place) => places.push(place),
            Err(reason) => refusals.push(format!("{}: {reason}", path.display())),
        }
    }
    if let Some(expect) = expect.filter(|expect| *expect as usize != paths.len()) {
        refusals.push(format!("there are {} reports, but --expect is {expect}", paths.len()));
    }
    if !refusals.is_empty() {
        refusals.iter().for_each(|refusal| print::line(&format!("error: {}", clean(refusal))));
        return Ok(Exit::Untrusted);
    }
    let report = PlacesReport::of(&places);
    let on_stdout = !output.is_stdout();
    let written = output.write(|out| {
        serde_json::to_writer_pretty(&mut *out, &report)?;
        out.write_all(b"\n")
    });
    let colours = colours(None, &std::io::stdout());
    print::summary(&places_screen(&report, colours), on_stdout)?;
    let exit = print::done(written);
    Ok(if report.has_wrong_bytes() { Exit::Failure } else { exit })
}

fn read(path: &Path) -> Result<OnePlace, String> {
    OnePlace::read(&limited::bytes(path, MAX_REPORT)?)
}
