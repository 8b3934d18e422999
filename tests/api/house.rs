//! The laws of the house that the compiler does not keep.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Every file of the language under a folder, with its path from there.
pub fn rust_files(root: &Path) -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(root, &mut found);
    found
        .into_iter()
        .map(|path| (path.strip_prefix(root).expect("below").to_owned(), std::fs::read_to_string(&path).expect("text")))
        .collect()
}

fn sources() -> Vec<(PathBuf, String)> {
    rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

fn room(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

#[test]
fn http_rooms_never_see_diesel_and_the_others_never_see_actix() {
    for (path, text) in sources() {
        let room = room(&path);
        if room.ends_with("/http.rs") || room.starts_with("http/") || room.contains("/http/") {
            assert!(!text.contains("diesel"), "{room} names diesel");
        }
        if ["/store.rs", "/rules.rs", "/model.rs"].iter().any(|end| room.ends_with(end))
            || room.contains("/store/")
            || room.starts_with("db/")
        {
            assert!(!text.contains("actix"), "{room} names actix");
        }
    }
}

#[test]
fn imports_go_down() {
    // What a room may not import: whatever stands above it.
    let above_values = ["crate::http", "crate::app", "crate::jobs", "crate::journal", "crate::units", "crate::users", "crate::sessions"];
    for (path, text) in sources() {
        let room = room(&path);
        let forbidden: &[&str] = match room.as_str() {
            "clock.rs" | "ids.rs" | "error.rs" | "life.rs" | "refs.rs" | "text.rs" | "patch.rs" | "vocabulary.rs" | "access/policy.rs"
            | "access/scope.rs" | "access/caller.rs" => &above_values,
            room if room.starts_with("db/") => &above_values,
            room if room.ends_with("/rules.rs")
                || room.ends_with("/model.rs")
                || room.ends_with("/store.rs")
                || room.contains("/store/") =>
            {
                &["crate::http", "crate::app", "crate::jobs"]
            }
            _ => &["crate::app"],
        };
        let used: Vec<&str> =
            text.lines().filter(|line| line.trim_start().starts_with("use ") && forbidden.iter().any(|name| line.contains(name))).collect();
        assert!(used.is_empty() || room == "main.rs", "{room}: {used:?}");
    }
}

/// The files that a file names: by `crate::…` and `super::…`, in groups too. What stands in its tests does not count.
fn named_by(module: &[String], text: &str, known: &BTreeMap<Vec<String>, String>) -> BTreeSet<Vec<String>> {
    let text = text.split("#[cfg(test)]").next().expect("a text");
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join(" ");
    let mut found = BTreeSet::new();
    for (start, word) in code.match_indices("crate::").chain(code.match_indices("super::")) {
        // `super::super::` stands for one more above, and is looked at by its last.
        let mut base = module.to_vec();
        let mut before = &code[..start];
        base.pop();
        while let Some(above) = before.strip_suffix("super::") {
            base.pop();
            before = above;
        }
        if word == "crate::" {
            base.clear();
        }
        let rest = &code[start + word.len()..];
        let end = rest.find([';', '(', ')', '<', '>', '!', '=']).unwrap_or(rest.len());
        for path in spread(&rest[..end]) {
            let mut whole = base.clone();
            whole.extend(path);
            // The deepest file on the way.
            while !whole.is_empty() && !known.contains_key(&whole) {
                whole.pop();
            }
            found.insert(whole);
        }
    }
    found
}

/// `a::{b, c::{d, e}}` as the paths that it stands for.
fn spread(text: &str) -> Vec<Vec<String>> {
    let text = text.trim();
    let Some((head, group)) = text.split_once('{') else {
        return vec![text.split("::").map(|piece| piece.trim().to_owned()).collect()];
    };
    let group = group.trim_end().strip_suffix('}').unwrap_or(group);
    let (mut depth, mut from, mut pieces) = (0, 0, Vec::new());
    for (at, sign) in group.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                pieces.push(&group[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(&group[from..]);
    let head: Vec<String> = head.split("::").map(|piece| piece.trim().to_owned()).filter(|piece| !piece.is_empty()).collect();
    pieces.into_iter().flat_map(spread).map(|rest| head.iter().cloned().chain(rest).collect()).collect()
}

/// Whoever reads a file need not have read one that it is read for: no files import each other in a circle. The face of a folder (`mod.rs`)
/// may hand on what is in it.
#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut known: BTreeMap<Vec<String>, String> = BTreeMap::new();
    let mut folders = BTreeSet::new();
    for (path, text) in sources() {
        let room = room(&path);
        let mut module: Vec<String> = room.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if module.last().is_some_and(|last| last == "mod") {
            module.pop();
            folders.insert(module.clone());
        }
        if module != ["lib"] && module != ["main"] {
            known.insert(module, text);
        }
    }
    let mut arrows: BTreeMap<&Vec<String>, BTreeSet<Vec<String>>> = BTreeMap::new();
    for (module, text) in &known {
        let mut to = named_by(module, text, &known);
        to.retain(|other| other != module && !other.is_empty() && !(folders.contains(module) && other.starts_with(module)));
        arrows.insert(module, to);
    }
    assert!(arrows.values().map(BTreeSet::len).sum::<usize>() > 1000, "imports are seen");
    // What imports nothing that is left is taken away, until nothing goes any more.
    while let Some(ground) = arrows.iter().find(|(_, to)| to.iter().all(|other| !arrows.contains_key(other))).map(|(module, _)| *module) {
        arrows.remove(ground);
    }
    let left: Vec<String> = arrows
        .iter()
        .map(|(module, to)| {
            let to: Vec<String> = to.iter().filter(|other| arrows.contains_key(other)).map(|other| other.join("::")).collect();
            format!("{} -> {}", module.join("::"), to.join(", "))
        })
        .collect();
    assert!(left.is_empty(), "a circle is among these:\n{}", left.join("\n"));
}

#[test]
fn operations_are_declared_only_through_the_registrar() {
    for (path, text) in sources() {
        let room = room(&path);
        if room != "http/registrar.rs" && room != "http/docs.rs" {
            assert!(!text.contains("web::resource") && !text.contains("web::scope"), "{room} declares a route by itself");
        }
        // Cards are the one read of units that passes the scope; find_by_code is for loading and commands.
        if text.contains("find_by_code") {
            assert!(
                room.starts_with("demo/")
                    || ["units/store/read.rs", "units/store/mod.rs", "catalogue/mod.rs", "bootstrap.rs"].contains(&room.as_str()),
                "{room} reads units without a scope"
            );
        }
    }
}
