//! The press: papers are set by a process of their own, which starts with nothing but the paper and ends with it. Whatever a text does to
//! those who set it, the service goes on: the process has so much memory and so much time, and what it took is given back.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::model::{Format, Paper};
use crate::config::PrintSettings;
use crate::error::{Code, Error, Result};

/// Bytes of a document at the most.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Words and lines, and signs, of running text at the most: some 150 pages. The time that a text takes grows with them; one that takes
/// seconds is refused before it is begun.
const MOST_WORDS: usize = 60_000;
const MOST_SIGNS: usize = 500_000;

/// What starts those processes.
#[derive(Clone, Debug)]
pub struct Press {
    program: PathBuf,
    memory: u64,
    seconds: u64,
}

impl Press {
    /// One with these limits.
    ///
    /// # Errors
    /// 500 where the program does not know where it is.
    pub fn new(settings: &PrintSettings) -> Result<Self> {
        let program = settings.print_program.clone().map_or_else(ourselves, Ok).map_err(Error::internal)?;
        Ok(Self { program, memory: settings.print_memory, seconds: settings.print_seconds })
    }

    /// A paper as a file. Who does not wait for it any more ends the process.
    ///
    /// # Errors
    /// 422 where it is too long, or takes more memory or more of a processor than it may; 503 where that is not reached in twice the time; 500 where it
    /// fails. None says what stands in it.
    pub async fn print(&self, paper: &Paper, format: Format) -> Result<Vec<u8>> {
        let (words, signs) = paper.length();
        if words > MOST_WORDS || signs > MOST_SIGNS {
            return Err(too_much());
        }
        let told = serde_json::to_vec(paper)?;
        let child = self.start(format)?;
        let patience = Duration::from_secs(self.seconds.saturating_mul(2));
        let late = |_| Error::unavailable("a document took too long to set");
        let (status, bytes) = tokio::time::timeout(patience, speak(child, &told)).await.map_err(late)??;
        if status.is_some_and(|status| status.success()) {
            return Ok(bytes);
        }
        let error = fate(status);
        let status = status.map_or_else(|| "too many bytes".to_owned(), |status| status.to_string());
        tracing::warn!(format = format.as_str(), status, "a document could not be set");
        Err(error)
    }

    /// The process knows nothing of the service's environment, which holds secrets, and what it says when it fails may be of the text.
    fn start(&self, format: Format) -> Result<Child> {
        let limits = [format!("--memory={}", self.memory), format!("--seconds={}", self.seconds)];
        Command::new(&self.program)
            .args(["print", "--format", format.as_str()])
            .args(limits)
            .env_clear()
            // One place among the heavy ones is one processor.
            .env("RAYON_NUM_THREADS", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(Error::internal)
    }
}

/// This program. Where the system can say which one runs it is that one, even after another was installed in its place.
fn ourselves() -> std::io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok(PathBuf::from("/proc/self/exe")) } else { std::env::current_exe() }
}

/// Gives it the paper and takes the document. Without a status it said more than it may.
async fn speak(mut child: Child, told: &[u8]) -> Result<(Option<ExitStatus>, Vec<u8>)> {
    let (Some(mut paper), Some(document)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(Error::internal("a process without an input or an output"));
    };
    let give = async move {
        // One that has ended does not read: how it ended is what counts.
        let _ = paper.write_all(told).await;
    };
    let mut bytes = Vec::new();
    let mut document = document.take(LARGEST);
    let ((), read) = tokio::join!(give, document.read_to_end(&mut bytes));
    read.map_err(Error::internal)?;
    if document.limit() == 0 {
        return Ok((None, bytes));
    }
    Ok((Some(child.wait().await.map_err(Error::internal)?), bytes))
}

/// What is told of a process that ended without a document.
fn fate(status: Option<ExitStatus>) -> Error {
    // Without memory and without stack it aborts; without time it is told so.
    const SPENT: [Signal; 4] = [Signal::ABORT, Signal::SEGV, Signal::BUS, Signal::XCPU];
    match status.map(|status| (status, status.signal())) {
        Some((status, None)) => Error::internal(format!("a document could not be set: {status}")),
        Some((_, Some(signal))) if SPENT.iter().all(|spent| spent.as_raw() != signal) => {
            Error::unavailable("what set a document was ended from outside")
        }
        None | Some(_) => too_much(),
    }
}

fn too_much() -> Error {
    Error::new(Code::ValidationFailed).because(
        "Nội dung quá dài hoặc quá phức tạp nên không lập được văn bản: hãy rút ngắn nội dung.",
        "The text is too long or too intricate to be set as a document: shorten it.",
    )
}
