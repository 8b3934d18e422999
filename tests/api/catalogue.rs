//! The plan as data: every piece stands on words of `plan.txt`, and what is loaded is what was there in February 2025.

use serde_json::Value;

use crate::harness::{TestApp, column};

const PLAN: &str = include_str!("../../src/catalogue/data/plan.txt");

/// Every `source` in a file, however deep.
fn sources(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(members) => {
            if members.contains_key("line") && members.contains_key("text") {
                found.push(value.clone());
            }
            members.values().for_each(|member| sources(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| sources(item, found)),
        _ => {}
    }
}

#[test]
fn every_source_is_a_verbatim_piece_of_its_line() {
    let lines: Vec<&str> = PLAN.lines().collect();
    let files = [
        (include_str!("../../src/catalogue/data/groups.json"), 7),
        (include_str!("../../src/catalogue/data/tasks.json"), 93),
        (include_str!("../../src/catalogue/data/indicators.json"), 37),
        (include_str!("../../src/catalogue/data/documents.json"), 15),
    ];
    for (text, count) in files {
        let data: Value = serde_json::from_str(text).expect("json");
        assert_eq!(data.as_array().map(Vec::len), Some(count));
        let mut found = Vec::new();
        sources(&data, &mut found);
        assert!(found.len() >= count);
        for source in found {
            let line = usize::try_from(source["line"].as_u64().expect("a line")).expect("small");
            let text = source["text"].as_str().expect("a text");
            assert!(!text.is_empty() && lines[line - 1].contains(text), "line {line}: {text}");
            assert_ne!(source["corrected"].as_str(), Some(text), "a correction that corrects nothing");
        }
    }
}

#[test]
fn the_ten_districts_and_151_communes_are_there_once_however_often_it_starts() {
    let app = TestApp::start();
    let admin = app.admin();
    let context = tiendo::db::Context::system("test", app.clock.now());
    app.database.write_here(&context, tiendo::catalogue::load).expect("loads again");
    for (rank, total) in [("province", 1), ("district", 10), ("commune", 151)] {
        let list = admin.get(&format!("/api/v1/localities?rank={rank}&count=exact&limit=1")).expect(200).json();
        assert_eq!(list["page"]["total"], total, "{rank}");
    }
    let districts = admin.get("/api/v1/localities?rank=district&fields=name").expect(200).json();
    assert_eq!(
        column(&districts, "name"),
        [
            "Huyện Cao Phong",
            "Huyện Đà Bắc",
            "Huyện Kim Bôi",
            "Huyện Lạc Sơn",
            "Huyện Lạc Thủy",
            "Huyện Lương Sơn",
            "Huyện Mai Châu",
            "Huyện Tân Lạc",
            "Huyện Yên Thủy",
            "Thành phố Hòa Bình"
        ]
    );
    let commune = admin.get("/api/v1/localities/C04891").expect(200).json();
    assert_eq!((commune["name"].as_str(), commune["parent"]["code"].as_str()), (Some("Xã Vầy Nưa"), Some("D150")));
    assert_eq!(commune["external_codes"][0]["code"], "04891");
    // Names are not unique: two communes are called Cao Sơn.
    let found = admin.get("/api/v1/localities?q=cao%20son&sort=code").expect(200).json();
    assert_eq!(column(&found, "name"), ["Xã Cao Sơn", "Xã Cao Sơn"]);
    assert_eq!(admin.get("/api/v1/localities?parent=D999").faults(), ["parent unknown_reference"]);
    admin.get("/api/v1/localities/X1").problem(404, "not_found");
}
