//! Text in a drawing: escaped, measured, wrapped and shortened. The reader's font is not known, so widths are those of the widest of the
//! stack, and what fits by them is never cut.

use unicode_normalization::UnicodeNormalization;

use super::Tenths;

/// A size and weight of letters.
#[derive(Clone, Copy, Debug)]
pub struct Font {
    /// The class that sets it.
    pub class: &'static str,
    /// Pixels.
    pub size: i64,
    /// Whether it is bold.
    pub bold: bool,
}

/// What is measured.
pub const TITLE: Font = Font { class: "title", size: 20, bold: true };
/// Whose, and when.
pub const SUBTITLE: Font = Font { class: "subtitle", size: 14, bold: false };
/// Numbers and targets.
pub const STRONG: Font = Font { class: "strong", size: 13, bold: true };
/// Names.
pub const PLAIN: Font = Font { class: "plain", size: 13, bold: false };
/// Axes, notes, and what is said in place of a number.
pub const SMALL: Font = Font { class: "small", size: 12, bold: false };

impl Font {
    /// From one line to the next.
    #[must_use]
    pub fn leading(self) -> Tenths {
        self.size * 13
    }

    /// How wide a text is at the most.
    #[must_use]
    pub fn width(self, text: &str) -> Tenths {
        let thousandths: i64 = text.chars().map(advance).sum();
        let width = thousandths * self.size / 100;
        if self.bold { width * 108 / 100 } else { width }
    }
}

/// How wide a letter is, in thousandths of its size: marks stand on their letter.
fn advance(letter: char) -> i64 {
    let base = std::iter::once(letter).nfd().next().unwrap_or(letter);
    match base {
        '\u{300}'..='\u{36f}' => 0,
        'i' | 'j' | 'l' | '\'' | '|' => 265,
        ' ' | '.' | ',' | ':' | ';' | '!' | '·' => 285,
        'f' | 'r' | 't' | '(' | ')' | '[' | ']' | '-' | '/' | 'I' | '"' => 400,
        'm' | 'M' | 'W' | '@' => 945,
        'w' | 'O' | 'Q' | 'D' | 'Đ' | 'G' | 'H' | 'N' | 'U' | '&' => 785,
        '%' | '…' | '—' | '<' | '>' | '+' | '=' | '≥' | '≤' => 835,
        'a'..='z' | '0'..='9' | 'đ' | 'E' | 'F' | 'J' | 'L' | 'S' => 620,
        'A'..='Z' => 690,
        // Of other scripts nothing is known.
        _ => 1000,
    }
}

/// As it stands in XML, in content and in attributes; characters that XML does not have become U+FFFD.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A text in lines of some width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// The lines; at least one.
    pub lines: Vec<String>,
    /// Whether something of it is not in them.
    pub cut: bool,
}

/// Breaks a text between words into at most so many lines; what does not fit ends in an ellipsis.
#[must_use]
pub fn wrap(text: &str, font: Font, room: Tenths, most: usize) -> Wrapped {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.peek() {
        let longer = if line.is_empty() { (*word).to_owned() } else { format!("{line} {word}") };
        if font.width(&longer) <= room {
            line = longer;
            words.next();
        } else if lines.len() + 1 < most && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        } else {
            // The last line, or a word that no line holds.
            lines.push(shorten(&longer, font, room));
            return Wrapped { lines, cut: true };
        }
    }
    lines.push(line);
    Wrapped { lines, cut: false }
}

/// [`wrap`], with lines that are as much of a length as can be: a last line of one short word looks lost.
#[must_use]
pub fn balance(text: &str, font: Font, room: Tenths, most: usize) -> Wrapped {
    let widest = wrap(text, font, room, most);
    if widest.cut {
        return widest;
    }
    let (mut short, mut long) = (0, room);
    while long - short > 10 {
        let middle = Tenths::midpoint(short, long);
        let tried = wrap(text, font, middle, most);
        if tried.cut || tried.lines.len() > widest.lines.len() { short = middle } else { long = middle }
    }
    wrap(text, font, long, most)
}

/// As much of a text as fits before an ellipsis.
fn shorten(text: &str, font: Font, room: Tenths) -> String {
    let mut kept: String = text.to_owned();
    while !kept.is_empty() && font.width(&kept) + font.width("…") > room {
        kept.pop();
    }
    // A mark does not stand without its letter: `pop` takes marks off first.
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_wrapped_and_then_shortened() {
        let name = "Trường Phổ thông dân tộc bán trú Tiểu học và Trung học cơ sở Đồng Chum";
        let two = wrap(name, PLAIN, 3000, 2);
        assert_eq!((two.lines.len(), two.cut), (2, false), "{two:?}");
        assert_eq!(two.lines.join(" "), name);
        let one = wrap(name, PLAIN, 3000, 1);
        assert!(one.cut && one.lines[0].ends_with('…') && PLAIN.width(&one.lines[0]) <= 3000, "{one:?}");
        let name = "Phòng Giáo dục và Đào tạo huyện Cao Phong";
        assert_eq!(balance(name, PLAIN, 2600, 2).lines, ["Phòng Giáo dục và Đào", "tạo huyện Cao Phong"]);
        assert_eq!(balance(name, PLAIN, 9000, 2).lines, [name]);
        assert_eq!(wrap("", PLAIN, 3000, 2), Wrapped { lines: vec![String::new()], cut: false });
        let word = wrap(&"W".repeat(300), PLAIN, 3000, 2);
        assert!(word.cut && word.lines.iter().all(|line| PLAIN.width(line) <= 3000), "{word:?}");
    }

    #[test]
    fn tone_marks_take_no_room_of_their_own() {
        let composed = "Hòa Bình ộ ữ";
        let apart: String = composed.nfd().collect();
        assert_ne!(apart, composed);
        assert_eq!(PLAIN.width(&apart), PLAIN.width(composed));
        assert!(STRONG.width("46,83 %") > PLAIN.width("46,83 %"));
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(escape("<a href=\"x\">&'\u{1}"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;\u{fffd}");
    }
}
