//! The program as it runs outside the tests: started, spoken to and killed; and its commands.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// A service of its own process, at the machine's time.
pub struct Served {
    pub child: Child,
    pub base: String,
    log: Option<std::thread::JoinHandle<String>>,
}

impl Served {
    pub fn start(url: &str, files: &str) -> Self {
        Self::start_with(url, files, &[])
    }

    pub fn start_with(url: &str, files: &str, environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tiendo"))
            .args(["serve", "--listen", "127.0.0.1:0", "--workers", "2"])
            .env("DATABASE_URL", url)
            .env("FILES_URL", files)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("an output")).read_line(&mut line).expect("says where");
        let base = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("said {line:?}")).to_owned();
        let mut stderr = child.stderr.take().expect("a log");
        let log = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).expect("text");
            text
        });
        Self { child, base, log: Some(log) }
    }

    /// Where it listens, as `host:port`.
    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().expect("kills");
        self.child.wait().expect("is dead");
    }

    /// Asks it to stop, waits until it has, and answers what it logged.
    pub fn stop(mut self) -> String {
        let asked = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.child.id())]).status().expect("asks");
        assert!(asked.success());
        assert!(self.child.wait().expect("ends").success());
        self.log.take().expect("a log").join().expect("reads")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = (self.child.kill(), self.child.wait());
    }
}

/// A command, with its settings in the environment.
pub fn command(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tiendo")).args(arguments).envs(environment.iter().copied()).output().expect("runs")
}

pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(20))).build().into()
}
