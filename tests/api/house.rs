//! The laws of the house that the compiler does not keep.

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
