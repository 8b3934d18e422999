//! The way to the mail server. Letters hold links that set passwords: they leave this machine by TLS that checks the server's name, or not at
//! all.

use std::path::Path;

use lettre::SmtpTransport;
use lettre::transport::smtp::SmtpTransportBuilder;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};

use crate::db::url::{host, stays_here};
use crate::error::{Error, Result};

/// What a certificate in PEM begins with (RFC 7468 section 5).
const PEM: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// The way that a URL names; `authority` is the certificate of one that signs the server's, beside those that everybody trusts.
///
/// # Errors
/// One line that says what is wrong, never the URL itself.
pub fn way(url: &str, authority: Option<&Path>) -> Result<SmtpTransportBuilder> {
    let builder = SmtpTransport::from_url(url).map_err(|_| Error::internal("SMTP_URL is no smtp:// or smtps:// URL"))?;
    let Some(path) = authority else {
        return if is_private(url) {
            Ok(builder)
        } else {
            Err(Error::internal("the mail server is on another machine: SMTP_URL must be smtps://… or end in ?tls=required"))
        };
    };
    let refused = |why: &dyn std::fmt::Display| Error::internal(format!("SMTP_CA_FILE: {}: {why}", path.display()));
    let pem = std::fs::read(path).map_err(|error| refused(&error))?;
    // The crate takes a file without any for an authority that signs nothing.
    let trusted = Certificate::from_pem(&pem).ok().filter(|_| pem.windows(PEM.len()).any(|piece| piece == PEM));
    let trusted = trusted.ok_or_else(|| refused(&"no certificate in PEM"))?;
    let tls = TlsParameters::builder(host(url).to_owned()).add_root_certificate(trusted).build();
    let tls = tls.map_err(|_| refused(&"no certificate of an authority"))?;
    Ok(builder.tls(if url.starts_with("smtps://") { Tls::Wrapper(tls) } else { Tls::Required(tls) }))
}

/// Refuses a page for links that would be sent in the clear to another machine.
///
/// # Errors
/// One line.
pub fn check_page(page: &str) -> Result<()> {
    let private = page.starts_with("https://") || (page.starts_with("http://") && stays_here(page));
    if private { Ok(()) } else { Err(Error::internal("MAIL_PAGE must be an https:// URL: who sees its links can take accounts over")) }
}

fn is_private(url: &str) -> bool {
    // STARTTLS that is only asked for («opportunistic») goes on without where somebody on the way takes the offer out (RFC 8314).
    let encrypted = url.starts_with("smtps://") || url.split_once('?').is_some_and(|(_, query)| query == "tls=required");
    encrypted || stays_here(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CF-06: as for databases.
    #[test]
    fn letters_leave_this_machine_by_tls() {
        for url in [
            "smtps://app:x@mail.example.vn",
            "smtps://mail.example.vn:4650/tiendo",
            "smtp://app:x@mail.example.vn:587?tls=required",
            "smtp://localhost:25",
            "smtp://127.0.0.1:2525",
            "smtp://[::1]:2525?tls=opportunistic",
        ] {
            assert!(way(url, None).is_ok(), "{url}");
        }
        for url in [
            "smtp://app:x@mail.example.vn",
            "smtp://mail.example.vn:587?tls=opportunistic",
            "smtp://mail.example.vn:587?tls=opportunistic&tls=required",
            "smtp://mail.example.vn:587?t%6Cs=opportunistic&tls=required",
            "smtp://localhost@mail.example.vn",
            "smtp://192.0.2.1?host=localhost",
            "http://localhost",
            "smtp://",
        ] {
            assert!(way(url, None).is_err(), "{url}");
        }
    }

    #[test]
    fn links_point_to_pages_with_tls() {
        for page in ["https://tiendo.example.vn/mat-khau", "http://localhost:5173/mat-khau", "http://127.0.0.1/x"] {
            assert!(check_page(page).is_ok(), "{page}");
        }
        for page in ["http://tiendo.example.vn/mat-khau", "http://localhost@evil.example/", "javascript:alert(1)", "tiendo.example.vn", ""]
        {
            assert!(check_page(page).is_err(), "{page}");
        }
    }
}
