//! Preschools: children from 3 months to 5 years.

use serde_json::json;

use super::{END_2024, END_2025, END_2026, START_2024, START_2025, above, figures, indicator, living, ratio};

#[test]
fn mn01_children_of_nursery_age_enrolled() {
    let mn01 = indicator("MN01");
    // Preschools and independent groups count children, communes the population, and neither the other's side.
    mn01.refuses(START_2024, ratio("MN-DB-001", 41, 100), "denominator not_collected_here");
    mn01.refuses(START_2024, above("PGD-DB", 41), "unit not_collected_here");
    mn01.refuses(START_2024, above("TH-TL-001", 41), "unit not_collected_here");
    let children = [("MN-DB-001", 4200), ("MN-DB-002", 3800), ("MN-MC-001", 5500), ("NT-LUS-001", 73)];
    mn01.records(START_2024, children.map(|(unit, number)| above(unit, number)));
    // 16 communes of Đà Bắc with 940 and its town with 960, 133 others with 97 and Lương Sơn with 82: 28,983 in 151 communes.
    let da_bac = mn01.communes("&parent=D150");
    let mut apart: Vec<(&str, i64)> = da_bac.iter().map(|place| (place.as_str(), if place == "C04831" { 960 } else { 940 })).collect();
    apart.push(("C04924", 82));
    mn01.everywhere(START_2024, living, 97, &apart);
    // The department says 13,573 children and 46.83 %; 28,983 is derived from them.
    mn01.tells(
        "SGD",
        START_2024,
        "13573 / 28983 = 46.83; base 46.83; >= 50.00 in 2030: not attained, gap -3.17, no_data; 4 of 4",
        "Đầu năm học 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ huy động trẻ trong độ tuổi nhà trẻ: \
         46,83 % (13.573/28.983); mục tiêu năm 2030: ít nhất 50 %: chưa đạt.",
        "Start of school year 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Nursery-age enrolment rate (3–36 months): \
         46.83% (13,573/28,983); target for 2030: at least 50%: not attained.",
    );
    mn01.stands("PGD-DB", START_2024, "8000 / 16000 = 50.00; base 50.00; >= 50.00 in 2030: attained, gap 0.00, no_data; 2 of 2");
    // A school has children and no population: no rate there.
    mn01.tells(
        "MN-DB-001",
        START_2024,
        "4200 / null = null; base null; >= 50.00 in 2030: undecided, not_collected_at_this_level, gap null, no_data; 1 of 1",
        "Đầu năm học 2024-2025, Trường Mầm non Tú Lý: Tỉ lệ huy động trẻ trong độ tuổi nhà trẻ: không thu thập ở cấp này; \
         mục tiêu năm 2030: ít nhất 50 %: chưa xác định.",
        "Start of school year 2024-2025, Trường Mầm non Tú Lý: Nursery-age enrolment rate (3–36 months): not collected at this level; \
         target for 2030: at least 50%: undecided.",
    );
    // A year on: 13,800 of 29,000, more than the 47.36 that lies a sixth of the way from 46.83 to 50.
    let children = [("MN-DB-001", 4300), ("MN-DB-002", 3900), ("MN-MC-001", 5520), ("NT-LUS-001", 80)];
    mn01.records(START_2025, children.map(|(unit, number)| above(unit, number)));
    mn01.everywhere(START_2025, living, 97, &apart);
    mn01.records(START_2025, [living("PGD-LUS", "C04924", 99)]);
    mn01.stands("SGD", START_2025, "13800 / 29000 = 47.59; base 46.83; >= 50.00 in 2030: not attained, gap -2.41, on_track; 4 of 4");
}

#[test]
fn mn02_children_of_kindergarten_age_enrolled() {
    let mn02 = indicator("MN02");
    // A group of nursery age has no children from 3 to 5.
    mn02.refuses(START_2024, above("NT-LUS-001", 12), "unit not_collected_here");
    // In Mai Châu, children of the next district go to school with those who live there.
    mn02.records(START_2024, [above("MN-DB-001", 600), above("MN-DB-002", 390), above("MN-MC-001", 250)]);
    mn02.everywhere(START_2024, living, 0, &[("C04867", 610), ("C04885", 390), ("C05248", 240)]);
    // "Ít nhất" governs 99 % too: exactly 99.00 attains.
    mn02.tells(
        "PGD-DB",
        START_2024,
        "990 / 1000 = 99.00; base 99.00; >= 99.00 in 2030: attained, gap 0.00, no_data; 2 of 2",
        "Đầu năm học 2024-2025, Phòng Giáo dục và Đào tạo huyện Đà Bắc: Tỉ lệ huy động trẻ trong độ tuổi mẫu giáo: \
         99 % (990/1.000); mục tiêu năm 2030: ít nhất 99 %: đạt.",
        "Start of school year 2024-2025, Phòng Giáo dục và Đào tạo huyện Đà Bắc: Kindergarten-age enrolment rate (3–5 years): \
         99% (990/1,000); target for 2030: at least 99%: attained.",
    );
    mn02.stands("PGD-MC", START_2024, "250 / 240 = 104.17; base 104.17; >= 99.00 in 2030: attained, gap 5.17, no_data; 1 of 1");
    // Sums over sums, and not the mean of 99.00 and 104.17.
    mn02.stands("SGD", START_2024, "1240 / 1240 = 100.00; base 100.00; >= 99.00 in 2030: attained, gap 1.00, no_data; 3 of 3");
}

#[test]
fn mn03_groups_and_classes_taught_two_sessions_a_day() {
    let mn03 = indicator("MN03");
    mn03.refuses(START_2024, ratio("TH-TL-001", 11, 12), "unit not_collected_here");
    // One collector gives both sides: more than all is refused.
    mn03.refuses(START_2024, ratio("MN-DB-001", 13, 12), "numerator numerator_above_denominator");
    let groups = [("MN-DB-001", 11, 12), ("MN-DB-002", 9, 9), ("MN-MC-001", 15, 15), ("NT-LUS-001", 2, 2)];
    mn03.records(START_2024, groups.map(|(unit, full_day, all)| ratio(unit, full_day, all)));
    mn03.tells(
        "SGD",
        START_2024,
        "37 / 38 = 97.37; base 97.37; >= 100.00 in 2030: not attained, gap -2.63, no_data; 4 of 4",
        "Đầu năm học 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ nhóm, lớp mầm non học 2 buổi/ngày: 97,37 % (37/38); \
         mục tiêu năm 2030: ít nhất 100 %: chưa đạt.",
        "Start of school year 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Preschool groups/classes attending two sessions a day: \
         97.37% (37/38); target for 2030: at least 100%: not attained.",
    );
    // A group that says how many it has, and not how many are taught all day, counts on neither side.
    mn03.records(START_2025, [ratio("MN-DB-001", 12, 12), ratio("MN-DB-002", 9, 9), ratio("MN-MC-001", 15, 15)]);
    mn03.records(START_2025, [json!({"unit": "NT-LUS-001", "denominator": 2})]);
    mn03.tells(
        "SGD",
        START_2025,
        "36 / 36 = 100.00; base 97.37; >= 100.00 in 2030: attained, gap 0.00, on_track; 3 of 4",
        "Đầu năm học 2025-2026, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ nhóm, lớp mầm non học 2 buổi/ngày: 100 % (36/36); \
         mục tiêu năm 2030: ít nhất 100 %: đạt (còn thiếu 1/4 nơi báo cáo).",
        "Start of school year 2025-2026, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Preschool groups/classes attending two sessions a day: \
         100% (36/36); target for 2030: at least 100%: attained (1 of 4 have not reported).",
    );
}

#[test]
fn mn04a_underweight_children() {
    let mn04a = indicator("MN04a");
    // The last weighing of the year counts, not one after a term.
    mn04a.refuses("2024-2025-S1", ratio("MN-DB-001", 3, 60), "period period_kind_mismatch");
    let weighed = |mai_chau: i64| {
        [ratio("MN-DB-001", 150, 3000), ratio("MN-DB-002", 100, 2000), ratio("MN-MC-001", mai_chau, 2995), ratio("NT-LUS-001", 0, 5)]
    };
    mn04a.records(
        END_2024,
        [ratio("MN-DB-001", 240, 3000), ratio("MN-DB-002", 160, 2000), ratio("MN-MC-001", 240, 2995), ratio("NT-LUS-001", 0, 5)],
    );
    mn04a.records(END_2025, weighed(150));
    mn04a.records(END_2026, weighed(149));
    // "Dưới 5%": exactly 5.00 is not. From 8.00 in 2024 to 5 in 2030 the way leads through 7.50 in 2025.
    mn04a.tells(
        "SGD",
        END_2025,
        "400 / 8000 = 5.00; base 8.00; < 5.00 in 2030: not attained, gap 0.00, on_track; 4 of 4",
        "Cuối năm học 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ trẻ suy dinh dưỡng thể nhẹ cân: 5 % (400/8.000); \
         mục tiêu năm 2030: dưới 5 %: chưa đạt.",
        "End of school year 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Underweight rate of children in preschool: \
         5% (400/8,000); target for 2030: below 5%: not attained.",
    );
    // 4.9875 %.
    mn04a.tells(
        "SGD",
        END_2026,
        "399 / 8000 = 4.99; base 8.00; < 5.00 in 2030: attained, gap -0.01, on_track; 4 of 4",
        "Cuối năm học 2025-2026, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ trẻ suy dinh dưỡng thể nhẹ cân: 4,99 % (399/8.000); \
         mục tiêu năm 2030: dưới 5 %: đạt.",
        "End of school year 2025-2026, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Underweight rate of children in preschool: \
         4.99% (399/8,000); target for 2030: below 5%: attained.",
    );
}

#[test]
fn mn04b_stunted_children() {
    let mn04b = indicator("MN04b");
    mn04b.refuses(END_2025, ratio("TH-TL-001", 3, 60), "unit not_collected_here");
    mn04b.records(END_2025, [ratio("MN-DB-001", 3, 60), ratio("MN-DB-002", 9, 80), ratio("MN-MC-001", 10, 200)]);
    // A rate of its own, held against 5 % by itself.
    mn04b.tells(
        "SGD",
        END_2025,
        "22 / 340 = 6.47; base null; < 5.00 in 2030: not attained, gap 1.47, no_data; 3 of 4",
        "Cuối năm học 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ trẻ suy dinh dưỡng thể thấp còi: 6,47 % (22/340); \
         mục tiêu năm 2030: dưới 5 %: chưa đạt (còn thiếu 1/4 nơi báo cáo).",
        "End of school year 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Stunting rate of children in preschool: 6.47% (22/340); \
         target for 2030: below 5%: not attained (1 of 4 have not reported).",
    );
    // Three children of one school could be known: the department sees neither them nor the school beside, which would tell.
    let path = format!("/api/v1/indicators/MN04b/results?unit=PGD-DB&period={END_2025}&breakdown=child");
    let schools = mn04b.caller().get(&path).expect(200).json();
    let withheld: Vec<String> = schools["data"].as_array().expect("rows").iter().map(figures).collect();
    assert_eq!(withheld, ["null / null = null; base null; < 5.00 in 2030: undecided, small_cell, gap null, no_data; 1 of 1"; 2]);
    let mut rows = schools["data"].as_array().expect("rows").iter();
    let school = rows.find(|row| row["unit"]["code"] == "MN-DB-001").expect("among them");
    assert_eq!(
        (&school["sentence_vi"], &school["sentence_en"]),
        (
            &json!(
                "Cuối năm học 2024-2025, Trường Mầm non Tú Lý: Tỉ lệ trẻ suy dinh dưỡng thể thấp còi: không công bố vì số quá nhỏ; \
                 mục tiêu năm 2030: dưới 5 %: chưa xác định."
            ),
            &json!(
                "End of school year 2024-2025, Trường Mầm non Tú Lý: Stunting rate of children in preschool: withheld, for the number is \
                 small; target for 2030: below 5%: undecided."
            )
        )
    );
}

#[test]
fn mn05_overweight_children_kept_under_control() {
    let mn05 = indicator("MN05");
    mn05.refuses(END_2025, ratio("CS-LT-001", 3, 60), "unit not_collected_here");
    // 3.50 % in 2024; 3.50 % in 2025, of more children; 3.525 % in 2026.
    mn05.records(END_2024, [ratio("MN-DB-001", 60, 1500), ratio("MN-DB-002", 45, 1500)]);
    mn05.records(END_2025, [ratio("MN-DB-001", 80, 2000), ratio("MN-DB-002", 60, 2000), ratio("MN-MC-001", 2, 100)]);
    mn05.records(END_2026, [ratio("MN-DB-001", 81, 2000), ratio("MN-DB-002", 60, 2000)]);
    // "Khống chế" has no number: it may stand still against the year before the plan ...
    mn05.tells(
        "PGD-DB",
        END_2025,
        "140 / 4000 = 3.50; base 3.50; controlled in 2030: attained, gap null, no_data; 2 of 2",
        "Cuối năm học 2024-2025, Phòng Giáo dục và Đào tạo huyện Đà Bắc: Tỉ lệ trẻ thừa cân, béo phì: 3,5 % (140/4.000); \
         mục tiêu năm 2030: khống chế, không cao hơn năm gốc: đạt.",
        "End of school year 2024-2025, Phòng Giáo dục và Đào tạo huyện Đà Bắc: Overweight/obesity rate of children in preschool: \
         3.5% (140/4,000); target for 2030: controlled, not above the base year: attained.",
    );
    // ... and not rise.
    mn05.tells(
        "PGD-DB",
        END_2026,
        "141 / 4000 = 3.53; base 3.50; controlled in 2030: not attained, gap null, no_data; 2 of 2",
        "Cuối năm học 2025-2026, Phòng Giáo dục và Đào tạo huyện Đà Bắc: Tỉ lệ trẻ thừa cân, béo phì: 3,53 % (141/4.000); \
         mục tiêu năm 2030: khống chế, không cao hơn năm gốc: chưa đạt.",
        "End of school year 2025-2026, Phòng Giáo dục và Đào tạo huyện Đà Bắc: Overweight/obesity rate of children in preschool: \
         3.53% (141/4,000); target for 2030: controlled, not above the base year: not attained.",
    );
    // Who has no figure of 2024 has nothing to be held against.
    mn05.stands("PGD-MC", END_2025, "2 / 100 = 2.00; base null; controlled in 2030: undecided, no_baseline, gap null, no_data; 1 of 1");
}

#[test]
fn mn07_children_of_3_and_4_attending_kindergarten() {
    let mn07 = indicator("MN07");
    mn07.refuses(START_2024, above("NT-LUS-001", 12), "unit not_collected_here");
    mn07.refuses(START_2024, living("PGD-MC", "C04867", 400), "locality not_collected_here");
    for (period, children) in [(START_2024, 300), (START_2025, 301)] {
        mn07.records(period, [above("MN-DB-001", children)]);
        mn07.everywhere(period, living, 0, &[("C04867", 400)]);
    }
    // "Từng bước" has no number: more than in the year before the plan, every year.
    mn07.tells(
        "PGD-DB",
        START_2025,
        "301 / 400 = 75.25; base 75.00; increase in 2025: attained, gap null, no_data; 1 of 2",
        "Đầu năm học 2025-2026, Phòng Giáo dục và Đào tạo huyện Đà Bắc: Tỉ lệ trẻ 3-4 tuổi đi học mẫu giáo: 75,25 % (301/400); \
         mục tiêu năm 2025: cao hơn năm gốc: đạt (còn thiếu 1/2 nơi báo cáo).",
        "Start of school year 2025-2026, Phòng Giáo dục và Đào tạo huyện Đà Bắc: Children aged 3–4 attending kindergarten: \
         75.25% (301/400); target for 2025: above the base year: attained (1 of 2 have not reported).",
    );
    mn07.stands(
        "MN-DB-001",
        START_2025,
        "301 / null = null; base null; increase in 2025: undecided, not_collected_at_this_level, gap null, no_data; 1 of 1",
    );
    // As many children of more who live there are a smaller share.
    mn07.records(START_2025, [living("PGD-DB", "C04885", 2)]);
    mn07.stands("PGD-DB", START_2025, "301 / 402 = 74.88; base 75.00; increase in 2025: not attained, gap null, no_data; 1 of 2");
}
