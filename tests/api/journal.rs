//! The journal: one entry per change, none per refusal, sealed in a chain that has no gap.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};
use serde_json::json;
use tiendo::db::{Conn, Context};
use tiendo::error::Result;

use crate::harness::TestApp;

#[derive(QueryableByName)]
struct Sealed {
    #[diesel(sql_type = BigInt)]
    position: i64,
    #[diesel(sql_type = Binary)]
    previous: Vec<u8>,
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
    #[diesel(sql_type = Text)]
    action: String,
}

fn db_sealed(app: &TestApp) -> Vec<Sealed> {
    let sql = "SELECT s.position, s.previous, s.hash, j.action FROM seals s JOIN journal j ON j.seq = s.seq ORDER BY s.position";
    let read = |conn: &mut Conn| -> Result<Vec<Sealed>> { Ok(diesel::sql_query(sql).load(conn)?) };
    app.database.write_here(&Context::system("test", app.clock.now()), |tx| read(tx.conn)).expect("reads")
}

#[test]
fn every_change_is_one_entry_and_refusals_are_none() {
    let app = TestApp::start();
    let admin = app.admin();
    admin.unit("PGD-DB", "district_office", "district_office", "Phòng Giáo dục và Đào tạo huyện Đà Bắc", "SGD");
    let tag = admin.get("/api/v1/units/PGD-DB").expect(200).header("etag");
    admin.patch("/api/v1/units/PGD-DB", &tag, &json!({"short_name": "PGD Đà Bắc"})).expect(200);
    admin.patch("/api/v1/units/PGD-DB", &tag, &json!({"short_name": "Khác"})).problem(412, "stale_version");
    let _ = admin.post("/api/v1/units", &json!({"code": "x"})).problem(422, "validation_failed");
    admin.delete("/api/v1/sessions/current").expect(204);
    app.db_seal();
    let actions: Vec<String> = db_sealed(&app).into_iter().map(|sealed| sealed.action).collect();
    assert_eq!(actions, ["user.create", "user.accept", "session.create", "unit.create", "unit.update", "session.delete"]);
}

#[test]
fn seals_chain_without_gaps_while_many_write() {
    let app = TestApp::start();
    let admin = app.admin();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let admin = admin.clone();
            scope.spawn(move || {
                for number in 0..10 {
                    admin.unit(&format!("MN-{writer}-{number}"), "school", "preschool", "Trường Mầm non", "SGD");
                }
            });
        }
        for _ in 0..20 {
            app.db_seal();
        }
    });
    app.db_seal();
    let sealed = db_sealed(&app);
    assert_eq!(sealed.len(), 43);
    let mut previous = vec![0; 32];
    for (index, seal) in sealed.iter().enumerate() {
        assert_eq!((seal.position, &seal.previous), (i64::try_from(index).expect("small") + 1, &previous));
        previous.clone_from(&seal.hash);
    }
}
