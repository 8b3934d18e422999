//! The colours of the two grounds, and the style of a drawing. Words stand at 4.5:1 and what must be seen at 3:1 (WCAG 2.2, 1.4.3 and
//! 1.4.11; a test keeps it). Nothing is told by colour alone.

use super::text::{Font, PLAIN, SMALL, STRONG, SUBTITLE, TITLE};
use crate::charts::model::Theme;

/// Colours by what they are for.
#[derive(Clone, Copy)]
struct Palette {
    /// Behind everything.
    ground: &'static str,
    /// Words.
    ink: &'static str,
    /// Words that stand back.
    faint: &'static str,
    /// Results.
    result: &'static str,
    /// Inside the outline of a bar that does not attain its target.
    tint: &'static str,
    /// Targets, lines and words.
    goal: &'static str,
    /// The line that bars stand on.
    axis: &'static str,
    /// Lines to read a value by: they may fade, for every value is written.
    grid: &'static str,
}

const LIGHT: Palette = Palette {
    ground: "#ffffff",
    ink: "#1b1f24",
    faint: "#57606a",
    result: "#0b5a8f",
    tint: "#dcebf5",
    goal: "#b3400e",
    axis: "#6e7781",
    grid: "#e3e6ea",
};

const DARK: Palette = Palette {
    ground: "#12171d",
    ink: "#eef1f4",
    faint: "#a9b4bf",
    result: "#74bdf0",
    tint: "#1d3850",
    goal: "#ff9f66",
    axis: "#8b96a2",
    grid: "#2a323b",
};

impl Palette {
    /// Each colour with its name.
    fn named(&self) -> [(&'static str, &'static str); 8] {
        [
            ("ground", self.ground),
            ("ink", self.ink),
            ("faint", self.faint),
            ("result", self.result),
            ("tint", self.tint),
            ("goal", self.goal),
            ("axis", self.axis),
            ("grid", self.grid),
        ]
    }
}

/// Fonts with all Vietnamese letters, whatever the system.
const FAMILY: &str = "\"Noto Sans\",\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,sans-serif";

/// What each class looks like; `$name` is a colour.
const RULES: [(&str, &str); 23] = [
    (".ground", "fill:$ground"),
    ("text", "fill:$ink"),
    (".faint,.subtitle,.small", "fill:$faint"),
    (".silence", "fill:$faint;font-style:italic"),
    (".halo", "paint-order:stroke;stroke:$ground;stroke-width:4px;stroke-linejoin:round"),
    (".grid", "stroke:$grid;stroke-width:1"),
    (".axis", "stroke:$axis;stroke-width:1.5"),
    (".trend", "fill:none;stroke:$result;stroke-width:2.5;stroke-linejoin:round;stroke-linecap:round"),
    (".goal", "fill:none;stroke:$goal;stroke-width:2;stroke-dasharray:7 4"),
    // A target crosses bars of every look: it brings its ground with it.
    (".casing", "stroke:$ground;stroke-width:6"),
    (".tick", "stroke:$goal;stroke-width:2.5"),
    (".asked", "fill:$goal"),
    (".way", "fill:none;stroke:$goal;stroke-width:1.5;stroke-dasharray:.1 5;stroke-linecap:round"),
    (".milestone", "fill:$ground;stroke:$goal;stroke-width:1.5"),
    // Three verdicts, three shapes: filled, hollow, and square or dashed.
    (".point", "stroke:$result;stroke-width:2.5"),
    (".point.yes", "fill:$result"),
    (".point.no,.point.open", "fill:$ground"),
    (".bar", "stroke:$result;stroke-width:1.5"),
    (".bar.yes", "fill:$result"),
    (".bar.no", "fill:$tint"),
    (".bar.open", "fill:$ground;stroke-dasharray:3 2"),
    (".title", "letter-spacing:-.1px"),
    (".strong,.plain,.small", "font-variant-numeric:tabular-nums"),
];

/// Everything of a style stays within the drawing, also where it is put into a page that has others.
const ROOT: &str = ".tiendo-chart";

/// The style of a drawing on this ground. What follows the reader's system does so by custom properties; one that does not carries plain
/// colours, so that programs which know no custom properties draw it too.
#[must_use]
pub fn style(theme: Theme) -> String {
    let mut style = match theme {
        Theme::Auto => vec![properties(&LIGHT), format!("@media (prefers-color-scheme: dark){{{}}}", properties(&DARK))],
        Theme::Light | Theme::Dark => Vec::new(),
    };
    style.push(format!("{ROOT}{{max-width:100%;height:auto;font-family:{FAMILY}}}"));
    style.extend([TITLE, SUBTITLE, STRONG, PLAIN, SMALL].map(|Font { class, size, bold }| {
        let weight = if bold { "600" } else { "400" };
        format!("{ROOT} .{class}{{font-size:{size}px;font-weight:{weight}}}")
    }));
    style.extend(RULES.map(|(selectors, look)| {
        let within: Vec<String> = selectors.split(',').map(|selector| format!("{ROOT} {selector}")).collect();
        format!("{}{{{}}}", within.join(","), coloured(look, theme))
    }));
    style.concat()
}

/// A look with its colours, or with the properties that hold them.
fn coloured(look: &str, theme: Theme) -> String {
    LIGHT.named().into_iter().zip(DARK.named()).fold(look.to_owned(), |look, ((name, light), (_, dark))| {
        let colour = match theme {
            Theme::Auto => format!("var(--{name})"),
            Theme::Light => light.to_owned(),
            Theme::Dark => dark.to_owned(),
        };
        look.replace(&format!("${name}"), &colour)
    })
}

fn properties(palette: &Palette) -> String {
    let properties = palette.named().map(|(name, colour)| format!("--{name}:{colour}"));
    format!("{ROOT}{{{}}}", properties.join(";"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contrast of two colours (WCAG 2.2, "contrast ratio" and "relative luminance").
    fn contrast(one: &str, other: &str) -> f64 {
        let luminance = |colour: &str| {
            let channel = |from: usize| {
                let value = f64::from(u8::from_str_radix(&colour[from..from + 2], 16).expect("hexadecimal")) / 255.0;
                if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
        };
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn words_and_lines_stand_out_on_both_grounds() {
        assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 0.001);
        for palette in [LIGHT, DARK] {
            for (name, colour) in [("ink", palette.ink), ("faint", palette.faint), ("goal", palette.goal)] {
                let found = contrast(colour, palette.ground);
                assert!(found >= 4.5, "words in {name} on {}: {found:.2}", palette.ground);
            }
            for (name, colour) in [("result", palette.result), ("goal", palette.goal), ("axis", palette.axis)] {
                let found = contrast(colour, palette.ground);
                assert!(found >= 3.0, "lines in {name} on {}: {found:.2}", palette.ground);
            }
            // A bar that does not attain its target is told from one that does by what its outline holds.
            let found = contrast(palette.result, palette.tint);
            assert!(found >= 3.0, "{} on {}: {found:.2}", palette.result, palette.tint);
        }
    }

    #[test]
    fn a_style_names_no_colour_that_is_not_there() {
        for theme in Theme::ALL {
            let style = style(*theme);
            assert!(!style.contains('$') && !style.contains("url(") && !style.contains('<'), "{style}");
            assert_eq!(style.contains("prefers-color-scheme"), *theme == Theme::Auto);
        }
        assert!(style(Theme::Dark).contains(DARK.ground) && !style(Theme::Dark).contains(LIGHT.ground));
    }
}
