//! The barrier of the launcher, by version 1 of the Process Management Interface: lines of text over an inherited socket.
//!
//! `srun --mpi=pmi2` and MPICH's `mpiexec` speak it, so that no MPI library is needed. The wire protocol is that of
//! MPICH's `src/pmi/simple/simple_pmi.c`.

use std::{io, os::unix::net::UnixStream as Socket, time::Instant, time::SystemTime};

use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
};

/// The number of the inherited descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Descriptor(i32);

/// The launcher's connection, if it gave one.
///
/// # Errors
/// When the variable holds no descriptor.
pub(super) fn offered(variables: &dyn Fn(&str) -> Option<String>) -> Result<Option<Descriptor>, String> {
    let Some(text) = variables("PMI_FD").filter(|text| !text.is_empty()) else { return Ok(None) };
    match text.parse() {
        Ok(number) if number >= 0 => Ok(Some(Descriptor(number))),
        _ => Err(format!("cannot use PMI_FD: `{text}` is no file descriptor")),
    }
}

/// Waits at the launcher's barrier until every process of the job is there; gives when that was.
///
/// # Errors
/// What went wrong with the launcher.
pub(super) async fn barrier(descriptor: Descriptor) -> Result<(SystemTime, Instant), String> {
    let failed = |error: io::Error| format!("pmi: the connection to the launcher (PMI_FD): {error}");
    let mut launcher = Launcher(BufReader::new(connection(descriptor).map_err(failed)?));
    launcher.ask("cmd=init pmi_version=1 pmi_subversion=1", "response_to_init").await?;
    launcher.ask("cmd=barrier_in", "barrier_out").await?;
    let passed = (SystemTime::now(), Instant::now());
    // A process that ends without it is taken for one that crashed.
    launcher.ask("cmd=finalize", "finalize_ack").await?;
    Ok(passed)
}

/// A duplicate of the descriptor, which this process owns by itself: Rust offers no safe way to adopt the number of one.
fn connection(Descriptor(number): Descriptor) -> io::Result<UnixStream> {
    let own = pidfd_open(getpid(), PidfdFlags::empty())?;
    let socket = Socket::from(pidfd_getfd(own, number, PidfdGetfdFlags::empty())?);
    socket.set_nonblocking(true)?;
    UnixStream::from_std(socket)
}

struct Launcher(BufReader<UnixStream>);

impl Launcher {
    /// Sends a command and waits for the reply of this name.
    async fn ask(&mut self, command: &str, expected: &str) -> Result<(), String> {
        let failed = |error: io::Error| format!("pmi: {command}: {error}");
        self.0.write_all(format!("{command}\n").as_bytes()).await.map_err(failed)?;
        let mut reply = String::new();
        self.0.read_line(&mut reply).await.map_err(failed)?;
        let value =
            |key: &str| reply.split_whitespace().find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
        match (value("cmd"), value("rc").unwrap_or("0")) {
            (Some(name), "0") if name == expected => Ok(()),
            (None, _) if reply.is_empty() => {
                Err(format!("pmi: {command}: the launcher closed the connection"))
            }
            _ => Err(format!("pmi: {command}: the launcher answered `{}`", reply.trim_end())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, Write},
        os::fd::AsRawFd,
        thread,
    };

    use super::*;

    /// What came of a barrier at a launcher that gives these answers, and what it was asked.
    async fn at_launcher(answers: &'static [&'static str]) -> (Result<(), String>, Vec<String>) {
        let (own, launcher) = Socket::pair().unwrap();
        let asked = thread::spawn(move || {
            let mut lines = std::io::BufReader::new(launcher.try_clone().unwrap()).lines();
            let answer = |answer: &&str| {
                let asked = lines.next()?.unwrap();
                (&launcher).write_all(answer.as_bytes()).unwrap();
                Some(asked)
            };
            answers.iter().map_while(answer).collect()
        });
        let result = barrier(Descriptor(own.as_raw_fd())).await;
        drop(own);
        (result.map(drop), asked.join().unwrap())
    }

    #[tokio::test]
    async fn a_launcher_is_asked_for_a_barrier() {
        for (answers, expected) in [
            (
                &[
                    "cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0\n",
                    "cmd=barrier_out\n",
                    "cmd=finalize_ack\n",
                ][..],
                Ok(()),
            ),
            (&["cmd=response_to_init rc=-1\n"], Err("the launcher answered `cmd=response_to_init rc=-1`")),
            (
                &["cmd=response_to_init rc=0\n", "cmd=barrier_out rc=3\n"],
                Err("the launcher answered `cmd=barrier_out rc=3`"),
            ),
            (
                &["cmd=response_to_init rc=0\n", "cmd=maxes\n"],
                Err("cmd=barrier_in: the launcher answered `cmd=maxes`"),
            ),
            (&["cmd=response_to_init rc=0\n"], Err("cmd=barrier_in: ")),
        ] {
            let (result, asked) = at_launcher(answers).await;
            match (&result, expected) {
                (Ok(()), Ok(())) => assert_eq!(
                    asked,
                    ["cmd=init pmi_version=1 pmi_subversion=1", "cmd=barrier_in", "cmd=finalize"]
                ),
                (Err(reason), Err(words)) => assert!(reason.contains(words), "{answers:?}: {reason}"),
                _ => panic!("{answers:?}: {result:?}"),
            }
        }
    }

    #[tokio::test]
    async fn what_is_no_connection_of_a_launcher_is_an_error() {
        let refused = barrier(Descriptor(i32::MAX)).await.unwrap_err();
        assert!(refused.contains("PMI_FD"), "{refused}");
        for (text, expected) in [("", Ok(None)), ("7", Ok(Some(Descriptor(7))))] {
            assert_eq!(offered(&|_| Some(text.to_owned())), expected);
        }
        for wrong in ["x", "-1"] {
            assert!(offered(&|_| Some(wrong.to_owned())).unwrap_err().contains(wrong));
        }
    }
}
