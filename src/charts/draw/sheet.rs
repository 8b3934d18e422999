//! What is drawn on: elements of SVG, and what all charts have around them.

use std::fmt::Write;

use super::text::{Font, PLAIN, SMALL, SUBTITLE, TITLE, Wrapped, escape, wrap};
use super::{Tenths, palette};
use crate::charts::model::{Chart, Found, Mark};
use crate::error::Language;
use crate::results::sentence::verdict;

/// How wide every chart is.
pub const WIDTH: Tenths = 8000;
/// What is left free around it.
pub const MARGIN: Tenths = 280;

/// A length as SVG writes it: `12` or `12.3` pixels.
struct Px(Tenths);

impl std::fmt::Display for Px {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (sign, size) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        match size % 10 {
            0 => write!(f, "{sign}{}", size / 10),
            part => write!(f, "{sign}{}.{part}", size / 10),
        }
    }
}

/// From where a text runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// From its place to the right.
    Start,
    /// To both sides of it.
    Middle,
    /// To its left.
    End,
}

/// A place.
pub type Point = (Tenths, Tenths);

/// What is drawn: a text that grows.
#[derive(Default)]
pub struct Sheet {
    body: String,
}

/// How a mark looks that attains its target, does not, or is not known to.
fn look(attained: Option<bool>) -> &'static str {
    match attained {
        Some(true) => "yes",
        Some(false) => "no",
        None => "open",
    }
}

impl Sheet {
    /// Writing into a text cannot fail.
    fn put(&mut self, element: std::fmt::Arguments<'_>) {
        let _ = self.body.write_fmt(element);
        self.body.push('\n');
    }

    /// What belongs together, with what is read when one points at it.
    pub fn group(&mut self, title: &str, draw: impl FnOnce(&mut Self)) {
        self.put(format_args!("<g><title>{}</title>", escape(title)));
        draw(self);
        self.put(format_args!("</g>"));
    }

    /// One line of text on its base line.
    pub fn text(&mut self, (x, y): Point, anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        self.put(format_args!("<text x=\"{}\" y=\"{}\"{anchor} class=\"{class}\">{}</text>", Px(x), Px(y), escape(text)));
    }

    /// Lines of a text, the first on its base line; the whole of it can be read by pointing at it where something was cut.
    pub fn lines(&mut self, (x, y): Point, anchor: Anchor, font: Font, class: &str, (whole, wrapped): (&str, &Wrapped)) {
        let all = |sheet: &mut Self| {
            let mut base = y;
            for line in &wrapped.lines {
                sheet.text((x, base), anchor, &format!("{} {class}", font.class), line);
                base += font.leading();
            }
        };
        if wrapped.cut { self.group(whole, all) } else { all(self) }
    }

    /// A straight line.
    pub fn line(&mut self, (x1, y1): Point, (x2, y2): Point, class: &str) {
        self.put(format_args!("<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" class=\"{class}\"/>", Px(x1), Px(y1), Px(x2), Px(y2)));
    }

    /// A line through points.
    pub fn path(&mut self, points: &[Point], class: &str) {
        let places: Vec<String> = points.iter().map(|(x, y)| format!("{},{}", Px(*x), Px(*y))).collect();
        self.put(format_args!("<polyline points=\"{}\" class=\"{class}\"/>", places.join(" ")));
    }

    /// A bar from its upper left corner.
    pub fn bar(&mut self, (x, y): Point, (width, height): Point, attained: Option<bool>) {
        let class = look(attained);
        let (x, y, width, height) = (Px(x), Px(y), Px(width), Px(height));
        self.put(format_args!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"1.5\" class=\"bar {class}\"/>"));
    }

    /// Ground again, where words are to stand on what was drawn.
    pub fn clear(&mut self, (x, y): Point, (width, height): Point) {
        let (x, y, width, height) = (Px(x), Px(y), Px(width), Px(height));
        self.put(format_args!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" class=\"ground\"/>"));
    }

    /// The point of a result: a disc, a ring, or a square where nothing is decided.
    pub fn point(&mut self, (x, y): Point, attained: Option<bool>) {
        let class = look(attained);
        if attained.is_some() {
            self.put(format_args!("<circle cx=\"{}\" cy=\"{}\" r=\"5\" class=\"point {class}\"/>", Px(x), Px(y)));
        } else {
            self.put(format_args!("<rect x=\"{}\" y=\"{}\" width=\"9\" height=\"9\" class=\"point {class}\"/>", Px(x - 45), Px(y - 45)));
        }
    }

    /// The mark of a milestone.
    pub fn diamond(&mut self, (x, y): Point) {
        let corners = [(x, y - 45), (x + 45, y), (x, y + 45), (x - 45, y)].map(|(x, y)| format!("{},{}", Px(x), Px(y)));
        self.put(format_args!("<polygon points=\"{}\" class=\"milestone\"/>", corners.join(" ")));
    }

    /// Title, subtitle and the key; answers where the figure may begin.
    pub fn head(&mut self, chart: &Chart, bars: bool) -> Tenths {
        let room = WIDTH - 2 * MARGIN;
        let mut y = MARGIN + 170;
        for (font, text) in [(TITLE, &chart.title), (SUBTITLE, &chart.subtitle)] {
            let wrapped = wrap(text, font, room, 2);
            self.lines((MARGIN, y), Anchor::Start, font, "", (text, &wrapped));
            y += font.leading() * super::count(wrapped.lines.len());
        }
        self.key(chart.figure.marks(), chart.language, y + 60, bars)
    }

    /// What the looks mean that are there; answers where it ends.
    fn key(&mut self, marks: &[Mark], language: Language, y: Tenths, bars: bool) -> Tenths {
        let told = |attained: Option<bool>| marks.iter().any(|mark| mark.found != Found::Nothing && mark.attained == attained);
        let verdicts = [Some(true), Some(false), None].into_iter().filter(|attained| told(*attained));
        let mut x = MARGIN + 60;
        for attained in verdicts {
            if bars {
                self.bar((x - 60, y - 85), (160, 100), attained);
                x += 100;
            } else {
                self.point((x, y - 40), attained);
            }
            x = self.keyed(x, y, verdict(attained, language));
        }
        if marks.iter().any(|mark| mark.milestone.is_some()) {
            self.line((x - 30, y - 40), (x + 230, y - 40), "way");
            self.diamond((x + 100, y - 40));
            x = self.keyed(
                x + 190,
                y,
                if language == Language::Vi { "mốc từng năm đến mục tiêu" } else { "yearly milestones to the target" },
            );
        }
        if x == MARGIN + 60 { y - PLAIN.leading() } else { y }
    }

    fn keyed(&mut self, x: Tenths, y: Tenths, words: &str) -> Tenths {
        self.text((x + 120, y), Anchor::Start, PLAIN.class, words);
        x + 120 + PLAIN.width(words) + 280
    }

    /// Notes below a figure that ends at `bottom`; answers where they end.
    pub fn notes<'n>(&mut self, notes: impl Iterator<Item = &'n str>, bottom: Tenths) -> Tenths {
        let mut y = bottom + 200;
        let mut end = bottom;
        for note in notes {
            let wrapped = wrap(note, SMALL, WIDTH - 2 * MARGIN, 3);
            self.lines((MARGIN, y + 160), Anchor::Start, SMALL, "", (note, &wrapped));
            y += SMALL.leading() * super::count(wrapped.lines.len()) + 20;
            end = y;
        }
        end
    }

    /// The document: what is drawn down to `bottom`, on its ground.
    pub fn finish(self, chart: &Chart, bottom: Tenths) -> String {
        let language = match chart.language {
            Language::Vi => "vi",
            Language::En => "en",
        };
        let (width, height) = (Px(WIDTH), Px((bottom + MARGIN).div_euclid(10) * 10));
        let mut whole = Self { body: String::with_capacity(self.body.len() + 4096) };
        whole.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"tiendo-chart\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             lang=\"{language}\" role=\"img\" aria-labelledby=\"t d\">"
        ));
        whole.put(format_args!("<title id=\"t\">{}</title>", escape(&format!("{} – {}", chart.title, chart.subtitle))));
        whole.put(format_args!("<desc id=\"d\">{}</desc>", escape(&chart.description)));
        whole.put(format_args!("<style>{}</style>", palette::style(chart.theme)));
        whole.put(format_args!("<rect width=\"{width}\" height=\"{height}\" class=\"ground\"/>"));
        whole.body.push_str(&self.body);
        whole.put(format_args!("</svg>"));
        whole.body
    }
}

/// A place that is taken, so that no words are put on it.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    left: Tenths,
    top: Tenths,
    right: Tenths,
    bottom: Tenths,
}

impl Area {
    /// Around a point.
    pub fn around((x, y): Point, reach: Tenths) -> Self {
        Self { left: x - reach, top: y - reach, right: x + reach, bottom: y + reach }
    }

    /// Of a line of text.
    pub fn of(text: &str, font: Font, (x, y): Point, anchor: Anchor) -> Self {
        let width = font.width(text);
        let left = match anchor {
            Anchor::Start => x,
            Anchor::Middle => x - width / 2,
            Anchor::End => x - width,
        };
        Self { left, top: y - font.size * 9, right: left + width, bottom: y + font.size * 3 }
    }

    /// How much of it another one covers.
    fn shared(&self, other: &Self) -> Tenths {
        let width = self.right.min(other.right) - self.left.max(other.left);
        let height = self.bottom.min(other.bottom) - self.top.max(other.top);
        width.max(0) * height.max(0)
    }
}

/// Every place that is taken.
#[derive(Debug, Default)]
pub struct Taken(Vec<Area>);

impl Taken {
    /// Takes a place.
    pub fn take(&mut self, area: Area) {
        self.0.push(area);
    }

    /// Takes what a straight line goes over.
    pub fn line(&mut self, (x1, y1): Point, (x2, y2): Point) {
        const PARTS: Tenths = 24;
        self.0.extend((0..=PARTS).map(|part| Area::around((x1 + (x2 - x1) * part / PARTS, y1 + (y2 - y1) * part / PARTS), 25)));
    }

    /// The first place of a text that is free, or the freest, and takes it.
    pub fn find(&mut self, text: &str, font: Font, places: &[(Point, Anchor)]) -> Option<(Point, Anchor)> {
        let covered = |place: &&(Point, Anchor)| {
            let area = Area::of(text, font, place.0, place.1);
            self.0.iter().map(|taken| area.shared(taken)).sum::<Tenths>()
        };
        let found = places.iter().min_by_key(covered).copied();
        self.0.extend(found.map(|(point, anchor)| Area::of(text, font, point, anchor)));
        found
    }
}
