//! Sends letters over SMTP.

use std::sync::Arc;
use std::time::Duration;

use lettre::message::{Mailbox, header};
use lettre::{Message, SmtpTransport, Transport};

use super::model::Letter;
use super::{relay, rules, store};
use crate::access::vault::Vault;
use crate::clock::Clock;
use crate::config::MailSettings;
use crate::db::{Context, Database};
use crate::error::{Error, Result};

/// How long the mail server may take for each step.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many letters are taken at once.
const ROUND: usize = 20;

/// Sends what is queued. Cheap to clone.
#[derive(Clone)]
pub struct Postman {
    database: Database,
    clock: Clock,
    vault: Arc<Vault>,
    transport: SmtpTransport,
    from: Mailbox,
    page: Arc<str>,
}

impl Postman {
    /// As the settings say; `None` where no mail server is set.
    ///
    /// # Errors
    /// One line that says which setting is wrong, never the URL itself.
    pub fn new(
        settings: &MailSettings,
        public_url: Option<&str>,
        database: Database,
        clock: Clock,
        vault: Arc<Vault>,
    ) -> Result<Option<Self>> {
        let Some(url) = &settings.smtp_url else { return Ok(None) };
        let transport = relay::way(url, settings.smtp_ca_file.as_deref())?;
        let from = settings.mail_from.as_deref().unwrap_or_default();
        let from = from.parse().map_err(|_| Error::internal("MAIL_FROM is no address"))?;
        let page = match (&settings.mail_page, public_url) {
            (Some(page), _) => {
                relay::check_page(page)?;
                // Browsers send to no server what stands behind `#`.
                format!("{page}#token=")
            }
            (None, Some(public)) => format!("{public}/account/password?token="),
            (None, None) => return Err(Error::internal("SMTP_URL needs MAIL_PAGE or PUBLIC_URL: where does a person set a password?")),
        };
        let transport = transport.timeout(Some(PATIENCE)).build();
        Ok(Some(Self { database, clock, vault, transport, from, page: page.into() }))
    }

    /// Sends the letters that are due. Answers how many went.
    ///
    /// # Errors
    /// Database errors; a letter that cannot be sent now waits for its next turn and is told in the log.
    pub async fn round(&self) -> Result<usize> {
        let mut sent = 0;
        for _ in 0..ROUND {
            let vault = self.vault.clone();
            // One at a time: a slow server must not keep one until another instance takes it for forgotten.
            let Some(taken) = self.database.write(self.context(), move |tx| store::take(tx, &vault)).await? else { break };
            let postman = self.clone();
            let id = taken.id;
            let went = tokio::task::spawn_blocking(move || postman.send(&taken.letter)).await.map_err(Error::internal)?;
            match went {
                Ok(()) => {
                    self.database.write(self.context(), move |tx| store::sent(tx, id)).await?;
                    sent += 1;
                }
                Err(error) => tracing::warn!(letter = %id, error = %error, "a letter could not be sent and will be tried again"),
            }
        }
        Ok(sent)
    }

    fn context(&self) -> Context {
        Context::system("mail", self.clock.now())
    }

    fn send(&self, letter: &Letter) -> Result<(), String> {
        let to: Mailbox = letter.to.parse().map_err(|_| "the address cannot be read".to_owned())?;
        let (subject, text) = rules::written(letter, &self.page);
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(subject)
            .header(header::ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|error| error.to_string())?;
        self.transport.send(&message).map(drop).map_err(|error| error.to_string())
    }
}
