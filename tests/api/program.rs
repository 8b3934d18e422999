//! The program itself, as an operator starts it.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The program with these arguments and nothing of our environment that it would read.
pub fn tiendo(args: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tiendo"));
    for ours in ["DATABASE_URL", "DATABASE_READ_URL", "LISTEN", "FILES_URL", "RUST_LOG"] {
        command.env_remove(ours);
    }
    command.args(args).envs(settings.iter().copied()).stdin(Stdio::null()).current_dir(std::env::temp_dir());
    command
}

/// What it says when it refuses to go on: one line, a status that is not 0, and no panic.
#[track_caller]
pub fn refusal(args: &[&str], settings: &[(&str, &str)]) -> String {
    let done = tiendo(args, settings).output().expect("runs");
    let said = String::from_utf8(done.stderr).expect("text");
    // Lines of the log are JSON where nobody sits at a terminal.
    let lines: Vec<&str> = said.lines().filter(|line| !line.starts_with('{')).collect();
    assert!(!done.status.success(), "{args:?} went on");
    assert_eq!(lines.len(), 1, "{said}");
    assert!(lines[0].starts_with("tiendo: ") && !said.contains("panicked"), "{said}");
    assert!(done.stdout.is_empty(), "{}", String::from_utf8_lossy(&done.stdout));
    lines[0].to_owned()
}

/// A server of its own process; what it says goes to a file.
pub struct Served {
    child: Child,
    pub base: String,
    output: PathBuf,
}

impl Served {
    pub fn start(args: &[&str], settings: &[(&str, &str)]) -> Self {
        let output = std::env::temp_dir().join(format!("tiendo_output_{}_{}", std::process::id(), fastrand::u32(..)));
        let file = File::create(&output).expect("creates");
        let mut command = tiendo(args, settings);
        command.stdout(file.try_clone().expect("a file")).stderr(file);
        let mut served = Self { child: command.spawn().expect("starts"), base: String::new(), output };
        let begins = "listening on ";
        while served.base.is_empty() {
            let said = served.said();
            said.lines().find_map(|line| line.strip_prefix(begins)).unwrap_or_default().clone_into(&mut served.base);
            assert!(served.child.try_wait().expect("runs").is_none(), "stopped: {said}");
            std::thread::sleep(Duration::from_millis(50));
        }
        served
    }

    /// All that it has said.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.output).expect("reads")).into_owned()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.output);
    }
}
