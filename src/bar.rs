//! Progress of long work: a bar on a terminal, a line now and then elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

/// Progress of one step.
pub struct Bar {
    drawn: Option<ProgressBar>,
    what: &'static str,
    total: usize,
    done: usize,
}

impl Bar {
    /// Begins a step of so many pieces.
    #[must_use]
    pub fn start(what: &'static str, total: usize) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(u64::try_from(total).unwrap_or_default());
            let style = ProgressStyle::with_template("{prefix:10} {wide_bar} {human_pos}/{human_len} {eta}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(what);
            bar
        });
        Self { drawn: bar, what, total, done: 0 }
    }

    /// So many more are done.
    pub fn advance(&mut self, pieces: usize) {
        let before = self.done;
        self.done += pieces;
        match &self.drawn {
            Some(bar) => bar.inc(u64::try_from(pieces).unwrap_or_default()),
            None if self.tenth(before) != self.tenth(self.done) => {
                tracing::info!(what = self.what, done = self.done, of = self.total, "under way");
            }
            None => {}
        }
    }

    fn tenth(&self, done: usize) -> usize {
        done * 10 / self.total.max(1)
    }

    /// Ends the step.
    pub fn finish(self) {
        if let Some(bar) = self.drawn {
            bar.finish();
        }
    }
}
