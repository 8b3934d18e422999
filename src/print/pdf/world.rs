//! All that the template can reach: one paper and our letters. There is no disk, no network, no package and no clock.

use std::sync::OnceLock;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Dict, Duration, Value};
use typst::syntax::{FileId, Source};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};

use crate::print::fonts;

/// Our letters, as typst knows them.
pub struct Letters {
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
}

/// They are read once.
pub fn letters() -> &'static Letters {
    static LETTERS: OnceLock<Letters> = OnceLock::new();
    LETTERS.get_or_init(|| {
        let fonts: Vec<Font> = fonts::FILES.iter().filter_map(|file| Font::new(Bytes::new(*file), 0)).collect();
        Letters { book: LazyHash::new(FontBook::from_fonts(&fonts)), fonts }
    })
}

impl Letters {
    /// Whether each style has this letter.
    pub fn has(&self, letter: char) -> bool {
        self.fonts.iter().all(|font| font.info().coverage.contains(letter.into()))
    }
}

/// Where one paper is set.
pub struct Desk {
    template: Source,
    library: LazyHash<Library>,
}

impl Desk {
    /// For a paper in JSON, which the template finds in `sys.inputs`.
    pub fn new(paper: &str) -> Self {
        let inputs: Dict = [("paper".into(), Value::Str(paper.into()))].into_iter().collect();
        let library = Library::builder().with_inputs(inputs).build();
        Self { template: Source::detached(include_str!("report.typ")), library: LazyHash::new(library) }
    }
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &letters().book
    }

    fn main(&self) -> FileId {
        self.template.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.template.id() { Ok(self.template.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn file(&self, _: FileId) -> FileResult<Bytes> {
        Err(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        letters().fonts.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}
