//! Passwords: argon2id, and how easily one is guessed, a few at a time.
//!
//! One hash takes 19 MiB and 20 ms of a core. Without a bound, a hundred sign-ins at once are a denial of service, so whoever
//! finds the queue full is told to come back. They have threads of their own, which give way to everything else.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argon2::password_hash::phc::{Output, PasswordHash};
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use zxcvbn::Score;

use crate::error::{Error, Result};

/// How many wait for their turn before the next is refused.
const QUEUE: usize = 32;
/// How long one waits, its own turn included.
const WAIT: Duration = Duration::from_secs(2);

/// What people here make passwords of. zxcvbn knows English words, names, years, dates and keyboards.
const WORDS: [&str; 24] = [
    "matkhau",
    "tiendo",
    "giaoduc",
    "daotao",
    "giaoducvadaotao",
    "sogiaoduc",
    "phonggiaoduc",
    "sogd",
    "sogddt",
    "phonggd",
    "pgddt",
    "truong",
    "truonghoc",
    "mamnon",
    "tieuhoc",
    "trunghoccoso",
    "trunghocphothong",
    "thcs",
    "thpt",
    "hieutruong",
    "chuyenvien",
    "hoabinh",
    "phutho",
    "vietnam",
];

type Job = Box<dyn FnOnce() + Send>;

/// Hashes, checks and weighs passwords.
#[derive(Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    jobs: Sender<Job>,
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
    /// What is checked for a name that nobody has, so that it takes as long.
    dummy: Arc<str>,
}

impl Passwords {
    /// With m = 19 MiB, t = 2, p = 1 (OWASP, ASVS 5.0 appendix C), as many at once as there are cores, four at the most.
    ///
    /// # Errors
    /// 500 if the parameters do not hold or there are no threads.
    pub fn new() -> Result<Self> {
        let params = Params::new(19_456, 2, 1, None).map_err(Error::internal)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let dummy = argon2.hash_password(b"nobody has this password").map_err(Error::internal)?.to_string();
        let (jobs, queue) = channel();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..cores() {
            let queue = queue.clone();
            std::thread::Builder::new().name("passwords".to_owned()).spawn(move || work_off(&queue)).map_err(Error::internal)?;
        }
        let (places, turns) = (Semaphore::new(Self::places()), Semaphore::new(cores() + 1));
        Ok(Self { argon2, jobs, places: Arc::new(places), turns: Arc::new(turns), dummy: dummy.into() })
    }

    /// A turn to look somebody up, check the password and say what became of it; one more than can be checked at once have it. Those who sign
    /// in together come to the database as they come to the hashing, and not all before it.
    ///
    /// # Errors
    /// 503 when it does not come in time.
    pub async fn turn(&self) -> Result<OwnedSemaphorePermit> {
        let turn = tokio::time::timeout(WAIT, self.turns.clone().acquire_owned()).await;
        turn.map_err(|_| busy())?.map_err(Error::internal)
    }

    /// How many may hash or wait for it.
    #[must_use]
    pub fn places() -> usize {
        cores() + QUEUE
    }

    /// The PHC string of a password, with a salt of its own.
    ///
    /// # Errors
    /// 503 when too many are waiting.
    pub async fn hash(&self, password: String) -> Result<String> {
        let argon2 = self.argon2.clone();
        self.queued(move || argon2.hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(Error::internal)).await
    }

    /// Whether the password is the one of this hash. Without a hash the answer is no, and takes as long.
    ///
    /// # Errors
    /// 503 when too many are waiting.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool> {
        let argon2 = self.argon2.clone();
        let dummy = self.dummy.clone();
        self.queued(move || {
            let known = hash.is_some();
            let text = hash.as_deref().unwrap_or(&dummy);
            Ok(matches(&argon2, password.as_bytes(), text).map_err(Error::internal)? && known)
        })
        .await
    }

    /// Whether a hash was made with less than what is asked today, and so is made anew when its password is at hand.
    #[must_use]
    pub fn is_outdated(&self, hash: &str) -> bool {
        let Ok(parsed) = PasswordHash::new(hash) else { return false };
        let weaker = |had: &Params| {
            let asked = self.argon2.params();
            had.m_cost() < asked.m_cost() || had.t_cost() < asked.t_cost()
        };
        parsed.algorithm != Algorithm::Argon2id.ident() || Params::try_from(&parsed).is_ok_and(|had| weaker(&had))
    }

    /// Whether a password is easily guessed by one who knows `known` of its owner: names, address, unit. It is weighed without diacritics
    /// and spaces, as people type it where they cannot write Vietnamese: under 10¹⁰ guesses is easy (zxcvbn's score 4 is what is asked), beside
    /// a second factor under 10⁶ (score 2).
    ///
    /// # Errors
    /// 503 when too many are waiting.
    pub async fn is_guessable(&self, password: String, totp: bool, known: Vec<String>) -> Result<bool> {
        let least = if totp { Score::Two } else { Score::Four };
        self.queued(move || Ok(score(&password, &known) < least)).await
    }

    /// The same as [`Passwords::hash`] on this thread: for commands.
    ///
    /// # Errors
    /// 500 if it cannot be hashed.
    pub fn hash_here(&self, password: &str) -> Result<String> {
        self.argon2.hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(Error::internal)
    }

    async fn queued<R: Send + 'static>(&self, work: impl FnOnce() -> Result<R> + Send + 'static) -> Result<R> {
        // The place goes with the work: who does not wait for it any more gives none back before its turn.
        let place = self.places.clone().try_acquire_owned().map_err(|_| busy())?;
        let (reply, answer) = oneshot::channel();
        let job = move || {
            let _place = place;
            if !reply.is_closed() {
                let _ = reply.send(work());
            }
        };
        self.jobs.send(Box::new(job)).map_err(Error::internal)?;
        tokio::time::timeout(WAIT, answer).await.map_err(|_| busy())?.map_err(Error::internal)?
    }
}

fn busy() -> Error {
    Error::unavailable("too many passwords to check at once")
}

thread_local! {
    /// What a hash works in, kept for the next: taken anew each time, blocks of 19 MiB leave holes that little things nest in, and the
    /// process grows by hundreds of megabytes.
    static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

/// Whether the password is the one of a PHC string.
fn matches(argon2: &Argon2<'_>, password: &[u8], text: &str) -> argon2::password_hash::Result<bool> {
    let stored = PasswordHash::new(text)?;
    let params = Params::try_from(&stored)?;
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else { return Ok(false) };
    if stored.algorithm.as_str() != "argon2id" || stored.version != Some(Version::V0x13.into()) {
        return Ok(argon2.verify_password(password, &stored).is_ok());
    }
    let mut out = vec![0; expected.len()];
    MEMORY.with_borrow_mut(|memory| {
        memory.resize(params.block_count(), Block::new());
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_into_with_memory(password, salt, &mut out, memory.as_mut_slice())
    })?;
    // Compares in constant time.
    Ok(Output::new(&out)? == *expected)
}

/// Takes one job after another, until nobody is left to give any.
fn work_off(queue: &Mutex<Receiver<Job>>) {
    // Of this thread alone, as Linux counts: a tenth of a core where the rest wants all of it. Where it cannot be had passwords are hashed at
    // the price of the rest.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 10);
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(4)
}

fn bare(text: &str) -> String {
    let letters = text.nfkc().flat_map(char::to_lowercase).nfd().filter(|c| !is_combining_mark(*c) && !c.is_whitespace());
    letters.map(|c| if c == 'đ' { 'd' } else { c }).collect()
}

fn score(password: &str, known: &[String]) -> Score {
    let words = known.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()).map(bare).chain([bare(text)]));
    let words: Vec<String> = words.filter(|word| word.len() > 2).collect();
    let words: Vec<&str> = WORDS.into_iter().chain(words.iter().map(String::as_str)).collect();
    zxcvbn::zxcvbn(&bare(password), &words).score()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_that_of_its_hash_and_of_no_other() {
        let passwords = Passwords::new().expect("hashes");
        let hash = passwords.hash_here("Một mật khẩu khác hẳn, đủ dài").expect("a hash");
        let is = |password: &str, hash: &str| matches(&passwords.argon2, password.as_bytes(), hash).expect("a hash");
        assert!(is("Một mật khẩu khác hẳn, đủ dài", &hash) && !is("Một mật khẩu khác hẳn, đủ dàí", &hash));
        let other = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, Some(24)).expect("parameters"));
        let other = other.hash_password(b"x").expect("a hash").to_string();
        assert!(is("x", &other) && !is("y", &other) && is("Một mật khẩu khác hẳn, đủ dài", &hash));
    }

    /// AU-05: what is long and yet the first that anybody tries.
    #[test]
    fn long_and_easily_guessed_is_refused() {
        let known = ["dinh.thi.thuy", "Đinh Thị Thuỷ", "thuy.mn", "MN-DB-001", "Trường Mầm non Tu Lý"].map(str::to_owned);
        for easy in [
            "dinh.thi.thuy.2025",
            "Đinh Thị Thuỷ 2025",
            "aaaaaaaaaaaaaaaa",
            "Mật khẩu mật khẩu",
            "matkhau123456789",
            "Mầm non Tu Lý 2025",
            "hoabinhhoabinh2025",
            "qwertyuiopasdfgh",
            "123456789012345",
            "iloveyouiloveyou",
            "passwordpassword",
            "p4ssw0rdp4ssw0rd",
            "phonggiaoduc2025",
            "sogiaoducdaotao1",
            "thuy.mn.thuy.mn.1",
            "1q2w3e4r5t6y7u8i9o",
        ] {
            assert!(score(easy, &known) < Score::Four, "{easy}");
        }
        for hard in ["con ngựa đúng pin ghim", "Một mật khẩu khác hẳn, đủ dài", "chè lam gà đồi bánh ốc rừng", "kR8vq2ZtY0pWm4sx"]
        {
            assert_eq!(score(hard, &known), Score::Four, "{hard}");
        }
    }
}
