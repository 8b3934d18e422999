//! Charts as pixels, for writers that do not take SVG.

use std::sync::{Arc, OnceLock};

use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{ImageHrefResolver, Options, Tree, fontdb};

use super::fonts;
use crate::error::{Error, Result};

/// Pixels of a picture for one of the drawing: sharp at the width of a page (some 250 per inch).
const SCALE: f32 = 2.0;

/// A picture in PNG.
pub struct Picture {
    /// The file.
    pub png: Vec<u8>,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

/// Paints a drawing on white.
pub fn paint(svg: &str) -> Result<Picture> {
    let options =
        Options { font_family: fonts::FAMILY.to_owned(), fontdb: letters(), image_href_resolver: nothing(), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(Error::internal)?;
    let size = tree.size().to_int_size().scale_by(SCALE).ok_or_else(|| Error::internal("a chart without a size"))?;
    let mut pixels = Pixmap::new(size.width(), size.height()).ok_or_else(|| Error::internal("a chart too large to paint"))?;
    pixels.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    Ok(Picture { png: pixels.encode_png().map_err(Error::internal)?, width: size.width(), height: size.height() })
}

/// Our letters and no others: the same picture on every machine.
fn letters() -> Arc<fontdb::Database> {
    static LETTERS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let load = || {
        let mut letters = fontdb::Database::new();
        for file in fonts::FILES {
            letters.load_font_data(file.to_vec());
        }
        letters.set_sans_serif_family(fonts::FAMILY);
        Arc::new(letters)
    };
    LETTERS.get_or_init(load).clone()
}

/// A drawing names no files.
fn nothing() -> ImageHrefResolver<'static> {
    ImageHrefResolver { resolve_data: Box::new(|_, _, _| None), resolve_string: Box::new(|_, _| None) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWING: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40" viewBox="0 0 80 40">
        <image href="/etc/hostname" width="80" height="40"/><text x="4" y="30" font-size="24" font-family="sans-serif">Hoà</text></svg>"#;

    #[test]
    fn a_drawing_becomes_the_same_pixels_each_time() {
        let picture = paint(DRAWING).expect("painted");
        assert!(picture.png.starts_with(b"\x89PNG"));
        assert_eq!((picture.width, picture.height), (160, 80));
        assert_eq!(picture.png, paint(DRAWING).expect("painted").png);
        let blank = paint(&DRAWING.replace("Hoà", "")).expect("painted");
        assert_ne!(picture.png, blank.png, "letters are drawn");
        assert!(paint("<p>").is_err());
    }
}
