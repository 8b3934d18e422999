//! Files on assignments: what they are is decided by content, none is without its row, and none leaves its scope.

use serde_json::json;

use crate::harness::{Caller, Reply, TestApp};
use crate::values::province;

pub fn upload(caller: &Caller<'_>, assignment: &str, name: &str, bytes: &[u8]) -> Reply {
    let mut body =
        format!("--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/html\r\n\r\n")
            .into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--cut--\r\n");
    let headers = [("Content-Type", "multipart/form-data; boundary=cut")];
    caller.send("POST", &format!("/api/v1/assignments/{assignment}/evidence"), &headers, Some(&body))
}

pub fn stored(app: &TestApp) -> usize {
    let Ok(folder) = std::fs::read_dir(app.files.join("evidence")) else { return 0 };
    folder.filter(|entry| entry.as_ref().is_ok_and(|entry| entry.path().is_file())).count()
}

pub fn given(admin: &Caller<'_>, unit: &str) -> String {
    let reply = admin.post("/api/v1/assignments", &json!({"task": "1.01", "unit": unit, "due_on": "2025-06-30"})).expect(201).json();
    reply["id"].as_str().expect("an id").to_owned()
}

#[test]
fn a_file_is_what_its_content_says_and_comes_back_as_it_went() {
    let app = TestApp::start();
    let admin = province(&app);
    let school = admin.user("mn.soan", "MN-DB-001", &["editor"]);
    let elsewhere = admin.user("mc.all", "PGD-MC", &["editor", "approver", "admin"]);
    let id = given(&admin, "MN-DB-001");
    let pdf = b"%PDF-1.7\nBi\xc3\xaan b\xe1\xba\xa3n";
    let file = upload(&school, &id, "Biên bản \u{202e}học tập.pdf", pdf).expect(201).json();
    assert_eq!(
        (&file["name"], &file["media_type"], &file["size"]),
        (&json!("Biên bản học tập.pdf"), &json!("application/pdf"), &json!(pdf.len()))
    );
    let path = file["href"].as_str().expect("a path").to_owned();
    let back = admin.send("GET", &path, &[("Accept", "application/pdf")], None).expect(200);
    assert_eq!(back.body, pdf);
    assert_eq!((back.header("content-type").as_str(), back.header("x-content-type-options").as_str()), ("application/pdf", "nosniff"));
    assert!(back.header("content-security-policy").starts_with("sandbox"));
    let disposition = back.header("content-disposition");
    assert!(disposition.starts_with("attachment; ") && disposition.contains("filename*=UTF-8''Bi%C3%AAn%20b%E1%BA%A3n"), "{disposition}");
    elsewhere.get(&path).problem(404, "not_found");
    let read = admin.get(&format!("/api/v1/audit-events?resource={}", file["id"].as_str().expect("an id"))).expect(200).json();
    let mut actions: Vec<&str> = read["data"].as_array().expect("rows").iter().filter_map(|row| row["action"].as_str()).collect();
    actions.sort_unstable();
    assert_eq!(actions, ["evidence.create", "evidence.read"]);
    for (name, bytes, status, code) in [
        ("x.pdf", &b"MZ\x90\x00\x03"[..], 422, "validation_failed"),
        ("x.png", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", 422, "validation_failed"),
        ("x.docx", b"PK\x03\x04 no archive", 422, "validation_failed"),
        ("x.pdf", b"", 422, "validation_failed"),
    ] {
        upload(&school, &id, name, bytes).problem(status, code);
    }
    let mut large = b"%PDF-1.7\n".to_vec();
    large.resize(1024 * 1024 + 1, b' ');
    upload(&school, &id, "to.pdf", &large).problem(413, "too_large");
    school.post(&format!("/api/v1/assignments/{id}/evidence"), &json!({})).problem(415, "unsupported_media_type");
    for name in ["../../etc/passwd", "CON", "a\\b.pdf", "..", "xem.hta", &"x".repeat(300)] {
        let name = upload(&school, &id, name, pdf).expect(201).json()["name"].as_str().expect("a name").to_owned();
        assert!(
            !name.contains(['/', '\\'])
                && std::path::Path::new(&name).extension().is_some_and(|end| end == "pdf")
                && name.chars().count() <= 200,
            "{name}"
        );
    }
    let table = upload(&school, &id, "số liệu.csv", "trường,số trẻ\nTu Lý,31\n".as_bytes()).expect(201).json();
    let table = admin.send("GET", table["href"].as_str().expect("a path"), &[("Accept", "text/csv")], None).expect(200);
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(stored(&app), 8);
    admin.send("DELETE", &path, &[], None).problem(403, "forbidden");
    school.send("DELETE", &path, &[], None).expect(204);
    school.get(&path).problem(404, "not_found");
    assert_eq!(stored(&app), 7);
}

/// What shows that work is done may still be added to while it waits for a decision; who looked at it before does not confirm it unseen.
#[test]
fn nobody_confirms_what_was_changed_since() {
    let app = TestApp::start();
    let admin = province(&app);
    let school = admin.user("mn.soan", "MN-DB-001", &["editor"]);
    let id = given(&admin, "MN-DB-001");
    let path = format!("/api/v1/assignments/{id}");
    let pdf = b"%PDF-1.7\nBi\xc3\xaan b\xe1\xba\xa3n";
    let first = upload(&school, &id, "biên bản.pdf", pdf).expect(201).json();
    let tag = admin.get(&path).expect(200).header("etag");
    school.post(&format!("{path}/start"), &json!({})).expect(200);
    school.post(&format!("{path}/report-done"), &json!({})).expect(200);
    assert_ne!(admin.get(&path).expect(200).header("etag"), tag);
    let confirm = |tag: &str| {
        let headers = [("Content-Type", "application/json"), ("If-Match", tag)];
        admin.send("POST", &format!("{path}/confirm"), &headers, Some(b"{}"))
    };
    let seen = admin.get(&path).expect(200).header("etag");
    upload(&school, &id, "khác.pdf", pdf).expect(201);
    confirm(&seen).problem(412, "stale_version");
    // Nor is what was shown taken away under the eyes of whoever decides.
    school.send("DELETE", first["href"].as_str().expect("a path"), &[], None).problem(409, "illegal_transition");
    confirm(&admin.get(&path).expect(200).header("etag")).expect(200);
}

/// Whoever has another account of the machine reads no file: the folder is ours alone, one that was there before as well, and so is
/// each file.
#[cfg(unix)]
#[test]
fn files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let app = TestApp::start();
    let admin = province(&app);
    let school = admin.user("mn.soan", "MN-DB-001", &["editor"]);
    let id = given(&admin, "MN-DB-001");
    upload(&school, &id, "Biên bản.pdf", b"%PDF-1.7").expect(201);
    let mode = |path: &std::path::Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    let folder = app.files.join("evidence");
    let files: Vec<u32> = std::fs::read_dir(&folder).expect("a folder").map(|entry| mode(&entry.expect("an entry").path())).collect();
    assert_eq!((mode(&app.files), mode(&folder), files), (0o700, 0o700, vec![0o600]));
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).expect("opens");
    let _other = app.beside();
    assert_eq!(mode(&folder), 0o700);
}

#[test]
fn refused_uploads_leave_nothing_and_the_quota_holds_at_its_edge() {
    let app = TestApp::start();
    let admin = province(&app);
    let school = admin.user("mn.soan", "MN-DB-001", &["editor"]);
    let id = given(&admin, "MN-DB-001");
    upload(&admin, &id, "x.pdf", b"%PDF-1.7").problem(403, "forbidden");
    upload(&school, "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", "x.pdf", b"%PDF-1.7").problem(404, "not_found");
    assert_eq!(stored(&app), 0);
    // Two MiB for the unit, and eight files of 300 KiB at once: six fit.
    let mut file = b"%PDF-1.7\n".to_vec();
    file.resize(300 * 1024, b' ');
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8)
            .map(|_| {
                let (school, id, file) = (school.clone(), id.clone(), file.clone());
                scope.spawn(move || upload(&school, &id, "x.pdf", &file).status)
            })
            .collect();
        all.into_iter().map(|one| one.join().expect("answers")).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 6, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 413).count(), 2, "{statuses:?}");
    let list = school.get(&format!("/api/v1/assignments/{id}/evidence")).expect(200).json();
    assert_eq!((list["data"].as_array().map(Vec::len), stored(&app)), (Some(6), 6));
    // What a stop between the file and its row leaves behind is swept once it is old, and nothing else.
    std::fs::write(app.files.join("evidence/01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20"), b"%PDF").expect("writes");
    assert_eq!(app.sweep(3600), 0, "too young");
    assert_eq!(app.sweep(-3600), 1);
    assert_eq!(stored(&app), 6);
}

#[test]
fn a_file_is_taken_away_once() {
    let app = TestApp::start();
    let admin = province(&app);
    let school = admin.user("mn.soan", "MN-DB-001", &["editor"]);
    let id = given(&admin, "MN-DB-001");
    let kept = upload(&school, &id, "Biên bản.pdf", b"%PDF-1.7 ban giu").expect(201).id();
    let gone = upload(&school, &id, "Biên bản thừa.pdf", b"%PDF-1.7 ban thua").expect(201).id();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8)
            .map(|_| {
                let (school, path) = (school.clone(), format!("/api/v1/evidence/{gone}"));
                scope.spawn(move || school.delete(&path).status)
            })
            .collect();
        all.into_iter().map(|one| one.join().expect("answers")).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 404).count(), 7, "{statuses:?}");
    // What is left of the quota is told apart from what was taken away.
    school.delete(&format!("/api/v1/evidence/{kept}")).expect(204);
    app.db_seal();
    let trail = admin.get("/api/v1/audit-events?action=evidence.delete&outcome=done").expect(200).json();
    assert_eq!(trail["data"].as_array().map(Vec::len), Some(2));
    app.db_verify();
}
