//! General schools and continuing education: pupils and learners from grade 1 to the graduation examination.

use serde_json::json;

use super::{END_2024, END_2025, END_2026, END_2027, START_2024, START_2025, above, indicator, living, ratio, survey};

#[test]
fn th01_six_year_olds_admitted_to_grade_1() {
    let th01 = indicator("TH01");
    th01.refuses(START_2024, above("CS-LT-001", 1), "unit not_collected_here");
    th01.refuses(START_2024, ratio("TH-TL-001", 148, 150), "denominator not_collected_here");
    // Two of Tân Lạc come to the next district's school, which has a primary level beside the lower secondary one.
    th01.records(START_2024, [above("TH-TL-001", 148), above("TC-KB-001", 152)]);
    th01.everywhere(START_2024, living, 0, &[("C05128", 150), ("C05068", 150)]);
    // Nobody lacks a place in the province, and the district still says what it has.
    th01.tells(
        "PGD-TL",
        START_2024,
        "148 / 150 = 98.67; base 98.67; >= 100.00 in 2030: not attained, gap -1.33, no_data; 1 of 1",
        "Đầu năm học 2024-2025, Phòng Giáo dục và Đào tạo huyện Tân Lạc: Tỉ lệ huy động trẻ 6 tuổi vào lớp 1: 98,67 % (148/150); \
         mục tiêu năm 2030: ít nhất 100 %: chưa đạt.",
        "Start of school year 2024-2025, Phòng Giáo dục và Đào tạo huyện Tân Lạc: 6-year-olds admitted to grade 1 (net intake): \
         98.67% (148/150); target for 2030: at least 100%: not attained.",
    );
    th01.tells(
        "SGD",
        START_2024,
        "300 / 300 = 100.00; base 100.00; >= 100.00 in 2030: attained, gap 0.00, no_data; 2 of 2",
        "Đầu năm học 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ huy động trẻ 6 tuổi vào lớp 1: 100 % (300/300); \
         mục tiêu năm 2030: ít nhất 100 %: đạt.",
        "Start of school year 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: 6-year-olds admitted to grade 1 (net intake): \
         100% (300/300); target for 2030: at least 100%: attained.",
    );
    th01.stands(
        "TH-TL-001",
        START_2024,
        "148 / null = null; base null; >= 100.00 in 2030: undecided, not_collected_at_this_level, gap null, no_data; 1 of 1",
    );
}

#[test]
fn th02_children_with_disabilities_in_inclusive_classes() {
    let th02 = indicator("TH02");
    // The plan does not say of whom 85 %: the definition does, and says so.
    let defined = th02.caller().get("/api/v1/indicators/TH02").expect(200).json()["definition"].clone();
    assert_eq!(defined["parameters"], json!({"denominator": "children_with_disabilities_of_primary_age"}));
    th02.refuses(START_2024, above("MN-DB-001", 1), "unit not_collected_here");
    // Schools have reported and no commune has: what is missing is said.
    th02.records(START_2024, [above("TH-TL-001", 9), above("TC-KB-001", 8)]);
    th02.tells(
        "PGD-KB",
        START_2024,
        "8 / null = null; base null; >= 85.00 in 2030: undecided, missing_denominator, gap null, no_data; 1 of 1",
        "Đầu năm học 2024-2025, Phòng Giáo dục và Đào tạo huyện Kim Bôi: Tỉ lệ học sinh khuyết tật học hòa nhập cấp tiểu học: \
         thiếu mẫu số; mục tiêu năm 2030: ít nhất 85 %: chưa xác định.",
        "Start of school year 2024-2025, Phòng Giáo dục và Đào tạo huyện Kim Bôi: Children with disabilities in inclusive primary \
         education: the denominator is missing; target for 2030: at least 85%: undecided.",
    );
    th02.everywhere(START_2024, living, 0, &[("C05128", 11), ("C05068", 9)]);
    // "Đạt 85%": exactly 85.00 attains.
    th02.tells(
        "SGD",
        START_2024,
        "17 / 20 = 85.00; base 85.00; >= 85.00 in 2030: attained, gap 0.00, no_data; 2 of 2",
        "Đầu năm học 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ học sinh khuyết tật học hòa nhập cấp tiểu học: \
         85 % (17/20); mục tiêu năm 2030: ít nhất 85 %: đạt.",
        "Start of school year 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Children with disabilities in inclusive primary education: \
         85% (17/20); target for 2030: at least 85%: attained.",
    );
    th02.stands("PGD-TL", START_2024, "9 / 11 = 81.82; base 81.82; >= 85.00 in 2030: not attained, gap -3.18, no_data; 1 of 1");
}

#[test]
fn th03_pupils_who_completed_the_primary_programme() {
    let th03 = indicator("TH03");
    th03.refuses(END_2025, ratio("CS-LT-001", 1, 1), "unit not_collected_here");
    th03.records(END_2025, [ratio("TH-TL-001", 250, 252), ratio("TC-KB-001", 245, 248)]);
    // "Trên 99%": exactly 99.00 is not above it.
    th03.tells(
        "SGD",
        END_2025,
        "495 / 500 = 99.00; base null; > 99.00 in 2030: not attained, gap 0.00, no_data; 2 of 2",
        "Cuối năm học 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ học sinh hoàn thành chương trình tiểu học: 99 % (495/500); \
         mục tiêu năm 2030: trên 99 %: chưa đạt.",
        "End of school year 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Primary programme completion (grade-5 pupils): 99% (495/500); \
         target for 2030: above 99%: not attained.",
    );
    // A fifth of the province's 81,144 pupils are 16,229: 98.9956 % and 99.0018 % both show as 99.00, and one pupil decides.
    th03.records(END_2026, [ratio("TH-TL-001", 16_066, 16_229)]);
    th03.stands("SGD", END_2026, "16066 / 16229 = 99.00; base null; > 99.00 in 2030: not attained, gap 0.00, no_data; 1 of 2");
    th03.records(END_2027, [ratio("TH-TL-001", 16_067, 16_229)]);
    th03.stands("SGD", END_2027, "16067 / 16229 = 99.00; base null; > 99.00 in 2030: attained, gap 0.00, no_data; 1 of 2");
}

#[test]
fn th04_primary_pupils_taught_two_sessions_a_day() {
    let th04 = indicator("TH04");
    th04.refuses(START_2024, ratio("CS-LT-001", 1, 1), "unit not_collected_here");
    // Which pupils are taught two sessions a day hangs on how many a week make it so: 9 in the first definition.
    let defined = th04.caller().get("/api/v1/indicators/TH04").expect(200).json()["definition"].clone();
    assert_eq!((&defined["version"], &defined["parameters"]), (&json!(1), &json!({"sessions_per_week_min": 9})));
    th04.records(START_2024, [ratio("TH-TL-001", 20_000, 46_417), ratio("TC-KB-001", 16_059, 40_000)]);
    th04.tells(
        "SGD",
        START_2024,
        "36059 / 86417 = 41.73; base 41.73; >= 90.00 in 2030: not attained, gap -48.27, no_data; 2 of 2",
        "Đầu năm học 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ học sinh tiểu học học 2 buổi/ngày: \
         41,73 % (36.059/86.417); mục tiêu năm 2030: ít nhất 90 %: chưa đạt.",
        "Start of school year 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Primary pupils taught two sessions a day: \
         41.73% (36,059/86,417); target for 2030: at least 90%: not attained.",
    );
    // Here belongs the other definition, of at least 8 sessions a week: 69,541 / 85,152 = 81.67 %.
}

#[test]
fn cs01_pupils_who_graduated_from_lower_secondary() {
    let cs01 = indicator("CS01");
    for unit in ["TH-TL-001", "PT-CP-001", "CD-SP"] {
        cs01.refuses(END_2025, ratio(unit, 1, 1), "unit not_collected_here");
    }
    // Schools with the level, whatever else they teach, and centres of continuing education.
    let pupils = [("TC-KB-001", 98, 98), ("CS-LT-001", 196, 198), ("DT-LAS-001", 59, 60), ("TX-YT-001", 43, 44)];
    cs01.records(END_2025, pupils.map(|(unit, graduated, considered)| ratio(unit, graduated, considered)));
    cs01.tells(
        "SGD",
        END_2025,
        "396 / 400 = 99.00; base null; > 99.00 in 2030: not attained, gap 0.00, no_data; 4 of 5",
        "Cuối năm học 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ học sinh tốt nghiệp trung học cơ sở: 99 % (396/400); \
         mục tiêu năm 2030: trên 99 %: chưa đạt (còn thiếu 1/5 nơi báo cáo).",
        "End of school year 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Lower-secondary graduation (grade-9 pupils): 99% (396/400); \
         target for 2030: above 99%: not attained (1 of 5 have not reported).",
    );
    cs01.records(END_2025, [ratio("TX-TINH", 30, 30)]);
    cs01.tells(
        "SGD",
        END_2025,
        "426 / 430 = 99.07; base null; > 99.00 in 2030: attained, gap 0.07, no_data; 5 of 5",
        "Cuối năm học 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ học sinh tốt nghiệp trung học cơ sở: 99,07 % (426/430); \
         mục tiêu năm 2030: trên 99 %: đạt.",
        "End of school year 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Lower-secondary graduation (grade-9 pupils): \
         99.07% (426/430); target for 2030: above 99%: attained.",
    );
}

#[test]
fn pt01_youth_with_upper_secondary_or_equivalent() {
    let pt01 = indicator("PT01");
    // The plan says "trong độ tuổi" and no age: the definition does.
    let defined = pt01.caller().get("/api/v1/indicators/PT01").expect(200).json()["definition"].clone();
    assert_eq!(defined["parameters"], json!({"age_from": 18, "age_to": 21}));
    // Where people live counts, not where they went to school.
    pt01.refuses("2025-PC", ratio("PT-CP-001", 170, 200), "unit not_collected_here");
    pt01.refuses("2025-PC", survey("PGD-CP", "C05089", 201, 200), "numerator numerator_above_denominator");
    pt01.records("2025-PC", [survey("PGD-CP", "C05089", 170, 200)]);
    // "Trên 85%": exactly 85.00 is not above it.
    pt01.tells(
        "PGD-CP",
        "2025-PC",
        "170 / 200 = 85.00; base null; > 85.00 in 2030: not attained, gap 0.00, no_data; 1 of 10",
        "Phổ cập giáo dục, xóa mù chữ năm 2025, Phòng Giáo dục và Đào tạo huyện Cao Phong: Tỉ lệ thanh niên đạt trình độ trung học phổ \
         thông và tương đương: 85 % (170/200); mục tiêu năm 2030: trên 85 %: chưa đạt (còn thiếu 9/10 nơi báo cáo).",
        "Universalisation year 2025, Phòng Giáo dục và Đào tạo huyện Cao Phong: Youth attaining upper-secondary or equivalent: \
         85% (170/200); target for 2030: above 85%: not attained (9 of 10 have not reported).",
    );
    // 85 % of 200 and 90 % of 100 are 86.67 %, and not their mean of 87.5 %.
    pt01.records("2025-PC", [survey("PGD-CP", "C05092", 90, 100)]);
    pt01.tells(
        "SGD",
        "2025-PC",
        "260 / 300 = 86.67; base null; > 85.00 in 2030: attained, gap 1.67, no_data; 2 of 151",
        "Phổ cập giáo dục, xóa mù chữ năm 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ thanh niên đạt trình độ trung học phổ \
         thông và tương đương: 86,67 % (260/300); mục tiêu năm 2030: trên 85 %: đạt (còn thiếu 149/151 nơi báo cáo).",
        "Universalisation year 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Youth attaining upper-secondary or equivalent: \
         86.67% (260/300); target for 2030: above 85%: attained (149 of 151 have not reported).",
    );
    pt01.stands(
        "PT-CP-001",
        "2025-PC",
        "null / null = null; base null; > 85.00 in 2030: undecided, not_collected_at_this_level, gap null, no_data; 0 of 0",
    );
}

#[test]
fn tn01_candidates_who_passed_the_graduation_examination() {
    let tn01 = indicator("TN01");
    for unit in ["CS-LT-001", "CD-SP"] {
        tn01.refuses(END_2025, ratio(unit, 1, 1), "unit not_collected_here");
    }
    tn01.records(END_2024, [ratio("PT-CP-001", 190, 200), ratio("PT-HVT", 100, 100), ratio("TX-YT-001", 60, 100)]);
    tn01.records(END_2025, [ratio("PT-CP-001", 150, 160), ratio("PT-HVT", 100, 100), ratio("TX-YT-001", 65, 100)]);
    tn01.records(END_2026, [ratio("PT-CP-001", 151, 160), ratio("PT-HVT", 100, 100), ratio("TX-YT-001", 65, 100)]);
    // 350 of 400 and 315 of 360 are the same 87.5 %: "nâng cao" asks for more.
    tn01.tells(
        "SGD",
        END_2025,
        "315 / 360 = 87.50; base 87.50; increase in 2025: not attained, gap null, no_data; 3 of 5",
        "Cuối năm học 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ thí sinh đỗ tốt nghiệp trung học phổ thông: \
         87,5 % (315/360); mục tiêu năm 2025: cao hơn năm gốc: chưa đạt (còn thiếu 2/5 nơi báo cáo).",
        "End of school year 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Pass rate of the upper-secondary graduation examination: \
         87.5% (315/360); target for 2025: above the base year: not attained (2 of 5 have not reported).",
    );
    tn01.tells(
        "SGD",
        END_2026,
        "316 / 360 = 87.78; base 87.50; increase in 2026: attained, gap null, no_data; 3 of 5",
        "Cuối năm học 2025-2026, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ thí sinh đỗ tốt nghiệp trung học phổ thông: \
         87,78 % (316/360); mục tiêu năm 2026: cao hơn năm gốc: đạt (còn thiếu 2/5 nơi báo cáo).",
        "End of school year 2025-2026, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Pass rate of the upper-secondary graduation examination: \
         87.78% (316/360); target for 2026: above the base year: attained (2 of 5 have not reported).",
    );
}

#[test]
fn cds01_schools_with_electronic_gradebooks() {
    let cds01 = indicator("CDS01");
    for unit in ["MN-DB-001", "TX-YT-001"] {
        cds01.refuses(START_2024, ratio(unit, 1, 1), "unit not_collected_here");
    }
    let schools = |using: [i64; 6]| {
        ["TH-TL-001", "TC-KB-001", "CS-LT-001", "DT-LAS-001", "PT-CP-001", "PT-HVT"]
            .into_iter()
            .zip(using)
            .map(|(unit, one)| ratio(unit, one, 1))
    };
    cds01.records(START_2024, schools([1, 0, 1, 0, 1, 0]));
    // Other schools, as many of them.
    cds01.records(START_2025, schools([1, 0, 1, 1, 0, 0]));
    cds01.tells(
        "SGD",
        START_2025,
        "3 / 6 = 50.00; base 50.00; increase in 2030: not attained, gap null, no_data; 6 of 6",
        "Đầu năm học 2025-2026, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ trường phổ thông dùng sổ điểm điện tử: 50 % (3/6); \
         mục tiêu năm 2030: cao hơn năm gốc: chưa đạt.",
        "Start of school year 2025-2026, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: General schools using e-gradebooks: 50% (3/6); \
         target for 2030: above the base year: not attained.",
    );
    cds01.records(START_2025, schools([1, 1, 1, 1, 0, 0]));
    cds01.tells(
        "SGD",
        START_2025,
        "4 / 6 = 66.67; base 50.00; increase in 2030: attained, gap null, no_data; 6 of 6",
        "Đầu năm học 2025-2026, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ trường phổ thông dùng sổ điểm điện tử: 66,67 % (4/6); \
         mục tiêu năm 2030: cao hơn năm gốc: đạt.",
        "Start of school year 2025-2026, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: General schools using e-gradebooks: 66.67% (4/6); \
         target for 2030: above the base year: attained.",
    );
}

#[test]
fn cds02_schools_with_electronic_transcripts() {
    let cds02 = indicator("CDS02");
    cds02.refuses(START_2025, ratio("NT-LUS-001", 1, 1), "unit not_collected_here");
    cds02.records(START_2025, [ratio("TH-TL-001", 1, 1), ratio("PT-HVT", 1, 1), ratio("CS-LT-001", 0, 1)]);
    // The plan gives no number, and the department has none of 2024: more than what cannot be said.
    cds02.tells(
        "SGD",
        START_2025,
        "2 / 3 = 66.67; base null; increase in 2030: undecided, no_baseline, gap null, no_data; 3 of 6",
        "Đầu năm học 2025-2026, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ trường phổ thông dùng học bạ điện tử: 66,67 % (2/3); \
         mục tiêu năm 2030: cao hơn năm gốc: chưa xác định (còn thiếu 3/6 nơi báo cáo).",
        "Start of school year 2025-2026, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: General schools using e-transcripts: 66.67% (2/3); \
         target for 2030: above the base year: undecided (3 of 6 have not reported).",
    );
    cds02.records(START_2024, [ratio("TH-TL-001", 0, 1), ratio("PT-HVT", 1, 1)]);
    cds02.stands("SGD", START_2025, "2 / 3 = 66.67; base 50.00; increase in 2030: attained, gap null, no_data; 3 of 6");
}
