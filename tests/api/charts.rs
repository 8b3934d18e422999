//! Results as pictures: the numbers of the results, in the words of the reader, and nothing of anybody else.

use roxmltree::{Document, Node};
use serde_json::{Value, json};

use crate::harness::{Caller, Reply, TestApp};
use crate::values::{START, province, ratio, record};

const SERIES: &str = "/api/v1/indicators/MN03/chart.svg";

fn svg(reply: Reply) -> String {
    let reply = reply.expect(200);
    assert_eq!(reply.header("content-type"), "image/svg+xml; charset=utf-8");
    assert_eq!(
        reply.header("content-security-policy"),
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
    );
    assert_eq!((reply.header("x-content-type-options"), reply.header("cache-control")), ("nosniff".into(), "private, no-cache".into()));
    let text = String::from_utf8(reply.body).expect("text");
    sound(&text);
    text
}

fn chart(caller: &Caller<'_>, path: &str) -> String {
    svg(caller.get(path))
}

/// Well-formed, told to those who cannot see it, and made of nothing that acts or is fetched.
fn sound(text: &str) {
    let document = Document::parse(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let root = document.root_element();
    assert_eq!((root.tag_name().name(), root.attribute("role"), root.attribute("aria-labelledby")), ("svg", Some("img"), Some("t d")));
    for (id, tag) in [("t", "title"), ("d", "desc")] {
        let told = root.children().find(|node| node.attribute("id") == Some(id)).unwrap_or_else(|| panic!("no {id}: {text}"));
        assert!(told.tag_name().name() == tag && told.text().is_some_and(|text| !text.is_empty()), "{text}");
    }
    let known = ["svg", "title", "desc", "style", "rect", "g", "text", "line", "polyline", "polygon", "circle"];
    for node in document.descendants().filter(Node::is_element) {
        assert!(known.contains(&node.tag_name().name()), "{}", node.tag_name().name());
        let strange = node.attributes().find(|attribute| attribute.name().starts_with("on") || attribute.name().contains("href"));
        assert!(strange.is_none(), "{strange:?}");
    }
    assert!(!text.contains("url(") && !text.contains("@import"), "{text}");
}

/// The words of a chart that stand in elements of a class.
fn words(text: &str, class: &str) -> Vec<String> {
    let document = Document::parse(text).expect("xml");
    let of_class = |node: &Node<'_, '_>| node.attribute("class").is_some_and(|names| names.split(' ').any(|name| name == class));
    let nodes = document.descendants().filter(|node| node.tag_name().name() == "text" && of_class(node));
    nodes.filter_map(|node| node.text().map(str::to_owned)).collect()
}

/// The numbers of results, as they stand in a chart: in the letters of targets, which are not theirs.
fn numbers(text: &str) -> Vec<String> {
    let targets = words(text, "asked");
    words(text, "strong").into_iter().filter(|word| !targets.contains(word)).collect()
}

/// How many elements have all of these classes.
fn marks(text: &str, classes: &str) -> usize {
    let document = Document::parse(text).expect("xml");
    document.descendants().filter(|node| node.attribute("class") == Some(classes)).count()
}

/// How far down each milestone is.
fn milestones(text: &str) -> Vec<f64> {
    let document = Document::parse(text).expect("xml");
    let corners =
        document.descendants().filter(|node| node.attribute("class") == Some("milestone")).filter_map(|node| node.attribute("points"));
    let height = |corners: &str| corners.split(' ').next()?.split(',').nth(1)?.parse().ok();
    corners.filter_map(height).collect()
}

fn described(text: &str) -> String {
    let document = Document::parse(text).expect("xml");
    let told = document.descendants().find(|node| node.tag_name().name() == "desc").and_then(|node| node.text());
    told.expect("a description").to_owned()
}

fn rates(caller: &Caller<'_>, path: &str) -> Vec<String> {
    let list = caller.get(path).expect(200).json();
    let rate =
        |row: &Value| row["rate"].as_str().map(|rate| format!("{} %", rate.trim_end_matches('0').trim_end_matches('.').replace('.', ",")));
    list["data"].as_array().expect("rows").iter().filter_map(rate).collect()
}

#[test]
fn a_series_shows_the_numbers_of_the_results_to_whom_they_belong() {
    let app = TestApp::start();
    let admin = province(&app);
    let school = admin.user("mn.db1", "MN-DB-001", &["viewer"]);
    let district = admin.user("pgd.db", "PGD-DB", &["viewer"]);
    let rows = [(START, 11, 12), ("2025-2026-START", 23, 24), ("2027-2028-START", 12, 12)];
    record(&admin, &rows.map(|(period, above, below)| ratio("MN03", "MN-DB-001", period, above, below)));
    record(&admin, &[ratio("MN03", "MN-DB-002", START, 8, 9), ratio("MN03", "MN-MC-001", START, 1, 3)]);
    for (caller, unit) in [(&school, "MN-DB-001"), (&district, "PGD-DB"), (&admin, "SGD"), (&admin, "PGD-DB")] {
        let drawn = chart(caller, &format!("{SERIES}?unit={unit}"));
        let path = format!("/api/v1/indicators/MN03/results?unit={unit}&from={START}&to=2030-2031-START");
        assert_eq!(numbers(&drawn), rates(caller, &path), "{unit}");
        assert_eq!(words(&drawn, "asked"), ["Mục tiêu 2030: ít nhất 100 %"]);
        // A line of two points, then a gap that is told, then a point that attains.
        assert_eq!(
            (marks(&drawn, "trend"), marks(&drawn, "point no"), marks(&drawn, "point yes")),
            (1, 2 + 1, 1 + 1),
            "{unit} and the key"
        );
        assert_eq!(words(&drawn, "silence").join(" "), "chưa có số liệu");
        // Six milestones from 2025 to 2030, after that of the key, on a straight line but for the rounding of numbers and lengths.
        let heights: Vec<f64> = milestones(&drawn).into_iter().skip(1).collect();
        let steps: Vec<f64> = heights.windows(2).map(|pair| pair[0] - pair[1]).collect();
        assert!(steps.len() == 5 && steps.iter().all(|step| *step > 0.0 && (step - steps[0]).abs() < 0.4), "{unit}: {heights:?}");
        assert_eq!(words(&drawn, "subtitle").len(), 1);
    }
    // Whose it is goes without saying, and each sees its own subtree and nothing else.
    assert_eq!(chart(&school, SERIES), chart(&school, &format!("{SERIES}?unit=MN-DB-001")));
    assert_eq!(district.get(&format!("{SERIES}?unit=SGD")).faults(), ["unit unknown_reference"]);
    assert_eq!(district.get(&format!("{SERIES}?unit=MN-MC-001&breakdown=child")).faults(), ["unit unknown_reference"]);
    admin.get("/api/v1/indicators/XX/chart.svg").problem(404, "not_found");
    let told = described(&chart(&school, SERIES));
    let sentence = "Đầu năm học 2027-2028, Trường MN-DB-001: Tỉ lệ nhóm, lớp mầm non học 2 buổi/ngày: 100 % (12/12); mục tiêu năm 2030: ít nhất 100 %: đạt.";
    assert_eq!(told, format!("{sentence} Nhỏ nhất: 91,67 % (Đầu năm học 2024-2025); lớn nhất: 100 % (Đầu năm học 2027-2028)."));
}

#[test]
fn a_chart_speaks_two_languages_and_stands_on_two_grounds() {
    let app = TestApp::start();
    let admin = province(&app);
    record(&admin, &[ratio("MN03", "MN-DB-001", START, 11, 12)]);
    let english = svg(admin.send("GET", SERIES, &[("Accept-Language", "en")], None));
    assert!(english.contains("lang=\"en\"") && english.contains(">91.67%<"), "{english}");
    assert_eq!(words(&english, "asked"), ["Target 2030: at least 100%"]);
    assert!(described(&english).contains("Start of school year 2024-2025"), "{english}");
    let auto = chart(&admin, SERIES);
    let [light, dark] = ["light", "dark"].map(|theme| chart(&admin, &format!("{SERIES}?theme={theme}")));
    assert!(auto.contains("@media (prefers-color-scheme: dark)") && auto.contains("var(--ink)"));
    for drawn in [&light, &dark] {
        assert!(!drawn.contains("@media") && !drawn.contains("var("), "{drawn}");
    }
    assert_ne!(light, dark);
    assert_eq!(words(&light, "strong"), words(&dark, "strong"));
    assert_eq!(admin.get(&format!("{SERIES}?theme=sepia")).faults(), ["theme not_in_list"]);
}

#[test]
fn a_chart_is_read_again_only_when_it_changed() {
    let app = TestApp::start();
    let admin = province(&app);
    let tag = admin.get(SERIES).expect(200).header("etag");
    let again = admin.send("GET", SERIES, &[("If-None-Match", &tag)], None).expect(304);
    assert!(
        again.body.is_empty() && again.header("content-security-policy").contains("style-src"),
        "or the stored one would lose its style"
    );
    record(&admin, &[ratio("MN03", "MN-DB-001", START, 11, 12)]);
    assert_ne!(admin.send("GET", SERIES, &[("If-None-Match", &tag)], None).expect(200).header("etag"), tag);
    for accepted in ["image/svg+xml", "image/*", "*/*"] {
        admin.send("GET", SERIES, &[("Accept", accepted)], None).expect(200);
    }
    for refused in ["application/json", "image/png"] {
        admin.send("GET", SERIES, &[("Accept", refused)], None).problem(406, "not_acceptable");
    }
    admin.send("HEAD", SERIES, &[], None).expect(200);
    app.nobody().get(SERIES).problem(401, "unauthenticated");
}

#[test]
fn bars_of_the_units_below_stand_in_the_order_of_their_names() {
    let app = TestApp::start();
    let admin = province(&app);
    record(&admin, &[ratio("MN03", "MN-DB-001", START, 11, 12), ratio("MN03", "MN-MC-001", START, 3, 3)]);
    let drawn = chart(&admin, &format!("{SERIES}?breakdown=child&period={START}"));
    assert_eq!(numbers(&drawn), rates(&admin, &format!("/api/v1/indicators/MN03/results?period={START}&breakdown=child")));
    assert_eq!(words(&drawn, "asked"), ["Mục tiêu 2030: ít nhất 100 %"]);
    let names: Vec<String> = words(&drawn, "plain");
    let place = |name: &str| names.iter().position(|word| word.contains(name)).unwrap_or_else(|| panic!("{name}: {names:?}"));
    assert!(place("Đà Bắc") < place("Mai Châu"), "{names:?}");
    let told = described(&drawn);
    assert!(told.contains("87,5 %") || told.contains("93,33 %"), "{told}");
    assert!(told.contains("2/2 đơn vị trực thuộc có số liệu."), "{told}");
    // Nobody reported anything: a word, and no bar that could be taken for 0.
    let below = chart(&admin, &format!("{SERIES}?breakdown=child&unit=PGD-DB&period={START}"));
    assert_eq!((words(&below, "silence"), marks(&below, "bar no")), (vec!["chưa có số liệu".to_owned()], 1 + 1));
    assert!(below.contains("Không vẽ 1 đơn vị: chỉ tiêu này không thu thập ở cấp đó."), "{below}");
    let zero = chart(&admin, "/api/v1/indicators/CSVC02/chart.svg?breakdown=child&year=2024");
    assert!(words(&zero, "silence").iter().all(|word| word == "chưa có số liệu") && marks(&zero, "bar yes") == 0, "{zero}");
    record(&admin, &[json!({"indicator": "CSVC02", "unit": "TH-DB-001", "period": START, "count": 0})]);
    let zero = chart(&admin, "/api/v1/indicators/CSVC02/chart.svg?breakdown=child&year=2024");
    assert_eq!(marks(&zero, "bar yes"), 1 + 1, "a bar without length, and the key");
    // A district has a target of its own: each bar then has its tick.
    let decider = admin.user("so.duyet", "SGD", &["approver"]);
    let body = json!({"operator": ">=", "value": "95.00", "reason": "Nhiều điểm trường lẻ"}).to_string();
    let headers = [("Content-Type", "application/json"), ("If-None-Match", "*")];
    decider.send("PUT", "/api/v1/indicators/MN03/targets/PGD-DB/2030", &headers, Some(body.as_bytes())).expect(201);
    let drawn = chart(&admin, &format!("{SERIES}?breakdown=child&period={START}"));
    assert_eq!((words(&drawn, "asked"), marks(&drawn, "tick")), (vec!["mục tiêu của từng đơn vị".to_owned()], 2 + 1));
    assert!(chart(&admin, &format!("{SERIES}?breakdown=child&unit=MN-DB-001&period={START}")).contains("không có đơn vị trực thuộc"));
}

#[test]
fn more_bars_than_a_picture_holds_are_counted() {
    let app = TestApp::start();
    let admin = province(&app);
    for number in 100..152 {
        admin.unit(&format!("MN-MC-{number}"), "school", "preschool", &format!("Trường Mầm non số {number}"), "PGD-MC");
    }
    let drawn = chart(&admin, &format!("{SERIES}?breakdown=child&unit=PGD-MC&period={START}"));
    assert_eq!(words(&drawn, "silence").len(), 50);
    assert!(drawn.contains("Còn 3 đơn vị nữa không vẽ ở đây."), "{drawn}");
}

#[test]
fn small_cells_are_withheld_in_pictures_too() {
    let app = TestApp::start();
    let admin = province(&app);
    let end = "2024-2025-END";
    record(&admin, &[ratio("MN04a", "MN-DB-001", end, 3, 60), ratio("MN04a", "MN-DB-002", end, 9, 80)]);
    let path = format!("/api/v1/indicators/MN04a/chart.svg?unit=PGD-DB&period={end}&breakdown=child");
    let drawn = chart(&admin, &path);
    assert_eq!(words(&drawn, "silence"), ["không công bố vì số quá nhỏ"; 2]);
    for secret in ["11,25", "3/60", "9/80", "<circle"] {
        assert!(!drawn.contains(secret), "{secret}: {drawn}");
    }
    assert_eq!((marks(&drawn, "bar yes"), marks(&drawn, "bar no")), (0, 0));
    let district = admin.user("pgd.db", "PGD-DB", &["viewer"]);
    let own = chart(&district, &path);
    assert_eq!(numbers(&own), ["5 %", "11,25 %"]);
}

#[test]
fn what_has_no_number_is_said() {
    let app = TestApp::start();
    let admin = province(&app);
    let none = chart(&admin, SERIES);
    assert_eq!((words(&none, "silence"), marks(&none, "trend")), (vec!["chưa có số liệu".to_owned()], 0));
    assert_eq!(words(&none, "asked"), ["Mục tiêu 2030: ít nhất 100 %"]);
    assert!(described(&none).ends_with(": chưa có số liệu."), "{none}");
    let school = chart(&admin, "/api/v1/indicators/MN01/chart.svg?unit=MN-DB-001");
    assert_eq!(words(&school, "silence"), ["không thu thập ở cấp này"]);
    // Against a baseline that is not there.
    let grow = chart(&admin, "/api/v1/indicators/CDS01/chart.svg");
    assert!(grow.contains("Mục tiêu 2030: cao hơn năm gốc.") && marks(&grow, "goal") == 0, "{grow}");
    // States have no height: a row of marks.
    for (year, state) in [("2025", "maintained"), ("2027", "not_maintained")] {
        record(&admin, &[json!({"indicator": "GD01", "unit": "SGD", "period": year, "state": state})]);
    }
    let states = chart(&admin, "/api/v1/indicators/GD01/chart.svg");
    assert_eq!((marks(&states, "point yes"), marks(&states, "point no")), (1 + 1, 1 + 1));
    assert!(states.contains("Mục tiêu 2025-2030: duy trì.") && words(&states, "plain").concat().contains("được duy trì"), "{states}");
    // Levels have their own axis.
    let place = json!({"indicator": "PC01", "unit": "PGD-DB", "period": "2025-PC", "locality": "C04831", "level": 3});
    record(&admin, &[place]);
    let levels = chart(&admin, "/api/v1/indicators/PC01/chart.svg?unit=PGD-DB");
    let axis: Vec<String> = words(&levels, "small").into_iter().filter(|word| word.starts_with("mức độ")).collect();
    assert_eq!(axis, ["mức độ 0", "mức độ 1", "mức độ 2", "mức độ 3"]);
}

#[test]
fn names_are_text_whatever_they_are() {
    let app = TestApp::start();
    let admin = province(&app);
    let name = "<script>alert(1)</script>&\"' ]]> <!-- </svg>";
    admin.unit("MN-X", "school", "preschool", name, "PGD-MC");
    record(&admin, &[ratio("MN03", "MN-X", START, 11, 12)]);
    for path in [format!("{SERIES}?unit=MN-X"), format!("{SERIES}?unit=PGD-MC&breakdown=child&period={START}")] {
        // That no element is there but ours is seen whenever a chart is read.
        let drawn = chart(&admin, &path);
        let document = Document::parse(&drawn).expect("xml");
        let whole: String = document.descendants().filter_map(|node| node.text()).collect();
        assert!(whole.contains("<script>alert(1)</script>&\"'") && !drawn.contains("<script"), "{drawn}");
    }
}

#[test]
fn charts_say_which_parameter_is_wrong() {
    let app = TestApp::start();
    let admin = province(&app);
    for (query, faults) in [
        ("period=2024-2025-START", vec!["period out_of_range"]),
        ("year=2025&period=2024-2025-START", vec!["period out_of_range", "year out_of_range"]),
        ("breakdown=child&from=2024-2025-START&to=2025-2026-START", vec!["from out_of_range", "to out_of_range"]),
        ("breakdown=child&period=2025", vec!["period period_kind_mismatch"]),
        ("breakdown=child&period=1999", vec!["period unknown_reference"]),
        ("from=2025-2026-START&to=2024-2025-START", vec!["to out_of_range"]),
        ("unit=XX", vec!["unit unknown_reference"]),
        ("format=png", vec!["format unknown_parameter"]),
    ] {
        assert_eq!(admin.get(&format!("{SERIES}?{query}")).faults(), faults, "{query}");
    }
    let drawn = chart(&admin, &format!("{SERIES}?from=2023-2024-START&to=2025-2026-START"));
    let names: Vec<String> = words(&drawn, "plain").into_iter().filter(|word| word.starts_with("20")).collect();
    assert_eq!(names, ["2023-2024", "2024-2025", "2025-2026"]);
}
