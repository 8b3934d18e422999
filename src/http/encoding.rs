//! Entity tags and compression: what a body is called and how it travels.

use std::io::Write;

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap};
use aws_lc_rs::digest::{SHA256, digest};

use super::marks::IDEMPOTENCY_KEY;
use crate::error::{Error, Result};

/// Bodies of up to so many bytes travel as they are.
const THRESHOLD: usize = 1024;

/// How a body travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// As it is.
    Identity,
    /// gzip, at a level that costs less than it saves.
    Gzip,
    /// Zstandard.
    Zstd,
}

impl Coding {
    /// The coding for a body of this length, by `Accept-Encoding` (RFC 9110 section 12.5.3).
    #[must_use]
    pub fn choose(req: &HttpRequest, length: usize) -> Self {
        // What may be answered again travels so that every client can read it.
        if length <= THRESHOLD || req.headers().contains_key(IDEMPOTENCY_KEY) {
            return Self::Identity;
        }
        let Some(accepted) = req.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()) else {
            return Self::Identity;
        };
        let takes = |coding: &str| {
            accepted.split(',').any(|item| {
                let (name, weight) = item.split_once(';').unwrap_or((item, ""));
                name.trim().eq_ignore_ascii_case(coding) && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
            })
        };
        match () {
            () if takes("zstd") => Self::Zstd,
            () if takes("gzip") => Self::Gzip,
            () => Self::Identity,
        }
    }

    /// Its name in `Content-Encoding`.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
        }
    }

    /// The body as it travels.
    ///
    /// # Errors
    /// 500 when the compressor fails.
    pub fn encode(self, body: Vec<u8>) -> Result<Vec<u8>> {
        match self {
            Self::Identity => Ok(body),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::with_capacity(body.len() / 4), flate2::Compression::fast());
                encoder.write_all(&body).map_err(Error::internal)?;
                encoder.finish().map_err(Error::internal)
            }
            Self::Zstd => zstd::bulk::compress(&body, 1).map_err(Error::internal),
        }
    }
}

/// The tag of a body: `"<version>-<hash>"` for a versioned resource, `"<hash>"` elsewhere; the coding is said in it, so that the
/// tags of two codings differ.
#[must_use]
pub fn etag(version: Option<i64>, body: &[u8], coding: Coding) -> String {
    use std::fmt::Write;
    let digest = digest(&SHA256, body);
    let mut tag = String::with_capacity(40);
    tag.push('"');
    if let Some(version) = version {
        let _ = write!(tag, "{version}-");
    }
    for byte in digest.as_ref().iter().take(8) {
        let _ = write!(tag, "{byte:02x}");
    }
    if let Some(name) = coding.name() {
        let _ = write!(tag, "-{name}");
    }
    tag.push('"');
    tag
}

/// Whether `If-None-Match` names this tag: weak comparison of all of it (RFC 9110 section 13.1.2).
#[must_use]
pub fn none_match_names(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.trim() == "*" || value.split(',').any(|item| item.trim().trim_start_matches("W/") == tag))
}

/// What `If-Match` asks for. Only the version before the dash counts, with or without `W/`: proxies weaken tags and codings
/// change them, and neither makes an update unsafe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matching {
    /// `*`: whatever exists.
    Any,
    /// One of these versions; none at all if the header holds no tag of ours.
    Versions(Vec<i64>),
}

impl Matching {
    /// Reads the header; `None` if it is absent.
    #[must_use]
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let mut versions = Vec::new();
        let mut seen = false;
        for value in headers.get_all(header::IF_MATCH) {
            seen = true;
            let text = value.to_str().unwrap_or_default();
            if text.trim() == "*" {
                return Some(Self::Any);
            }
            versions.extend(text.split(',').filter_map(version));
        }
        seen.then_some(Self::Versions(versions))
    }

    /// Whether the resource as it stands is meant.
    ///
    /// # Errors
    /// 412 if it is another version.
    pub fn check(&self, current: i64) -> Result<()> {
        match self {
            Self::Any => Ok(()),
            Self::Versions(versions) if versions.contains(&current) => Ok(()),
            Self::Versions(_) => Err(Error::new(crate::error::Code::StaleVersion)),
        }
    }
}

fn version(tag: &str) -> Option<i64> {
    let tag = tag.trim().trim_start_matches("W/").strip_prefix('"')?.strip_suffix('"')?;
    tag.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn only_the_version_of_an_if_match_counts() {
        let mut headers = HeaderMap::new();
        assert_eq!(Matching::read(&headers), None);
        headers.insert(header::IF_MATCH, HeaderValue::from_static(r#"W/"3-abc-gzip", "5-def""#));
        assert_eq!(Matching::read(&headers), Some(Matching::Versions(vec![3, 5])));
        headers.insert(header::IF_MATCH, HeaderValue::from_static("nonsense"));
        assert!(Matching::read(&headers).is_some_and(|matching| matching.check(1).is_err()));
        headers.insert(header::IF_MATCH, HeaderValue::from_static("*"));
        assert!(Matching::read(&headers).is_some_and(|matching| matching.check(1).is_ok()));
    }

    #[test]
    fn tags_tell_codings_apart() {
        assert_eq!(etag(Some(3), b"{}", Coding::Identity), r#""3-44136fa355b3678a""#);
        assert_eq!(etag(None, b"{}", Coding::Gzip), r#""44136fa355b3678a-gzip""#);
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(r#"W/"3-44136fa355b3678a""#));
        assert!(none_match_names(&headers, r#""3-44136fa355b3678a""#));
        assert!(!none_match_names(&headers, r#""4-44136fa355b3678a""#));
    }
}
