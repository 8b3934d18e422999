//! `Accept-Language`: `vi` unless the client prefers `en`.

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT_LANGUAGE;

use crate::error::Language;

/// The language that titles and details are told in.
#[must_use]
pub fn language(req: &HttpRequest) -> Language {
    req.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).map_or(Language::Vi, choose)
}

/// The better of ours by weight (RFC 9110 section 12.5.4); Vietnamese when they weigh the same.
fn choose(header: &str) -> Language {
    let weight = |ours: &str| {
        header
            .split(',')
            .filter_map(|range| {
                let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
                let primary = tag.trim().split('-').next().unwrap_or_default();
                let weight: f32 = weight.trim().strip_prefix("q=")?.parse().ok()?;
                primary.eq_ignore_ascii_case(ours).then_some(weight)
            })
            .fold(0.0_f32, f32::max)
    };
    if weight("en") > weight("vi") { Language::En } else { Language::Vi }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vietnamese_unless_english_weighs_more() {
        for (header, expected) in [
            ("en", Language::En),
            ("en-GB,en;q=0.9,vi;q=0.8", Language::En),
            ("vi-VN,vi;q=0.9,en;q=0.8", Language::Vi),
            ("fr", Language::Vi),
            ("*", Language::Vi),
            ("", Language::Vi),
            ("en;q=nonsense", Language::Vi),
        ] {
            assert_eq!(choose(header), expected, "{header}");
        }
    }
}
