//! The binary `walrus-stress`.

use std::process::ExitCode;

fn main() -> ExitCode {
    stress::cli::main()
}
