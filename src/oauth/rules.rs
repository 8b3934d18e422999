//! What a client proves itself with, and what a front end may ask of people: pure functions.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use url::Url;

use super::model::{Kind, Refusal};
use crate::access::grant::Grants;
use crate::clients::model::{ClientType, FrontEnd};
use crate::error::Language;
use crate::text::sha256;

/// What a client says it is, and what it proves it with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

/// The one way in which a client proves itself: the header (`client_secret_basic`) or the form (`client_secret_post`), never both (RFC 6749
/// section 2.3).
///
/// # Errors
/// `invalid_client` where there is nothing or it cannot be read, `invalid_request` for both.
pub fn credentials(header: Option<&str>, id: Option<&str>, secret: Option<&str>) -> Result<Credentials, Refusal> {
    let Some(header) = header else {
        let (Some(id), Some(secret)) = (id, secret) else { return Err(unknown()) };
        return Ok(Credentials { id: id.to_owned(), secret: secret.to_owned() });
    };
    if secret.is_some() {
        return Err(Refusal::new(Kind::InvalidRequest, "credentials in the header or in the form, not in both"));
    }
    let credentials = basic(header).ok_or_else(unknown)?;
    if id.is_some_and(|id| id != credentials.id) {
        return Err(Refusal::new(Kind::InvalidRequest, "the header and the form name two clients"));
    }
    Ok(credentials)
}

/// Two names in the encoding of forms, with a colon between them, in Base64.
fn basic(header: &str) -> Option<Credentials> {
    let (scheme, coded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(coded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some(Credentials { id: plain(id), secret: plain(secret) })
}

fn plain(coded: &str) -> String {
    // A name without `=` and `&`, which the encoding leaves to nobody, is a form with one member that has no value.
    form_urlencoded::parse(coded.as_bytes()).next().map_or_else(String::new, |(name, _)| name.into_owned())
}

/// Wrong, unknown, disabled, ended, elsewhere: told alike.
#[must_use]
pub const fn unknown() -> Refusal {
    Refusal::new(Kind::InvalidClient, "no such client, or not with these credentials, or not now, or not from here")
}

/// A code or refresh token that does not hold: unknown, of another client, used, ended, or without what goes with it.
#[must_use]
pub const fn spent() -> Refusal {
    Refusal::new(Kind::InvalidGrant, "the code or refresh token does not hold")
}

/// What a front end asks a person for (RFC 6749 section 4.1.1, RFC 7636 section 4.3).
#[derive(Clone, Debug)]
pub struct Asked {
    /// What it would be allowed.
    pub grants: Grants,
    /// SHA-256 of what it will prove itself with.
    pub challenge: String,
    /// Whether nobody may be bothered.
    pub silent: bool,
    /// Whether the person is to sign in although it did before.
    pub signs_in: bool,
    /// Whether the person is to be asked although it was before.
    pub anew: bool,
}

/// Reads what is asked, by the names of its parameters.
///
/// # Errors
/// The error that the front end is told.
pub fn asked<'f>(front_end: &FrontEnd, get: impl Fn(&str) -> Option<&'f str>) -> Result<Asked, &'static str> {
    if get("response_type") != Some("code") {
        return Err(if get("response_type").is_some() { "unsupported_response_type" } else { "invalid_request" });
    }
    if get("request").is_some() || get("request_uri").is_some() {
        return Err("request_not_supported");
    }
    // Without a method RFC 7636 means `plain`, which proves nothing to whoever saw the request.
    let challenge = get("code_challenge").filter(|text| get("code_challenge_method") == Some("S256") && is_challenge(text));
    let challenge = challenge.ok_or("invalid_request")?.to_owned();
    let grants = get("scope").map_or_else(|| Some(front_end.grants.clone()), |words| front_end.grants.narrowed(words));
    let prompt = get("prompt");
    Ok(Asked {
        grants: grants.ok_or("invalid_scope")?,
        challenge,
        silent: prompt == Some("none"),
        signs_in: prompt == Some("login"),
        anew: matches!(prompt, Some("consent" | "login")),
    })
}

/// 32 bytes in base64url.
fn is_challenge(text: &str) -> bool {
    text.len() == 43 && URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

/// Whether this is what a challenge was made of (RFC 7636 section 4.6).
#[must_use]
pub fn fits(verifier: &str, challenge: &str) -> bool {
    let sane = (43..=128).contains(&verifier.len()) && verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    sane && URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes())) == challenge
}

/// Whether a front end takes people back there, by one of its own addresses: sign by sign; an app on this very machine at any port, for it
/// takes one that is free (RFC 8252 section 7.3).
#[must_use]
pub fn is_place(kind: ClientType, own: &str, asked: &str) -> bool {
    let without_port = |text: &str| {
        let mut url =
            Url::parse(text).ok().filter(|url| url.scheme() == "http" && matches!(url.host_str(), Some("127.0.0.1" | "[::1]")))?;
        url.set_port(None).ok()?;
        Some(url)
    };
    let plain = asked.bytes().all(|byte| byte.is_ascii_graphic()) && !asked.contains(['#', '@', '\\']);
    own == asked || (kind == ClientType::Mobile && plain && without_port(own).is_some_and(|own| without_port(asked) == Some(own)))
}

/// The page of signing in, on the way to somewhere.
#[must_use]
pub fn sign_in_at(to: &str) -> String {
    on_the_way("/account/sign-in", to)
}

/// The page of setting a password, on the way to somewhere.
#[must_use]
pub fn password_at(to: &str) -> String {
    on_the_way("/account/password", to)
}

fn on_the_way(page: &str, to: &str) -> String {
    format!("{page}?{}", form_urlencoded::Serializer::new(String::new()).append_pair("continue", to).finish())
}

/// Where our own pages lead: to what a front end asked, or to the page of applications, and nowhere else.
#[must_use]
pub fn leads_to(asked: Option<&str>) -> String {
    asked
        .filter(|to| to.starts_with("/oauth/authorize?") && to.bytes().all(|byte| byte.is_ascii_graphic()))
        .unwrap_or("/account")
        .to_owned()
}

/// The same place of ours, read in one of our languages.
#[must_use]
pub fn in_language(to: &str, language: Language) -> String {
    let (path, query) = to.split_once('?').unwrap_or((to, ""));
    let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "ui_locales");
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).append_pair("ui_locales", language.tag()).finish();
    format!("{path}?{query}")
}

/// The address that takes a person back, with what is told there.
#[must_use]
pub fn back(redirect_uri: &str, told: &[(&str, &str)]) -> String {
    let Ok(mut url) = Url::parse(redirect_uri) else { return redirect_uri.to_owned() };
    url.query_pairs_mut().extend_pairs(told);
    url.into()
}

/// What a page says to the browser that may follow its forms: the origin that people are taken back to, or the scheme of an app.
#[must_use]
pub fn source(redirect_uri: &str) -> Option<String> {
    let url = Url::parse(redirect_uri).ok()?;
    let origin = url.origin();
    Some(if origin.is_tuple() { origin.ascii_serialization() } else { format!("{}:", url.scheme()) })
}

/// Whether an answer that was given once may be given again without asking: only where nobody else can be at the address. A scheme of an app,
/// and an address of this machine, may be anybody's (RFC 8252 section 8.6).
#[must_use]
pub fn is_known_place(redirect_uri: &str) -> bool {
    redirect_uri.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_fits_its_challenge_alone() {
        // RFC 7636 appendix B.
        let (verifier, challenge) = ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(fits(verifier, challenge) && is_challenge(challenge));
        assert!(!fits(challenge, challenge) && !fits(&verifier[1..], challenge) && !is_challenge(&challenge[1..]));
    }

    #[test]
    fn an_app_on_this_machine_is_at_any_port_and_everything_else_where_it_says() {
        let own = "http://127.0.0.1:7777/back";
        for (kind, asked, fits) in [
            (ClientType::Mobile, own, true),
            (ClientType::Mobile, "http://127.0.0.1:50123/back", true),
            (ClientType::Mobile, "http://127.0.0.1/back", true),
            (ClientType::Mobile, "http://127.0.0.1:50123/other", false),
            (ClientType::Mobile, "http://127.0.0.1:50123/back?a=1", false),
            (ClientType::Mobile, "http://localhost:50123/back", false),
            (ClientType::Mobile, "http://127.0.0.1:50123\u{40}evil.example/back", false),
            (ClientType::Mobile, "http://127.0.0.1.evil.example:7777/back", false),
            (ClientType::Mobile, "https://127.0.0.1:50123/back", false),
            (ClientType::Web, "http://127.0.0.1:50123/back", false),
            (ClientType::Web, own, true),
        ] {
            assert_eq!(is_place(kind, own, asked), fits, "{kind:?} {asked}");
        }
        assert!(!is_place(ClientType::Mobile, "https://app.example.vn:1/back", "https://app.example.vn:2/back"));
    }

    #[test]
    fn our_pages_lead_nowhere_else() {
        assert_eq!(leads_to(Some("/oauth/authorize?client_id=a")), "/oauth/authorize?client_id=a");
        for asked in ["https://evil.example", "//evil.example", "/oauth/authorize", "/oauth/authorize?a=\r\nSet-Cookie: a=b"] {
            assert_eq!(leads_to(Some(asked)), "/account", "{asked}");
        }
        assert_eq!(in_language("/account?a=1&ui_locales=en", Language::Vi), "/account?a=1&ui_locales=vi");
    }

    #[test]
    fn people_are_taken_back_with_what_is_told() {
        let told = [("code", "a b"), ("state", "x&y"), ("iss", "https://tiendo.example.vn")];
        assert_eq!(
            back("https://app.example.vn/back?a=1", &told),
            "https://app.example.vn/back?a=1&code=a+b&state=x%26y&iss=https%3A%2F%2Ftiendo.example.vn"
        );
        assert_eq!(back("vn.example.app:/back", &[("error", "access_denied")]), "vn.example.app:/back?error=access_denied");
        assert_eq!(source("https://app.example.vn:8443/back").as_deref(), Some("https://app.example.vn:8443"));
        assert_eq!(source("vn.example.app:/back").as_deref(), Some("vn.example.app:"));
    }

    #[test]
    fn a_client_proves_itself_in_one_way() {
        let header = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let told = |header: Option<&str>, id: Option<&str>, secret: Option<&str>| match credentials(header, id, secret) {
            Ok(credentials) => format!("{} {}", credentials.id, credentials.secret),
            Err(refusal) => refusal.kind.as_str().to_owned(),
        };
        assert_eq!(told(Some(&header("a:b")), None, None), "a b");
        assert_eq!(told(Some(&header("a%3Aa:b%2Bb+b")), Some("a:a"), None), "a:a b+b b");
        assert_eq!(told(None, Some("a"), Some("b")), "a b");
        assert_eq!(told(None, Some("a"), None), "invalid_client");
        assert_eq!(told(Some("Bearer x"), None, None), "invalid_client");
        assert_eq!(told(Some("Basic !"), None, None), "invalid_client");
        assert_eq!(told(Some(&header("a:b")), None, Some("b")), "invalid_request");
        assert_eq!(told(Some(&header("a:b")), Some("c"), None), "invalid_request");
    }
}
