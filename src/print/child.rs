//! What the process does that [`super::press`] starts: it limits itself, reads a paper, and answers the document.

use std::io::{Read, Write};

use rustix::process::{Resource, Rlimit, setrlimit};

use super::model::{Format, Paper};

/// Sets the paper in JSON at the standard input, and writes the document to the standard output. It may take so many bytes of memory and
/// so many seconds of a processor; past them the system ends it.
///
/// # Errors
/// One line that says why not.
pub fn run(format: Format, memory: u64, seconds: u64) -> Result<(), String> {
    // What a process leaves behind when it is ended holds the text. After the warning that ends it, the system would do it a second later.
    for (resource, current, maximum) in
        [(Resource::Core, 0, 0), (Resource::Data, memory, memory), (Resource::Cpu, seconds, seconds.saturating_add(1))]
    {
        let limit = Rlimit { current: Some(current), maximum: Some(maximum) };
        setrlimit(resource, limit).map_err(|error| format!("no limit can be set: {error}"))?;
    }
    let mut told = Vec::new();
    std::io::stdin().lock().read_to_end(&mut told).map_err(|error| error.to_string())?;
    let paper: Paper = serde_json::from_slice(&told).map_err(|error| error.to_string())?;
    drop(told);
    let bytes = match format {
        Format::Docx => super::docx(&paper),
        Format::Pdf => super::pdf(&paper),
        Format::Xlsx | Format::Csv => return Err("a paper is written as docx or pdf".to_owned()),
    }
    .map_err(|error| error.to_string())?;
    let mut out = std::io::stdout().lock();
    out.write_all(&bytes).and_then(|()| out.flush()).map_err(|error| error.to_string())
}
