//! Properties on random provinces: what is rolled up is what brute force adds up, and no list of anybody holds a row outside its scope.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::harness::{Caller, TestApp};

const PERIODS: [(&str, &str); 3] = [("2023-2024-END", "2024-05-31"), ("2024-2025-END", "2025-05-31"), ("2025-2026-END", "2026-05-31")];
const DAYS: [&str; 3] = ["2024-01-01", "2025-02-01", "2026-05-31"];
/// The day after the tests begin.
const TODAY: &str = "2025-02-21";
/// One collector for both sides, and parts by sex.
const INDICATOR: &str = "MN04a";

#[derive(Debug, Clone)]
enum Step {
    /// A school moves to a district from a day on.
    Move(usize, usize, usize),
    /// A school records numerator and denominator for a period, and how many of each are girls, or nothing of that.
    Record(usize, usize, (i64, i64), Option<(i64, i64)>),
    /// A school withdraws what it recorded.
    Withdraw(usize, usize),
    /// A school teaches small children from a day on, or only older ones: then it is not asked any more, and what it gave still counts.
    Teach(usize, bool, usize),
}

#[derive(Debug, Clone)]
struct Province {
    /// How many districts there are; district 0 is the department itself.
    districts: usize,
    /// Under which of them each school begins.
    schools: Vec<usize>,
    steps: Vec<Step>,
    /// Where the one who looks works: a district, or a school after them.
    viewer: usize,
}

fn provinces() -> impl Strategy<Value = Province> {
    (2_usize..4, 1_usize..6).prop_flat_map(|(districts, schools)| {
        let step = prop_oneof![
            2 => (0..schools, 0..=districts, 0..DAYS.len()).prop_map(|(school, to, day)| Step::Move(school, to, day)),
            5 => (0..schools, 0..PERIODS.len(), 0_i64..500, 0_i64..500, 0_i64..500, 0_i64..500, any::<bool>()).prop_map(|(school, period, a, b, c, d, told)| {
                let (girls, boys) = ((a.min(b), a.max(b)), (c.min(d), c.max(d)));
                Step::Record(school, period, (girls.0 + boys.0, girls.1 + boys.1), told.then_some(girls))
            }),
            1 => (0..schools, 0..PERIODS.len()).prop_map(|(school, period)| Step::Withdraw(school, period)),
            1 => (0..schools, any::<bool>(), 0..DAYS.len()).prop_map(|(school, small, day)| Step::Teach(school, small, day)),
        ];
        (Just(districts), prop::collection::vec(0..=districts, schools), prop::collection::vec(step, 1..14), 0..districts + schools)
            .prop_map(|(districts, schools, steps, viewer)| Province { districts, schools, steps, viewer })
    })
}

fn district(index: usize) -> String {
    if index == 0 { "SGD".to_owned() } else { format!("PGD-{index}") }
}

fn school(index: usize) -> String {
    format!("MN-{index}")
}

/// What there must be, kept the simplest way.
#[derive(Clone, Default)]
struct Model {
    /// By school: districts with the day from which each held, in the order of the days.
    parents: Vec<BTreeMap<String, usize>>,
    values: BTreeMap<(usize, usize), Recorded>,
}

/// What is added up, if anybody told it.
type Sum = Option<(i64, i64)>;
/// The whole, and what is girls' of it.
type Recorded = ((i64, i64), Sum);

impl Model {
    fn parent(&self, school: usize, day: &str) -> usize {
        *self.parents[school].range(..=day.to_owned()).next_back().expect("from the beginning").1
    }

    /// A move from a day on: what was planned for later stays, where it says something else.
    fn change(&mut self, school: usize, to: usize, day: &str) {
        let before = self.parent(school, day);
        let later: Vec<(String, usize)> = self.parents[school]
            .range(day.to_owned()..)
            .filter(|(from, _)| from.as_str() > day)
            .map(|(from, at)| (from.clone(), *at))
            .collect();
        self.parents[school].insert(day.to_owned(), to);
        for (from, at) in later {
            self.parents[school].insert(from, if at == before { to } else { at });
        }
    }

    /// What a district has for a period, in the tree of a day: the whole, and the girls of those who told them.
    fn sum(&self, of: usize, period: usize, day: &str) -> (Sum, Sum) {
        let ours = || self.values.iter().filter(|((school, at), _)| *at == period && (of == 0 || self.parent(*school, day) == of));
        let add = |a: (i64, i64), b: (i64, i64)| (a.0 + b.0, a.1 + b.1);
        (ours().map(|(_, value)| value.0).reduce(add), ours().filter_map(|(_, value)| value.1).reduce(add))
    }
}

fn plant(admin: &Caller<'_>, province: &Province) -> Model {
    let mut model = Model::default();
    for index in 1..=province.districts {
        admin.unit(&district(index), "district_office", "district_office", &format!("Phòng Giáo dục và Đào tạo {index}"), "SGD");
    }
    for (index, parent) in province.schools.iter().enumerate() {
        admin.unit(&school(index), "school", "preschool", &format!("Trường Mầm non {index}"), &district(*parent));
        model.parents.push(BTreeMap::from([("0000".to_owned(), *parent)]));
    }
    model
}

fn take(admin: &Caller<'_>, model: &mut Model, steps: &[Step]) {
    for step in steps {
        match *step {
            Step::Move(index, to, day) => {
                let body = json!({"parent": district(to), "effective_on": DAYS[day]});
                admin.patch(&format!("/api/v1/units/{}", school(index)), "*", &body).expect(200);
                model.change(index, to, DAYS[day]);
            }
            Step::Record(index, period, whole, girls) => {
                let part = |category: &str, of: (i64, i64)| json!({"category": category, "numerator": of.0, "denominator": of.1});
                let parts = girls.map(|girls| json!([part("female", girls), part("male", (whole.0 - girls.0, whole.1 - girls.1))]));
                let row = json!({"indicator": INDICATOR, "unit": school(index), "period": PERIODS[period].0, "numerator": whole.0,
                    "denominator": whole.1, "parts": parts});
                let reply = admin.post("/api/v1/indicator-values", &json!({"rows": [row]}));
                if reply.status == 422 {
                    assert!(reply.faults().iter().all(|fault| fault.ends_with("not_collected_here")), "{step:?}");
                    continue;
                }
                reply.expect(200);
                model.values.insert((index, period), (whole, girls));
            }
            Step::Teach(index, small, day) => {
                let levels = if small { json!(["nursery", "kindergarten"]) } else { json!(["primary"]) };
                let body = json!({"levels": levels, "effective_on": DAYS[day]});
                admin.patch(&format!("/api/v1/units/{}", school(index)), "*", &body).expect(200);
            }
            Step::Withdraw(index, period) => {
                let found =
                    admin.get(&format!("/api/v1/indicator-values?unit={}&period={}", school(index), PERIODS[period].0)).expect(200).json();
                if let Some(id) = found["data"][0]["id"].as_str() {
                    admin.send("DELETE", &format!("/api/v1/indicator-values/{id}"), &[("If-Match", "*")], None).expect(204);
                }
                model.values.remove(&(index, period));
            }
        }
    }
}

/// What each district has for each period, asked with `more`, is what the model has in the tree of `day`, or of the period.
fn check_sums(admin: &Caller<'_>, province: &Province, model: &Model, more: &str, day: Option<&str>) {
    for of in 0..=province.districts {
        for (period, (code, as_of)) in PERIODS.iter().enumerate() {
            let read = |more: &str| {
                let path = format!("/api/v1/indicators/{INDICATOR}/results?unit={}&period={code}{more}", district(of));
                let row = admin.get(&path).expect(200).json()["data"][0].clone();
                row["numerator"].as_i64().zip(row["denominator"].as_i64())
            };
            let (whole, girls) = model.sum(of, period, day.unwrap_or(as_of));
            assert_eq!(read(more), whole, "{} {code}{more} of {province:?}", district(of));
            if !more.contains("as_of") {
                assert_eq!(counted(admin, &district(of), code, more), whole, "what {} {code}{more} is made of: {province:?}", district(of));
            }
            if more.is_empty() {
                assert_eq!(read("&breakdown=sex"), girls, "girls of {} {code} of {province:?}", district(of));
            }
        }
    }
}

/// What those rows add up to that a result is said to be made of.
fn counted(admin: &Caller<'_>, unit: &str, period: &str, more: &str) -> Sum {
    let path = format!("/api/v1/indicators/{INDICATOR}/provenance?unit={unit}&period={period}{more}&limit=200");
    let rows = admin.get(&path).expect(200).json();
    let included = rows["data"].as_array().expect("rows").iter().filter(|row| row["included"] == true);
    included
        .map(|row| (row["numerator"].as_i64().expect("a numerator"), row["denominator"].as_i64().expect("a denominator")))
        .reduce(|a, b| (a.0 + b.0, a.1 + b.1))
}

/// Every row of every list that the viewer may read belongs to its subtree of today, but for cards and what is approved.
fn check_scope(app: &TestApp, admin: &Caller<'_>, province: &Province, model: &Model) {
    let (home, scope): (String, BTreeSet<String>) = if province.viewer < province.districts {
        let index = province.viewer + 1;
        let below = (0..province.schools.len()).filter(|at| model.parent(*at, TODAY) == index).map(school);
        (district(index), below.chain([district(index)]).collect())
    } else {
        let own = school(province.viewer - province.districts);
        (own.clone(), BTreeSet::from([own]))
    };
    let viewer = admin.user("nguoi.xem", &home, &["admin", "editor"]);
    app.db_seal();
    let rows = |path: &str| viewer.get(path).expect(200).json()["data"].as_array().expect("rows").clone();
    for path in [
        "/api/v1/users?limit=200",
        "/api/v1/indicator-values?limit=200",
        "/api/v1/audit-events?limit=200",
        "/api/v1/changes?limit=200",
        "/api/v1/results?year=2024",
    ] {
        for row in rows(path) {
            let unit = row["unit"]["code"].as_str().expect("a unit");
            assert!(scope.contains(unit), "{path}: {unit} is not below {home}: {row}");
        }
    }
    for row in rows("/api/v1/units?limit=200") {
        let whole = !row["version"].is_null();
        assert_eq!(whole, scope.contains(row["code"].as_str().expect("a code")), "{row}");
    }
    let values: Vec<Value> = rows("/api/v1/indicator-values?limit=200");
    let mine = model.values.keys().filter(|(at, _)| scope.contains(&school(*at))).count();
    assert_eq!(values.len(), mine, "a value of the scope is missing");
    for code in (0..=province.districts).map(district).chain((0..province.schools.len()).map(school)) {
        let status = viewer.get(&format!("/api/v1/results?unit={code}&year=2024")).status;
        assert_eq!(status, if scope.contains(&code) { 200 } else { 422 }, "{code} for {home}");
    }
}

#[test]
fn what_is_rolled_up_is_what_brute_force_adds_up_and_nothing_leaves_its_scope() {
    let config = Config { cases: 16, failure_persistence: None, max_shrink_iters: 40, ..Config::default() };
    let tried = TestRunner::new(config).run(&provinces(), |province| {
        let app = TestApp::start();
        let admin = app.admin();
        let mut model = plant(&admin, &province);
        let (first, second) = province.steps.split_at(province.steps.len() / 2);
        take(&admin, &mut model, first);
        let then = model.clone();
        app.clock.advance(86_400);
        let admin = app.sign_in("quan.tri");
        take(&admin, &mut model, second);
        check_sums(&admin, &province, &model, "", None);
        app.db_verify();
        // What was known yesterday, where the tree is as we know it now; and all of it in the tree of today.
        let known = Model { parents: model.parents.clone(), values: then.values };
        check_sums(&admin, &province, &known, &format!("&as_of={}", &crate::harness::START[..10]), None);
        check_sums(&admin, &province, &model, "&basis=current_tree", Some(TODAY));
        check_scope(&app, &admin, &province, &model);
        Ok(())
    });
    assert!(tried.is_ok(), "{}", tried.expect_err("failed"));
}
