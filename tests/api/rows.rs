//! The proof that each row of `rows.txt` has its test: `cargo test --test api rows -- --nocapture` prints which.

use std::collections::BTreeMap;
use std::path::Path;

use crate::house::rust_files;

const GROUPS: [&str; 9] = ["AU", "JW", "SE", "AZ", "RL", "HT", "AD", "CF", "TM"];

/// The rows that a text names.
fn named(text: &str) -> Vec<String> {
    let words = text.split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '-'));
    let row = |word: &&str| word.len() == 5 && GROUPS.iter().any(|group| word.strip_prefix(*group).is_some_and(is_number));
    words.filter(row).map(str::to_owned).collect()
}

fn is_number(rest: &str) -> bool {
    rest.strip_prefix('-').is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))
}

/// Every test of a file with its doc comment.
fn tests(text: &str) -> Vec<(String, String)> {
    let (mut found, mut doc, mut marked) = (Vec::new(), String::new(), false);
    for line in text.lines().map(str::trim) {
        if let Some(words) = line.strip_prefix("///") {
            doc.push_str(words);
        } else if line == "#[test]" {
            marked = true;
        } else if line.starts_with("#[") {
            // An attribute between the comment and the function.
        } else {
            if let Some(rest) = line.strip_prefix("fn ").filter(|_| marked) {
                found.push((rest.split('(').next().unwrap_or_default().to_owned(), doc.clone()));
            }
            doc.clear();
            marked = false;
        }
    }
    found
}

#[test]
fn every_row_has_its_test() {
    let list = include_str!("rows.txt").lines().filter(|line| !line.starts_with('#'));
    let rows: BTreeMap<&str, (&str, &str)> = list
        .map(|line| {
            let mut parts = line.splitn(3, ' ');
            let mut next = || parts.next().expect("id, priority, text");
            (next(), (next(), next()))
        })
        .collect();
    let mut proofs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for folder in ["src", "tests/api"] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for (path, text) in rust_files(&root) {
            for (name, doc) in tests(&text) {
                for row in named(&doc) {
                    proofs.entry(row).or_default().push(format!("{folder}/{}::{name}", path.display()));
                }
            }
        }
    }
    let mut missing = Vec::new();
    for (row, (priority, what)) in &rows {
        let proof = proofs.get(*row).map(|tests| tests.join(", "));
        println!("{row} {priority} {what}: {}", proof.as_deref().unwrap_or("-"));
        if *priority == "1" && proof.is_none() {
            missing.push(*row);
        }
    }
    let unknown: Vec<&String> = proofs.keys().filter(|row| !rows.contains_key(row.as_str())).collect();
    assert!(unknown.is_empty(), "no such row: {unknown:?}");
    assert!(missing.is_empty(), "no test proves {missing:?}");
}
