//! Money, classrooms, standards of schools, projects and policies.

use serde_json::json;

use super::{START_2024, START_2025, START_2026, count, indicator, indicator_apart, ratio, state, state_on};

#[test]
fn ns01_the_share_of_education_in_the_budget() {
    let ns01 = indicator("NS01");
    for unit in ["P-KHTC", "PGD-DB", "PT-HVT"] {
        ns01.refuses("2025", ratio(unit, 1, 5), "unit not_collected_here");
    }
    // Money in đồng, to the last of them: 18,000 billion for the province, a fifth of it for education.
    ns01.records("2025", [ratio("SGD", 3_600_000_000_000, 18_000_000_000_000)]);
    ns01.records("2026", [ratio("SGD", 3_599_999_999_999, 18_000_000_000_000)]);
    ns01.tells(
        "SGD",
        "2025",
        "3600000000000 / 18000000000000 = 20.00; base null; >= 20.00 in 2025: attained, gap 0.00, on_track; 1 of 1",
        "Năm 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ chi ngân sách cho giáo dục và đào tạo: \
         20 % (3.600.000.000.000/18.000.000.000.000); mục tiêu năm 2025: ít nhất 20 %: đạt.",
        "Year 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Education share of total provincial budget expenditure: \
         20% (3,600,000,000,000/18,000,000,000,000); target for 2025: at least 20%: attained.",
    );
    // One đồng less is rounded to 20.00 and is less than 20: the sentence has as many places as it takes to see that.
    ns01.tells(
        "SGD",
        "2026",
        "3599999999999 / 18000000000000 = 20.00; base null; >= 20.00 in 2026: not attained, gap 0.00, at_risk; 1 of 1",
        "Năm 2026, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ chi ngân sách cho giáo dục và đào tạo: \
         19,99999999999 % (3.599.999.999.999/18.000.000.000.000); mục tiêu năm 2026: ít nhất 20 %: chưa đạt.",
        "Year 2026, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Education share of total provincial budget expenditure: \
         19.99999999999% (3,599,999,999,999/18,000,000,000,000); target for 2026: at least 20%: not attained.",
    );
}

#[test]
fn csvc01_solid_classrooms() {
    let csvc01 = indicator("CSVC01");
    for unit in ["TX-YT-001", "CD-SP", "PGD-DB"] {
        csvc01.refuses(START_2024, ratio(unit, 10, 12), "unit not_collected_here");
    }
    // The plan says it twice, and it is one indicator.
    let told = csvc01.caller().get("/api/v1/indicators/CSVC01").expect(200).json();
    assert_eq!((&told["source"]["line"], &told["more_sources"][0]["line"]), (&json!(43), &json!(101)));
    csvc01.records(START_2024, [ratio("MN-DB-001", 7, 12), ratio("TH-TL-001", 15, 15), ratio("CS-LT-001", 18, 20)]);
    csvc01.tells(
        "SGD",
        START_2024,
        "40 / 47 = 85.11; base 85.11; >= 100.00 in 2030: not attained, gap -14.89, no_data; 3 of 10",
        "Đầu năm học 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ phòng học kiên cố: 85,11 % (40/47); \
         mục tiêu năm 2030: ít nhất 100 %: chưa đạt (còn thiếu 7/10 nơi báo cáo).",
        "Start of school year 2024-2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Solid (permanent) classrooms: 85.11% (40/47); \
         target for 2030: at least 100%: not attained (7 of 10 have not reported).",
    );
    csvc01.stands("PGD-TL", START_2024, "15 / 15 = 100.00; base 100.00; >= 100.00 in 2030: attained, gap 0.00, no_data; 1 of 1");
}

#[test]
fn csvc02_temporary_classrooms() {
    let csvc02 = indicator("CSVC02");
    csvc02.refuses(START_2024, count("TX-YT-001", 1), "unit not_collected_here");
    csvc02.refuses(START_2024, json!({"unit": "CS-LT-001", "numerator": 1}), "numerator not_collected_here");
    // From 120 in 2024 to none in 2030 the way leads through 100 in 2025 and 80 in 2026.
    for (period, chi_ne, man_duc) in [(START_2024, 70, 50), (START_2025, 55, 40), (START_2026, 55, 35), ("2030-2031-START", 0, 0)] {
        csvc02.records(period, [count("CS-LT-001", chi_ne), count("TH-TL-001", man_duc)]);
    }
    csvc02.tells(
        "SGD",
        START_2025,
        "count 95; base 120.00; <= 0.00 in 2030 implied: not attained, gap 95.00, on_track; 2 of 10",
        "Đầu năm học 2025-2026, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Số phòng học tạm: 95; mục tiêu năm 2030: nhiều nhất 0: chưa đạt \
         (còn thiếu 8/10 nơi báo cáo).",
        "Start of school year 2025-2026, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Temporary classrooms: 95; target for 2030: at most 0: \
         not attained (8 of 10 have not reported).",
    );
    csvc02.stands("SGD", START_2026, "count 90; base 120.00; <= 0.00 in 2030 implied: not attained, gap 90.00, behind; 2 of 10");
    csvc02.tells(
        "SGD",
        "2030-2031-START",
        "count 0; base 120.00; <= 0.00 in 2030 implied: attained, gap 0.00, on_track; 2 of 10",
        "Đầu năm học 2030-2031, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Số phòng học tạm: 0; mục tiêu năm 2030: nhiều nhất 0: đạt \
         (còn thiếu 8/10 nơi báo cáo).",
        "Start of school year 2030-2031, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Temporary classrooms: 0; target for 2030: at most 0: \
         attained (8 of 10 have not reported).",
    );
    // None is a count; nothing recorded is not.
    csvc02.stands("PGD-DB", START_2025, "count null; base null; <= 0.00 in 2030 implied: undecided, no_value, gap null, no_data; 0 of 2");
}

#[test]
fn cqg01_schools_that_meet_the_national_standard() {
    // As many schools as the department counts, in a province apart, so that the other tests' stays small.
    let cqg01 = indicator_apart("CQG01");
    let admin = cqg01.caller();
    let schools: Vec<String> = (1..=516).map(|number| format!("TR-{number:03}")).collect();
    for (code, unit_type) in schools.iter().zip(["preschool", "primary_lower_secondary", "upper_secondary"].into_iter().cycle()) {
        admin.unit(code, "school", unit_type, &format!("Trường {code}"), "SGD");
    }
    admin.unit("TX-TINH", "centre", "continuing_centre", "Trung tâm Giáo dục thường xuyên tỉnh Hòa Bình", "SGD");
    cqg01.refuses("2025", ratio("TX-TINH", 1, 1), "unit not_collected_here");
    cqg01.refuses("2025", ratio("SGD", 305, 516), "unit not_collected_here");
    cqg01.refuses("2025", ratio("TR-001", 1, 0), "numerator numerator_above_denominator");
    // A school is one school.
    cqg01.refuses("2025", ratio("TR-001", 1, 2), "denominator out_of_range");
    // Each school says 1 or 0 of itself, and the department decides nothing but the sum.
    let meet = |standard: usize| {
        let row = |(index, unit): (usize, &String)| ratio(unit, i64::from(index < standard), 1);
        cqg01.records("2025", schools.iter().enumerate().map(row))
    };
    meet(305);
    cqg01.tells(
        "SGD",
        "2025",
        "305 / 516 = 59.11; base null; >= 63.00 in 2030: not attained, gap -3.89, no_data; 516 of 516",
        "Năm 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tỉ lệ trường mầm non, phổ thông đạt chuẩn quốc gia: 59,11 % (305/516); \
         mục tiêu năm 2030: ít nhất 63 %: chưa đạt.",
        "Year 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Schools meeting the national standard: 59.11% (305/516); \
         target for 2030: at least 63%: not attained.",
    );
    // 63 % of 516 schools are 325.08.
    meet(326);
    cqg01.stands("SGD", "2025", "326 / 516 = 63.18; base null; >= 63.00 in 2030: attained, gap 0.18, no_data; 516 of 516");
    // A recognition runs out after its years: the school says 0.
    cqg01.records("2025", [ratio("TR-001", 0, 1)]);
    cqg01.stands("SGD", "2025", "325 / 516 = 62.98; base null; >= 63.00 in 2030: not attained, gap -0.02, no_data; 516 of 516");
    cqg01.stands("TR-001", "2025", "0 / 1 = 0.00; base null; >= 63.00 in 2030: not attained, gap -63.00, no_data; 1 of 1");
}

#[test]
fn da01_the_new_building_of_the_gifted_school() {
    let da01 = indicator("DA01");
    // The school itself does not say it: the department builds.
    da01.refuses("2025", state("PT-HVT", "planned"), "unit not_collected_here");
    // A milestone is planned, under way or done; it is nothing to be maintained.
    da01.refuses("2025", state("SGD", "maintained"), "state not_in_list");
    da01.records("2025", [state("SGD", "planned")]);
    da01.records("2026", [state("SGD", "under_way")]);
    da01.records("2030", [state_on("SGD", "done", "2030-12-31")]);
    da01.tells(
        "SGD",
        "2025",
        "state planned; base null; milestone in 2030: not attained, gap null, no_data; 1 of 1",
        "Năm 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Xây dựng mới trường trung học phổ thông chuyên Hoàng Văn Thụ: đã có kế hoạch; \
         mục tiêu năm 2030: hoàn thành: chưa đạt.",
        "Year 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: New building of Hoàng Văn Thụ gifted high school: planned; \
         target for 2030: done: not attained.",
    );
    da01.stands("SGD", "2026", "state under_way; base null; milestone in 2030: not attained, gap null, no_data; 1 of 1");
    // What is done stays done, though nobody says it again.
    da01.records("2028", [state("SGD", "done")]);
    da01.stands("SGD", "2029", "state done; base null; milestone in 2030: attained, gap null, no_data; 1 of 1");
    da01.stands("SGD", "2027", "state null; base null; milestone in 2030: undecided, no_value, gap null, no_data; 0 of 1");
    // The last day of its year is in time.
    da01.tells(
        "SGD",
        "2030",
        "state done; base null; milestone in 2030: attained, gap null, no_data; 1 of 1",
        "Năm 2030, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Xây dựng mới trường trung học phổ thông chuyên Hoàng Văn Thụ: đã hoàn thành; \
         mục tiêu năm 2030: hoàn thành: đạt.",
        "Year 2030, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: New building of Hoàng Văn Thụ gifted high school: done; \
         target for 2030: done: attained.",
    );
}

#[test]
fn da02_a_university_branch_from_the_teacher_training_college() {
    let da02 = indicator("DA02");
    da02.refuses("2025", state("CD-SP", "planned"), "unit not_collected_here");
    da02.tells(
        "SGD",
        "2025",
        "state null; base null; milestone in 2030: undecided, no_value, gap null, no_data; 0 of 1",
        "Năm 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Thành lập phân hiệu cơ sở giáo dục đại học từ trường Cao đẳng Sư phạm Hòa Bình: \
         chưa có số liệu; mục tiêu năm 2030: hoàn thành: chưa xác định (còn thiếu 1/1 nơi báo cáo).",
        "Year 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: University branch created from the teacher-training college: \
         no data yet; target for 2030: done: undecided (1 of 1 have not reported).",
    );
    // Done, and a year late.
    da02.records("2030", [state_on("SGD", "done", "2031-06-01")]);
    da02.tells(
        "SGD",
        "2030",
        "state done; base null; milestone in 2030: not attained, gap null, no_data; 1 of 1",
        "Năm 2030, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Thành lập phân hiệu cơ sở giáo dục đại học từ trường Cao đẳng Sư phạm Hòa Bình: \
         đã hoàn thành; mục tiêu năm 2030: hoàn thành: chưa đạt.",
        "Year 2030, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: University branch created from the teacher-training college: done; \
         target for 2030: done: not attained.",
    );
}

#[test]
fn hp01_no_tuition_for_5_year_olds() {
    let hp01 = indicator("HP01");
    for unit in ["MN-DB-001", "P-KHTC"] {
        hp01.refuses("2025", state(unit, "maintained"), "unit not_collected_here");
    }
    hp01.records("2025", [state("SGD", "maintained")]);
    hp01.records("2026", [state("SGD", "not_maintained")]);
    hp01.tells(
        "SGD",
        "2025",
        "state maintained; base null; maintain in 2025: attained, gap null, no_data; 1 of 1",
        "Năm 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Miễn học phí cho trẻ mẫu giáo 5 tuổi: được duy trì; \
         mục tiêu năm 2025: duy trì: đạt.",
        "Year 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tuition exemption for 5-year-olds: maintained; \
         target for 2025: maintain: attained.",
    );
    hp01.tells(
        "SGD",
        "2026",
        "state not_maintained; base null; maintain in 2026: not attained, gap null, no_data; 1 of 1",
        "Năm 2026, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Miễn học phí cho trẻ mẫu giáo 5 tuổi: không được duy trì; \
         mục tiêu năm 2026: duy trì: chưa đạt.",
        "Year 2026, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Tuition exemption for 5-year-olds: not maintained; \
         target for 2026: maintain: not attained.",
    );
}

#[test]
fn ta01_english_step_by_step_a_second_language() {
    let ta01 = indicator("TA01");
    // The department and its schools; no office, no centre.
    for unit in ["PGD-MC", "TX-TINH"] {
        ta01.refuses("2025", state(unit, "under_way"), "unit not_collected_here");
    }
    ta01.records("2025", [state("SGD", "under_way"), state("PT-HVT", "maintained"), state("MN-MC-001", "planned")]);
    // "Từng bước": on the way is what is asked ...
    ta01.tells(
        "SGD",
        "2025",
        "state under_way; base null; maintain in 2025: attained, gap null, no_data; 1 of 1",
        "Năm 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Từng bước đưa tiếng Anh thành ngôn ngữ thứ hai trong trường học: đang thực hiện; \
         mục tiêu năm 2025: duy trì: đạt.",
        "Year 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: English step by step a second language in schools: under way; \
         target for 2025: maintain: attained.",
    );
    // ... and a plan is not yet.
    ta01.tells(
        "MN-MC-001",
        "2025",
        "state planned; base null; maintain in 2025: not attained, gap null, no_data; 1 of 1",
        "Năm 2025, Trường Mầm non Chiềng Châu: Từng bước đưa tiếng Anh thành ngôn ngữ thứ hai trong trường học: đã có kế hoạch; \
         mục tiêu năm 2025: duy trì: chưa đạt.",
        "Year 2025, Trường Mầm non Chiềng Châu: English step by step a second language in schools: planned; \
         target for 2025: maintain: not attained.",
    );
    ta01.stands("PT-HVT", "2025", "state maintained; base null; maintain in 2025: attained, gap null, no_data; 1 of 1");
    ta01.stands(
        "PGD-MC",
        "2025",
        "state null; base null; maintain in 2025: undecided, not_collected_at_this_level, gap null, no_data; 0 of 0",
    );
}
