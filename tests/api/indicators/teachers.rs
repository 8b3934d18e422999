//! Teachers, managers and everybody else who works in a unit.

use serde_json::json;

use super::{END_2025, END_2026, START_2024, START_2025, START_2026, indicator, ratio};

#[test]
fn gv01a_primary_teachers_with_a_university_degree() {
    let gv01a = indicator("GV01a");
    gv01a.refuses(START_2024, ratio("CS-LT-001", 29, 30), "unit not_collected_here");
    // A school of two levels counts its primary teachers here and the others in GV01b.
    gv01a.records(START_2024, [ratio("TH-TL-001", 28, 30), ratio("TC-KB-001", 14, 15)]);
    gv01a.records(START_2025, [ratio("TH-TL-001", 29, 30), ratio("TC-KB-001", 14, 15)]);
    gv01a.tells(
        "SGD",
        START_2024,
        "42 / 45 = 93.33; base 93.33; >= 100.00 in 2030: not attained, gap -6.67, no_data; 2 of 2",
        "Đầu năm học 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ giáo viên tiểu học có trình độ đại học trở lên: \
         93,33 % (42/45); mục tiêu năm 2030: ít nhất 100 %: chưa đạt.",
        "Start of school year 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Primary teachers with university degree or higher: \
         93.33% (42/45); target for 2030: at least 100%: not attained.",
    );
    // A sixth of the way from 93.33 to 100 is 94.44.
    gv01a.stands("SGD", START_2025, "43 / 45 = 95.56; base 93.33; >= 100.00 in 2030: not attained, gap -4.44, on_track; 2 of 2");
}

#[test]
fn gv01b_lower_secondary_teachers_with_a_university_degree() {
    let gv01b = indicator("GV01b");
    for unit in ["TH-TL-001", "PT-CP-001", "TX-YT-001"] {
        gv01b.refuses(START_2024, ratio(unit, 28, 30), "unit not_collected_here");
    }
    let teachers = |chi_ne: i64| [ratio("TC-KB-001", 12, 12), ratio("CS-LT-001", chi_ne, 30), ratio("DT-LAS-001", 9, 10)];
    gv01b.records(START_2024, teachers(29));
    gv01b.records(START_2025, teachers(29));
    gv01b.records(START_2026, teachers(28));
    gv01b.tells(
        "SGD",
        START_2024,
        "50 / 52 = 96.15; base 96.15; >= 100.00 in 2030: not attained, gap -3.85, no_data; 3 of 3",
        "Đầu năm học 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ giáo viên trung học cơ sở có trình độ đại học trở lên: \
         96,15 % (50/52); mục tiêu năm 2030: ít nhất 100 %: chưa đạt.",
        "Start of school year 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Lower-secondary teachers with university degree or higher: \
         96.15% (50/52); target for 2030: at least 100%: not attained.",
    );
    // The way leads through 96.79 in 2025 and 97.44 in 2026. Standing still is behind, a step back is at risk.
    gv01b.stands("SGD", START_2025, "50 / 52 = 96.15; base 96.15; >= 100.00 in 2030: not attained, gap -3.85, behind; 3 of 3");
    gv01b.stands("SGD", START_2026, "49 / 52 = 94.23; base 96.15; >= 100.00 in 2030: not attained, gap -5.77, at_risk; 3 of 3");
}

#[test]
fn gv02_teachers_in_post_against_the_quota() {
    let gv02 = indicator("GV02");
    gv02.refuses(START_2025, ratio("TX-YT-001", 20, 20), "unit not_collected_here");
    assert_eq!(gv02.records(START_2025, [ratio("TH-TL-001", 28, 30)]), Vec::<String>::new());
    // A school may have more than its quota: that is odd and not wrong.
    assert_eq!(gv02.records(START_2025, [ratio("TC-KB-001", 32, 30)]), ["numerator_above_denominator"]);
    gv02.tells(
        "PGD-KB",
        START_2025,
        "32 / 30 = 106.67; base null; >= 100.00 in 2025 implied: attained, gap 6.67, on_track; 1 of 1",
        "Đầu năm học 2025-2026, Phòng Giáo dục và Đào tạo huyện Kim Bôi: Tỉ lệ giáo viên hiện có so với định mức: 106,67 % (32/30); \
         mục tiêu năm 2025: ít nhất 100 %: đạt.",
        "Start of school year 2025-2026, Phòng Giáo dục và Đào tạo huyện Kim Bôi: Teachers in post against the quota: 106.67% (32/30); \
         target for 2025: at least 100%: attained.",
    );
    gv02.tells(
        "PGD-TL",
        START_2025,
        "28 / 30 = 93.33; base null; >= 100.00 in 2025 implied: not attained, gap -6.67, at_risk; 1 of 1",
        "Đầu năm học 2025-2026, Phòng Giáo dục và Đào tạo huyện Tân Lạc: Tỉ lệ giáo viên hiện có so với định mức: 93,33 % (28/30); \
         mục tiêu năm 2025: ít nhất 100 %: chưa đạt.",
        "Start of school year 2025-2026, Phòng Giáo dục và Đào tạo huyện Tân Lạc: Teachers in post against the quota: 93.33% (28/30); \
         target for 2025: at least 100%: not attained.",
    );
    // Two too many here and two too few there are enough in the sum.
    gv02.stands("SGD", START_2025, "60 / 60 = 100.00; base null; >= 100.00 in 2025 implied: attained, gap 0.00, on_track; 2 of 10");
}

#[test]
fn gv03_teachers_and_managers_qualified_as_the_law_asks() {
    let gv03 = indicator("GV03");
    gv03.refuses(START_2024, ratio("CD-SP", 50, 50), "unit not_collected_here");
    gv03.refuses(START_2024, ratio("TH-TL-001", 46, 45), "numerator numerator_above_denominator");
    gv03.records(START_2024, [ratio("TH-TL-001", 44, 45), ratio("TC-KB-001", 40, 40), ratio("DT-LAS-001", 35, 35)]);
    // "Toàn bộ" is 100 %, by our reading.
    gv03.tells(
        "SGD",
        START_2024,
        "119 / 120 = 99.17; base 99.17; >= 100.00 in 2030 implied: not attained, gap -0.83, no_data; 3 of 10",
        "Đầu năm học 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ nhà giáo, cán bộ quản lý đạt chuẩn trình độ đào tạo: \
         99,17 % (119/120); mục tiêu năm 2030: ít nhất 100 %: chưa đạt (còn thiếu 7/10 nơi báo cáo).",
        "Start of school year 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Teachers and managers meeting the statutory qualification: \
         99.17% (119/120); target for 2030: at least 100%: not attained (7 of 10 have not reported).",
    );
    gv03.stands("TC-KB-001", START_2024, "40 / 40 = 100.00; base 100.00; >= 100.00 in 2030 implied: attained, gap 0.00, no_data; 1 of 1");
}

#[test]
fn gv04_teachers_and_managers_rated_in_the_year() {
    let gv04 = indicator("GV04");
    gv04.refuses(START_2025, ratio("PT-CP-001", 60, 60), "period period_kind_mismatch");
    gv04.records(END_2025, [ratio("PT-CP-001", 60, 60), ratio("PT-HVT", 80, 80), ratio("MN-DB-001", 31, 31)]);
    gv04.records(END_2026, [ratio("PT-CP-001", 59, 60)]);
    // "Hàng năm": each year has its own target.
    gv04.tells(
        "SGD",
        END_2025,
        "171 / 171 = 100.00; base null; >= 100.00 in 2025 implied: attained, gap 0.00, on_track; 3 of 10",
        "Cuối năm học 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ cán bộ quản lý, giáo viên được đánh giá, xếp loại trong năm: \
         100 % (171/171); mục tiêu năm 2025: ít nhất 100 %: đạt (còn thiếu 7/10 nơi báo cáo).",
        "End of school year 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Managers and teachers rated in the year: 100% (171/171); \
         target for 2025: at least 100%: attained (7 of 10 have not reported).",
    );
    gv04.tells(
        "PT-CP-001",
        END_2026,
        "59 / 60 = 98.33; base null; >= 100.00 in 2026 implied: not attained, gap -1.67, at_risk; 1 of 1",
        "Cuối năm học 2025-2026, Trường Trung học phổ thông Cao Phong: Tỉ lệ cán bộ quản lý, giáo viên được đánh giá, xếp loại trong năm: \
         98,33 % (59/60); mục tiêu năm 2026: ít nhất 100 %: chưa đạt.",
        "End of school year 2025-2026, Trường Trung học phổ thông Cao Phong: Managers and teachers rated in the year: 98.33% (59/60); \
         target for 2026: at least 100%: not attained.",
    );
}

#[test]
fn tt01_staff_who_studied_conclusion_91() {
    let tt01 = indicator("TT01");
    // Everybody who employs somebody: of the 27 units, one of each kind, and two divisions.
    let staff = [
        ("SGD", 60, 60),
        ("P-TCCB", 9, 9),
        ("P-KHTC", 11, 11),
        ("PGD-DB", 12, 12),
        ("PVH-CP", 4, 4),
        ("MN-DB-001", 30, 30),
        ("TX-YT-001", 21, 21),
        ("CD-SP", 52, 53),
    ];
    tt01.records("2025", staff.map(|(unit, studied, all)| ratio(unit, studied, all)));
    tt01.tells(
        "SGD",
        "2025",
        "199 / 200 = 99.50; base null; >= 100.00 in 2025 implied: not attained, gap -0.50, at_risk; 8 of 27",
        "Năm 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ cán bộ, người lao động được học tập, quán triệt Kết luận 91-KL/TW: \
         99,5 % (199/200); mục tiêu năm 2025: ít nhất 100 %: chưa đạt (còn thiếu 19/27 nơi báo cáo).",
        "Year 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Staff who studied Conclusion 91: 99.5% (199/200); \
         target for 2025: at least 100%: not attained (19 of 27 have not reported).",
    );
    tt01.stands("PGD-DB", "2025", "42 / 42 = 100.00; base null; >= 100.00 in 2025 implied: attained, gap 0.00, on_track; 2 of 3");
    // It was to be done in 2025: later years have no target.
    tt01.records("2026", [ratio("CD-SP", 53, 53)]);
    tt01.tells(
        "CD-SP",
        "2026",
        "53 / 53 = 100.00; base null; no target: undecided, no_target, gap null, no_data; 1 of 1",
        "Năm 2026, Trường Cao đẳng Sư phạm Hòa Bình: Tỉ lệ cán bộ, người lao động được học tập, quán triệt Kết luận 91-KL/TW: \
         100 % (53/53).",
        "Year 2026, Trường Cao đẳng Sư phạm Hòa Bình: Staff who studied Conclusion 91: 100% (53/53).",
    );
}

#[test]
fn ht01_learning_units_citizens_and_families() {
    let ht01 = indicator("HT01");
    let recognised = |department: i64| {
        [ratio("SGD", department, 50), ratio("P-TCCB", 8, 10), ratio("PGD-DB", 6, 10), ratio("TX-YT-001", 12, 14), ratio("CD-SP", 14, 16)]
    };
    ht01.records("2024", recognised(40));
    ht01.records("2025", recognised(40));
    // In 2024 there are 26 units; the office of a commune comes in 2025, and it has not reported.
    assert_eq!(ht01.result("SGD", "2024")["coverage"], json!({"expected": 26, "included": 5, "missing": 21}));
    // 80 of 100 in both years: as many as in the year before the plan are not more.
    ht01.tells(
        "SGD",
        "2025",
        "80 / 100 = 80.00; base 80.00; increase in 2025: not attained, gap null, no_data; 5 of 27",
        "Năm 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ đơn vị, công dân, gia đình được công nhận học tập: 80 % (80/100); \
         mục tiêu năm 2025: cao hơn năm gốc: chưa đạt (còn thiếu 22/27 nơi báo cáo).",
        "Year 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Learning units, citizens and families recognised: 80% (80/100); \
         target for 2025: above the base year: not attained (22 of 27 have not reported).",
    );
    ht01.records("2025", [ratio("PVH-CP", 3, 3)]);
    // 83 of 103.
    ht01.tells(
        "SGD",
        "2025",
        "83 / 103 = 80.58; base 80.00; increase in 2025: attained, gap null, no_data; 6 of 27",
        "Năm 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ đơn vị, công dân, gia đình được công nhận học tập: 80,58 % (83/103); \
         mục tiêu năm 2025: cao hơn năm gốc: đạt (còn thiếu 21/27 nơi báo cáo).",
        "Year 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Learning units, citizens and families recognised: 80.58% (83/103); \
         target for 2025: above the base year: attained (21 of 27 have not reported).",
    );
}
