//! The trace of OWASP ASVS 5.0.0 in `SECURITY.md` is true: each row has one form, and what it names is there.
//! `cargo test --test api trace -- --nocapture` prints the counts and what is still to come.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::house::rust_files;

const FORMS: [&str; 6] = ["test", "setting", "text", "n/a", "deviation", "coming"];
/// Requirements of level 1 and 2 in the standard.
const REQUIRED: (usize, usize) = (70, 183);
/// How many of level 3 are traced at least.
const BEYOND: usize = 15;

/// The project's files, as far as rows name them.
struct Tree {
    /// Every file of the program and its tests, by its path from the root.
    rust: BTreeMap<String, String>,
}

impl Tree {
    fn read() -> Self {
        let mut rust = BTreeMap::new();
        for folder in ["src", "tests/api"] {
            for (path, text) in rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)) {
                rust.insert(format!("{folder}/{}", path.display()), text);
            }
        }
        Self { rust }
    }

    fn has_test(&self, file: &str, name: &str) -> bool {
        let lines: Vec<&str> = self.rust.get(file).map(|text| text.lines().map(str::trim).collect()).unwrap_or_default();
        lines.windows(2).any(|pair| pair[0] == "#[test]" && pair[1].starts_with(&format!("fn {name}(")))
    }

    fn has_setting(&self, name: &str) -> bool {
        ["src/config.rs", "src/main.rs"].iter().any(|file| self.rust[*file].contains(&format!("env = \"{name}\"")))
    }

    /// Whether what stands between two backticks is there; `None` for what names neither test nor setting.
    fn has(&self, named: &str) -> Option<bool> {
        if let Some((file, words)) = named.split_once(": ") {
            let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file));
            return Some(text.is_ok_and(|text| text.contains(words)));
        }
        if let Some((file, name)) = named.split_once(".rs::") {
            return Some(self.has_test(&format!("{file}.rs"), name.trim_start_matches("tests::")));
        }
        let setting = named.len() > 3 && named.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
        setting.then(|| self.has_setting(named))
    }

    /// What a text names between backticks, and whether each is there.
    fn named<'t>(&self, text: &'t str) -> Vec<(&'t str, bool)> {
        text.split('`').skip(1).step_by(2).filter_map(|named| Some((named, self.has(named)?))).collect()
    }
}

/// A heading as links name it.
fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|sign| sign.is_alphanumeric() || *sign == ' ')
        .map(|sign| if sign == ' ' { '-' } else { sign })
        .collect()
}

#[test]
fn every_requirement_is_traced_to_what_is_there() {
    let text = include_str!("../../SECURITY.md");
    let tree = Tree::read();
    let anchors: BTreeSet<String> = text.lines().filter_map(|line| Some(anchor(line.trim_start_matches('#').strip_prefix(' ')?))).collect();
    let told: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("- **")?.split('.').next()).collect();
    let (mut seen, mut deviating, mut wrong) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let ["", id, level, asks, how, ""] = cells[..] else { continue };
        if id.split('.').count() != 3 || id.split('.').any(|part| part.parse::<u8>().is_err()) {
            continue;
        }
        let mut fault = |what: &str| wrong.push(format!("{id}: {what}"));
        let (form, said) = how.split_once(": ").unwrap_or((how, ""));
        if !FORMS.contains(&form) || said.len() < 2 || asks.is_empty() || !["1", "2", "3"].contains(&level) {
            fault("no form");
        }
        if !seen.insert(id) {
            fault("stands twice");
        }
        // What is built beside this may be named before it is there.
        let (there, coming) = how.split_once("coming: ").unwrap_or((how, ""));
        let (there, coming) = (tree.named(there), tree.named(coming));
        there.iter().filter(|(_, is)| !is).for_each(|(named, _)| fault(&format!("there is no {named}")));
        let arrived = !coming.is_empty() && coming.iter().all(|(_, is)| *is);
        if form == "coming" && !arrived {
            println!("{id} is coming: {said}");
        }
        if ["test", "setting"].contains(&form) && there.is_empty() {
            fault("names nothing");
        }
        if form == "text" && !said.contains("](#") {
            fault("points nowhere");
        }
        for link in said.split("](#").skip(1) {
            let name = link.split(')').next().unwrap_or_default();
            if !anchors.contains(name) {
                fault(&format!("there is no heading {name}"));
            }
        }
        if form == "deviation" {
            let named = said.split([' ', ';', ',']).next().unwrap_or_default();
            deviating.insert(named);
            if !told.contains(named) {
                fault("its deviation is not told");
            }
        }
        *counts.entry((level, if arrived && form == "coming" { "test" } else { form })).or_default() += 1;
    }
    for ((level, form), count) in &counts {
        println!("level {level} {form}: {count}");
    }
    let of = |level: &str| counts.iter().filter(|((other, _), _)| *other == level).map(|(_, count)| count).sum::<usize>();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!((of("1"), of("2")), REQUIRED);
    assert!(of("3") >= BEYOND);
    assert_eq!(deviating, told, "what is told and what deviates are the same");
}
