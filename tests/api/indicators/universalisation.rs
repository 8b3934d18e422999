//! Universal education and literacy: recognised commune by commune (Decree 20/2014/NĐ-CP), and what is maintained.

use serde_json::json;

use super::{indicator, level, ratio, state, survey};

#[test]
fn mn06_universal_preschool_education_for_5_year_olds() {
    let mn06 = indicator("MN06");
    mn06.refuses("2025-PC", level("PGD-DB", "C05200", 1), "locality not_collected_here");
    // Mỹ Hòa, one of 16 in Tân Lạc, does not meet the standard: 93.75 % do, so the district does.
    mn06.everywhere("2025-PC", level, 1, &[("C05143", 0)]);
    mn06.stands("PGD-TL", "2025-PC", "level 1; base null; maintain 1.00 in 2025: attained, gap 0.00, on_track; 16 of 16");
    mn06.tells(
        "SGD",
        "2025-PC",
        "level 1; base null; maintain 1.00 in 2025: attained, gap 0.00, on_track; 151 of 151",
        "Phổ cập giáo dục, xóa mù chữ năm 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Phổ cập giáo dục mầm non cho trẻ 5 tuổi: mức độ 1; \
         mục tiêu năm 2025: duy trì mức độ 1: đạt.",
        "Universalisation year 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Universal preschool education for 5-year-olds: level 1; \
         target for 2025: maintain level 1: attained.",
    );
    // Neither does Ngổ Luông: 14 of 16 are 87.5 %, and with that district the province does not.
    mn06.records("2025-PC", [level("PGD-TL", "C05194", 0)]);
    mn06.tells(
        "SGD",
        "2025-PC",
        "level 0; base null; maintain 1.00 in 2025: not attained, gap -1.00, at_risk; 151 of 151",
        "Phổ cập giáo dục, xóa mù chữ năm 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Phổ cập giáo dục mầm non cho trẻ 5 tuổi: mức độ 0; \
         mục tiêu năm 2025: duy trì mức độ 1: chưa đạt.",
        "Universalisation year 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Universal preschool education for 5-year-olds: level 0; \
         target for 2025: maintain level 1: not attained.",
    );
}

#[test]
fn pc01_universal_primary_education_at_level_3() {
    let pc01 = indicator("PC01");
    pc01.refuses("2025-PC", json!({"unit": "PGD-CP", "locality": "C05089", "numerator": 1}), "numerator not_collected_here");
    // At level 3 are 9 of the 10 communes of Cao Phong, 8 of the 10 of Lạc Thủy and all others.
    pc01.everywhere("2025-PC", level, 3, &[("C05095", 2), ("C05404", 2), ("C05413", 2)]);
    pc01.stands("PGD-CP", "2025-PC", "level 3; base null; maintain 3.00 in 2025: attained, gap 0.00, on_track; 10 of 10");
    pc01.stands("PGD-LT", "2025-PC", "level 2; base null; maintain 3.00 in 2025: not attained, gap -1.00, at_risk; 10 of 10");
    // 148 of 151 communes are 98 %, and the province is at 2 for all that: every district must be at 3.
    pc01.tells(
        "SGD",
        "2025-PC",
        "level 2; base null; maintain 3.00 in 2025: not attained, gap -1.00, at_risk; 151 of 151",
        "Phổ cập giáo dục, xóa mù chữ năm 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Phổ cập giáo dục tiểu học mức độ 3: mức độ 2; \
         mục tiêu năm 2025: duy trì mức độ 3: chưa đạt.",
        "Universalisation year 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Universal primary education at level 3: level 2; \
         target for 2025: maintain level 3: not attained.",
    );
    // One more commune of Lạc Thủy makes 90 %.
    pc01.records("2025-PC", [level("PGD-LT", "C05404", 3)]);
    pc01.tells(
        "SGD",
        "2025-PC",
        "level 3; base null; maintain 3.00 in 2025: attained, gap 0.00, on_track; 151 of 151",
        "Phổ cập giáo dục, xóa mù chữ năm 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Phổ cập giáo dục tiểu học mức độ 3: mức độ 3; \
         mục tiêu năm 2025: duy trì mức độ 3: đạt.",
        "Universalisation year 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Universal primary education at level 3: level 3; \
         target for 2025: maintain level 3: attained.",
    );
    pc01.stands(
        "TH-TL-001",
        "2025-PC",
        "level null; base null; maintain 3.00 in 2025: undecided, not_collected_at_this_level, gap null, no_data; 0 of 0",
    );
}

#[test]
fn pc02_universal_lower_secondary_education_at_level_2() {
    let pc02 = indicator("PC02");
    pc02.refuses("2025", level("PGD-DB", "C04831", 2), "period period_kind_mismatch");
    pc02.everywhere("2024-PC", level, 2, &[]);
    // Above the level that is to be kept is kept.
    pc02.everywhere("2025-PC", level, 3, &[]);
    pc02.tells(
        "SGD",
        "2025-PC",
        "level 3; base 2.00; maintain 2.00 in 2025: attained, gap 1.00, on_track; 151 of 151",
        "Phổ cập giáo dục, xóa mù chữ năm 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Phổ cập giáo dục trung học cơ sở mức độ 2: \
         mức độ 3; mục tiêu năm 2025: duy trì mức độ 2: đạt.",
        "Universalisation year 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Universal lower-secondary education at level 2: level 3; \
         target for 2025: maintain level 2: attained.",
    );
    // Pà Cò and Hang Kia, 2 of 16 in Mai Châu, fall to level 1: 149 of 151 communes are at 3, and the province is at 1.
    pc02.everywhere("2026-PC", level, 3, &[("C05209", 1), ("C05212", 1)]);
    pc02.tells(
        "SGD",
        "2026-PC",
        "level 1; base 2.00; maintain 2.00 in 2026: not attained, gap -1.00, at_risk; 151 of 151",
        "Phổ cập giáo dục, xóa mù chữ năm 2026, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Phổ cập giáo dục trung học cơ sở mức độ 2: \
         mức độ 1; mục tiêu năm 2026: duy trì mức độ 2: chưa đạt.",
        "Universalisation year 2026, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Universal lower-secondary education at level 2: level 1; \
         target for 2026: maintain level 2: not attained.",
    );
}

#[test]
fn pc03_illiteracy_eradicated_at_level_2() {
    let pc03 = indicator("PC03");
    pc03.refuses("2025-PC", level("DT-LAS-001", "C05266", 2), "locality not_collected_here");
    let places = pc03.communes("&parent=D150");
    let recorded = |places: &[String], reached| places.iter().map(|place| level("PGD-DB", place, reached)).collect::<Vec<_>>();
    pc03.records("2025-PC", recorded(&places[2..], 2));
    // 15 of the 17 communes of Đà Bắc are 88 %: what nobody recorded is not reached.
    pc03.tells(
        "PGD-DB",
        "2025-PC",
        "level 0; base null; maintain 2.00 in 2025: not attained, gap -2.00, at_risk; 15 of 17",
        "Phổ cập giáo dục, xóa mù chữ năm 2025, Phòng Giáo dục và Đào tạo huyện Đà Bắc: Xóa mù chữ mức độ 2: mức độ 0; \
         mục tiêu năm 2025: duy trì mức độ 2: chưa đạt (còn thiếu 2/17 nơi báo cáo).",
        "Universalisation year 2025, Phòng Giáo dục và Đào tạo huyện Đà Bắc: Illiteracy eradication at level 2: level 0; \
         target for 2025: maintain level 2: not attained (2 of 17 have not reported).",
    );
    // 16 of 17 are 94 %.
    pc03.records("2025-PC", [level("PGD-DB", &places[0], 1), level("PGD-DB", &places[1], 2)]);
    pc03.tells(
        "PGD-DB",
        "2025-PC",
        "level 2; base null; maintain 2.00 in 2025: attained, gap 0.00, on_track; 17 of 17",
        "Phổ cập giáo dục, xóa mù chữ năm 2025, Phòng Giáo dục và Đào tạo huyện Đà Bắc: Xóa mù chữ mức độ 2: mức độ 2; \
         mục tiêu năm 2025: duy trì mức độ 2: đạt.",
        "Universalisation year 2025, Phòng Giáo dục và Đào tạo huyện Đà Bắc: Illiteracy eradication at level 2: level 2; \
         target for 2025: maintain level 2: attained.",
    );
}

#[test]
fn xmc01_illiteracy_in_the_hardest_areas() {
    let xmc01 = indicator("XMC01");
    xmc01.refuses("2025-PC", ratio("DT-LAS-001", 1, 100), "unit not_collected_here");
    xmc01.records("2024-PC", [survey("PGD-MC", "C05212", 90, 1500), survey("PGD-MC", "C05209", 60, 1500)]);
    xmc01.records("2025-PC", [survey("PGD-MC", "C05212", 75, 1500), survey("PGD-MC", "C05209", 75, 1500)]);
    xmc01.records("2026-PC", [survey("PGD-MC", "C05212", 75, 1500), survey("PGD-MC", "C05209", 74, 1500)]);
    // "Giảm" has no number: less than in the year before the plan, and standing still is not.
    xmc01.tells(
        "PGD-MC",
        "2025-PC",
        "150 / 3000 = 5.00; base 5.00; decrease in 2025: not attained, gap null, no_data; 2 of 16",
        "Phổ cập giáo dục, xóa mù chữ năm 2025, Phòng Giáo dục và Đào tạo huyện Mai Châu: Tỉ lệ mù chữ ở vùng đặc biệt khó khăn, \
         vùng dân tộc thiểu số: 5 % (150/3.000); mục tiêu năm 2025: thấp hơn năm gốc: chưa đạt (còn thiếu 14/16 nơi báo cáo).",
        "Universalisation year 2025, Phòng Giáo dục và Đào tạo huyện Mai Châu: Illiteracy rate in extremely hard and ethnic-minority areas: \
         5% (150/3,000); target for 2025: below the base year: not attained (14 of 16 have not reported).",
    );
    xmc01.tells(
        "PGD-MC",
        "2026-PC",
        "149 / 3000 = 4.97; base 5.00; decrease in 2026: attained, gap null, no_data; 2 of 16",
        "Phổ cập giáo dục, xóa mù chữ năm 2026, Phòng Giáo dục và Đào tạo huyện Mai Châu: Tỉ lệ mù chữ ở vùng đặc biệt khó khăn, \
         vùng dân tộc thiểu số: 4,97 % (149/3.000); mục tiêu năm 2026: thấp hơn năm gốc: đạt (còn thiếu 14/16 nơi báo cáo).",
        "Universalisation year 2026, Phòng Giáo dục và Đào tạo huyện Mai Châu: Illiteracy rate in extremely hard and ethnic-minority areas: \
         4.97% (149/3,000); target for 2026: below the base year: attained (14 of 16 have not reported).",
    );
}

#[test]
fn gd01_nine_years_of_compulsory_education() {
    let gd01 = indicator("GD01");
    gd01.refuses("2025", state("PGD-DB", "maintained"), "unit not_collected_here");
    gd01.refuses("2025", level("SGD", "C04831", 1), "locality not_collected_here");
    gd01.records("2025", [state("SGD", "maintained")]);
    gd01.records("2026", [state("SGD", "not_maintained")]);
    gd01.tells(
        "SGD",
        "2025",
        "state maintained; base null; maintain in 2025: attained, gap null, no_data; 1 of 1",
        "Năm 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Thực hiện giáo dục bắt buộc 9 năm: được duy trì; \
         mục tiêu năm 2025: duy trì: đạt.",
        "Year 2025, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Nine-year compulsory education in force: maintained; \
         target for 2025: maintain: attained.",
    );
    gd01.tells(
        "SGD",
        "2026",
        "state not_maintained; base null; maintain in 2026: not attained, gap null, no_data; 1 of 1",
        "Năm 2026, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Thực hiện giáo dục bắt buộc 9 năm: không được duy trì; \
         mục tiêu năm 2026: duy trì: chưa đạt.",
        "Year 2026, Sở Giáo dục và Đào tạo tỉnh Hòa Bình: Nine-year compulsory education in force: not maintained; \
         target for 2026: maintain: not attained.",
    );
    // The department says it for the whole province; a district has nothing to say.
    gd01.stands(
        "PGD-DB",
        "2025",
        "state null; base null; maintain in 2025: undecided, not_collected_at_this_level, gap null, no_data; 0 of 0",
    );
}
