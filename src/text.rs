//! Vietnamese text: how it is stored (NFC, trimmed), searched (folded) and ordered (ICU `vi`).
//!
//! Folding is ours because databases do it differently or not at all: SQLite's `lower` knows only ASCII, PostgreSQL's
//! `unaccent` leaves đ, and neither joins tỉ lệ with tỷ lệ.

use std::sync::OnceLock;

use icu_collator::options::CollatorOptions;
use icu_collator::{Collator, CollatorBorrowed, CollatorPreferences};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Trimmed and in NFC, as every string of a body is stored (passwords apart).
#[must_use]
pub fn clean(text: &str) -> String {
    text.nfc().collect::<String>().trim().to_owned()
}

/// Whether the text holds NUL or another control character but for line breaks and tabs, a sign that turns the direction of writing, one that
/// ends a line and does not look it, or one that is none.
#[must_use]
pub fn has_control(text: &str) -> bool {
    text.chars().any(|c| {
        let odd = matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe;
        odd || turns(c) || (c.is_control() && !breaks(c))
    })
}

/// Whether a sign ends a line or a column.
fn breaks(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\t')
}

/// Whether a sign has no place in a name: it ends a line or a column, or it is not seen, so that two names would look the same. What chooses
/// between shapes of a sign may stand behind it.
#[must_use]
pub fn is_no_part_of_a_name(c: char) -> bool {
    // Fillers and blanks beside what tells programs something.
    let blank =
        matches!(c, '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180e}' | '\u{2800}' | '\u{3164}');
    let odd =
        matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffc}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}');
    breaks(c) || blank || odd || (is_unseen(c) && !matches!(c, '\u{fe00}'..='\u{fe0f}'))
}

/// Whether a sign turns the direction of writing (UAX #9 section 2): Vietnamese needs none, and it makes a text look like another.
#[must_use]
pub fn turns(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// How many combining marks one letter may carry: as many as UAX #15 section 13 (Stream-Safe Text) lets stand in a row. What sets letters
/// takes time and memory by the square of them.
pub const MOST_MARKS: usize = 30;

/// Whether a letter of the text carries more than [`MOST_MARKS`] marks, counted as in NFD; what is not seen between them parts no heap.
#[must_use]
pub fn has_heap(text: &str) -> bool {
    let mut heap = 0;
    !text.is_ascii()
        && text.nfd().any(|c| {
            if is_combining_mark(c) {
                heap += 1;
            } else if !is_unseen(c) {
                heap = 0;
            }
            heap > MOST_MARKS
        })
}

/// Whether a sign is not seen and only tells programs how to break, to join or to choose a shape.
#[must_use]
pub fn is_unseen(c: char) -> bool {
    turns(c) || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// The key under which a text is found: without case, tone, diacritics, đ as d, i for a final y (tỷ lệ = tỉ lệ,
/// Mỵ Hòa = Mị Hòa), and every run of other signs as one space.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    for c in text.nfkc().flat_map(char::to_lowercase).nfd() {
        match c {
            'đ' | 'ð' | 'ɖ' => key.push('d'),
            c if is_combining_mark(c) => {}
            c if c.is_alphanumeric() => key.push(c),
            _ if key.ends_with(' ') || key.is_empty() => {}
            _ => key.push(' '),
        }
    }
    let words: Vec<String> = key.split_whitespace().map(i_for_y).collect();
    words.join(" ")
}

/// A word with its last y as i, where y is the word's only vowel: `ty` → `ti`, but `thuy` and `may` stay.
fn i_for_y(word: &str) -> String {
    match word.strip_suffix('y') {
        Some(head) if !head.is_empty() && (head == "qu" || !head.contains(['a', 'e', 'i', 'o', 'u'])) => format!("{head}i"),
        _ => word.to_owned(),
    }
}

/// A folded text as a LIKE pattern that finds it anywhere; `%`, `_` and `\` cannot occur in a folded text.
#[must_use]
pub fn like(query: &str) -> String {
    format!("%{}%", fold(query))
}

/// How many signs the name of a file has at the most.
const LONGEST_FILE_NAME: usize = 200;

/// The name of a file as it may be shown: its last part, cleaned, without signs that turn the direction of writing, and not too long.
#[must_use]
pub fn file_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let straight = |c: &char| !c.is_control() && !turns(*c);
    let kept: String = clean(&last.chars().filter(straight).collect::<String>()).chars().take(LONGEST_FILE_NAME).collect();
    if kept.trim_matches('.').is_empty() { "file".to_owned() } else { kept }
}

/// The name of a file with one of these endings: as it is where it has one, else with the first.
#[must_use]
pub fn ending_in(name: &str, endings: &[&str]) -> String {
    let (lower, first) = (name.to_lowercase(), endings.first().copied().unwrap_or_default());
    if endings.iter().any(|ending| lower.ends_with(ending)) {
        return name.to_owned();
    }
    let kept: String = name.chars().take(LONGEST_FILE_NAME.saturating_sub(first.len())).collect();
    kept + first
}

/// As much of a text as one field of a log line holds, 1 KiB; the writer escapes it.
#[must_use]
pub fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(1024)).unwrap_or_default()
}

/// Bytes in hexadecimal.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Digits with a sign between their thousands: `13573` and `.` make `13.573`.
#[must_use]
pub fn grouped(digits: &str, sign: char) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(sign);
        }
        text.push(digit);
    }
    text
}

/// SHA-256 of bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref().to_vec()
}

/// A key whose byte order is Vietnamese order: letters a ă â b c d đ …, tones ngang, huyền, hỏi, ngã, sắc, nặng.
/// Both databases sort it as bytes, so they agree.
#[must_use]
pub fn sort_key(text: &str) -> Vec<u8> {
    static COLLATOR: OnceLock<Option<CollatorBorrowed<'static>>> = OnceLock::new();
    let collator = COLLATOR.get_or_init(|| {
        let vi: CollatorPreferences = icu_locale_core::locale!("vi").into();
        Collator::try_new(vi, CollatorOptions::default()).ok()
    });
    let mut key = Vec::with_capacity(text.len() * 2);
    match collator {
        Some(collator) if collator.write_sort_key_to(text, &mut key).is_ok() => key,
        _ => text.as_bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_joins_what_people_write_differently() {
        for (written, searched) in [
            ("Hoà Bình", "Hòa Bình"),
            ("Thuỷ", "Thủy"),
            ("khoẻ", "khỏe"),
            ("quý", "quí"),
            ("Mỵ Hòa", "Mị Hoà"),
            ("TỶ LỆ", "tỉ lệ"),
            ("Đà Bắc", "da bac"),
            ("Ða Bac", "Đa Bắc"),
            ("TH&THCS", "th thcs"),
            ("Trường TH – THCS", "truong th-thcs"),
        ] {
            assert_eq!(fold(written), fold(searched), "{written} / {searched}");
        }
        assert_eq!(fold("Hòa Bình"), fold(&"Hòa Bình".nfd().collect::<String>()));
        assert_ne!(fold("Thủy"), fold("Thúi"));
    }

    #[test]
    fn a_letter_carries_so_many_marks_and_no_more() {
        let heap = |marks: usize| format!("Hoà B{}nh", "i".to_owned() + &"\u{301}".repeat(marks));
        assert!(!has_heap(&heap(MOST_MARKS)) && has_heap(&heap(MOST_MARKS + 1)));
        // The letter's own marks count, and what nobody sees hides none.
        assert!(has_heap(&format!("ế{}", "\u{301}".repeat(29))) && !has_heap(&format!("ế{}", "\u{301}".repeat(28))));
        assert!(has_heap(&format!("e{}", "\u{301}\u{200d}\u{34f}".repeat(16))));
        assert!(!has_heap(&"Giường bệnh ở Đồng Chum".nfd().collect::<String>().repeat(100)));
    }

    #[test]
    fn what_turns_the_direction_of_writing_is_a_control_character() {
        assert!(
            ["a\u{202e}b", "a\u{202a}", "\u{2066}b\u{2069}", "\u{0}", "a\u{200f}", "a\u{2028}b", "\u{feff}a", "a\u{ffff}"]
                .into_iter()
                .all(has_control)
        );
        assert!(!has_control("Hoà Bình\t1\r\n2 \u{200d}"));
        assert_eq!(file_name("biên bản \u{202e}fdp.exe"), "biên bản fdp.exe");
    }

    #[test]
    fn names_sort_as_vietnamese_people_sort_them() {
        let mut names = ["Ước", "Đà Bắc", "Dũng", "Ân", "Ăn", "An", "Ôn", "On", "Ơn", "đá", "Hòa Bình", "Út", "Ứng"];
        names.sort_by_key(|name| sort_key(name));
        assert_eq!(names, ["An", "Ăn", "Ân", "Dũng", "đá", "Đà Bắc", "Hòa Bình", "On", "Ôn", "Ơn", "Út", "Ứng", "Ước"]);
        let mut tones = ["mạ", "má", "mã", "mả", "mà", "ma"];
        tones.sort_by_key(|name| sort_key(name));
        assert_eq!(tones, ["ma", "mà", "mả", "mã", "má", "mạ"]);
    }
}
