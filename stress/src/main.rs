//! The binary: parses the command line and runs the command on a runtime of its own.

use std::process::ExitCode;

use stress::cli::{self, door};

fn main() -> ExitCode {
    let args = match door::read() {
        Ok(args) => args,
        Err(exit) => return exit.into(),
    };
    // This runtime only handles signals, draws progress and writes files: each worker thread has a runtime of its own.
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let exit = runtime.block_on(cli::main(args));
            // A name that is still being resolved would otherwise keep the process for as long as that takes.
            runtime.shutdown_background();
            exit.into()
        }
        Err(error) => {
            door::say(&format!("error: cannot start a runtime: {error}"));
            cli::Exit::Usage.into()
        }
    }
}
