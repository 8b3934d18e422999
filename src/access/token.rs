//! Access tokens: JWT, ES256, ten minutes. The signature is checked by `jsonwebtoken`; every claim and header by us, against our
//! clock, because the crate's defaults accept a missing `aud` or `iss`, any `typ`, an unknown `crit` and an `iat` in the future.

pub mod statement;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::policy::{Duty, Role};
use super::vault::Vault;
use crate::clock::Instant;
use crate::error::{Code, Error, Result};
use crate::ids::{AnyId, ClientId, Id, SessionId, UnitId, UserId};

/// How long an access token lives, in seconds.
pub const LIFETIME: i64 = 600;
/// By how much the clocks of two machines may differ, in seconds.
pub const LEEWAY: i64 = 30;
/// How long a verifier may keep our public keys, in seconds.
pub const JWKS_SECONDS: i64 = 300;
/// The longest token that is looked at.
const LONGEST: usize = 4096;
/// RFC 9068: what tells an access token from every other JWT.
const TYPE: &str = "at+jwt";
const AUDIENCE: &str = "tiendo";
/// Who issues where no public address is set: the same for all instances.
pub const ISSUER: &str = "tiendo";

/// The claims of an access token (RFC 9068). Role, unit and duties are for clients to show; the server reads them anew from its database.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// For whom.
    pub aud: String,
    /// The account, of a person or a client.
    pub sub: AnyId,
    /// The client: of a session of our own its kind, `web` or `mobile`.
    pub client_id: String,
    /// The session; a client that calls for itself has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<SessionId>,
    /// When it was made.
    pub iat: i64,
    /// When it begins to hold.
    pub nbf: i64,
    /// When it ends.
    pub exp: i64,
    /// Its own id.
    pub jti: AnyId,
    /// Since when tokens of its client count, in microseconds; absent as long as they were never ended, and for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// Permissions, separated by spaces.
    pub scope: String,
    /// The role of the account.
    pub role: Role,
    /// The unit of the account.
    pub unit: UnitId,
    /// The duties of the account, if it is a person's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duties: Vec<Duty>,
}

/// Whose a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearer {
    /// A person in this session.
    Session(SessionId, UserId),
    /// A client that calls for itself.
    Client(ClientId),
}

impl Claims {
    /// Whose it is.
    ///
    /// # Errors
    /// 401 where it is neither a person's nor a client's.
    pub fn bearer(&self) -> Result<Bearer> {
        match self.sid {
            Some(session) => Ok(Bearer::Session(session, self.sub.of())),
            None if self.client_id == self.sub.to_string() => Ok(Bearer::Client(self.sub.of())),
            None => Err(invalid()),
        }
    }
}

/// A token whose signature is ours.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The key that signed it.
    pub kid: String,
    /// What it says.
    pub claims: Claims,
}

/// A key as the database keeps it.
pub struct StoredKey {
    /// Its name.
    pub kid: String,
    /// PKCS#8.
    pub private_key: Vec<u8>,
    /// From when it signs.
    pub signs_from: Instant,
    /// From when it neither verifies nor is published.
    pub retired_at: Option<Instant>,
}

/// All that the database keeps.
pub struct StoredKeys {
    /// The keys, in the order in which they sign.
    pub keys: Vec<StoredKey>,
    /// What all instances share and no rotation changes.
    pub secret: Vec<u8>,
}

/// Makes a key that signs from this moment on.
///
/// # Errors
/// 500 if the machine has no randomness.
pub fn generate(signs_from: Instant) -> Result<StoredKey> {
    let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).map_err(Error::internal)?;
    let kid: AnyId = Id::new();
    Ok(StoredKey { kid: kid.to_string(), private_key: pair.as_ref().to_vec(), signs_from, retired_at: None })
}

struct Key {
    kid: String,
    signs_from: Instant,
    retired_at: Option<Instant>,
    signing: EncodingKey,
    verifying: DecodingKey,
    jwk: Value,
}

impl Key {
    fn read(stored: &StoredKey) -> Result<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &stored.private_key)
            .map_err(|_| Error::internal(format!("the key {} is no private key on P-256", stored.kid)))?;
        // The uncompressed point: 4, then x and y of 32 bytes each (SEC 1 section 2.3.3).
        let point = pair.public_key().as_ref();
        let (x, y) = point.get(1..33).zip(point.get(33..65)).ok_or_else(|| Error::internal("the key is not on P-256"))?;
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        Ok(Self {
            kid: stored.kid.clone(),
            signs_from: stored.signs_from,
            retired_at: stored.retired_at,
            signing: EncodingKey::from_ec_der(&stored.private_key),
            verifying: DecodingKey::from_ec_components(&x, &y).map_err(Error::internal)?,
            jwk: json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": stored.kid, "alg": "ES256", "use": "sig"}),
        })
    }

    fn holds(&self, now: Instant) -> bool {
        self.retired_at.is_none_or(|at| now < at)
    }
}

/// The keys that sign and verify: of those not retired the last whose time to sign has come signs, and all verify.
pub struct Keys {
    all: Vec<Key>,
    secret: Vec<u8>,
    issuer: String,
}

impl Keys {
    /// Reads the keys.
    ///
    /// # Errors
    /// 500 if there is none or one is no P-256 key.
    pub fn load(stored: &StoredKeys, issuer: &str) -> Result<Self> {
        let keys = stored.keys.iter().map(Key::read).collect::<Result<Vec<Key>>>()?;
        if keys.is_empty() || stored.secret.is_empty() {
            return Err(Error::internal("there is no signing key"));
        }
        Ok(Self { all: keys, secret: stored.secret.clone(), issuer: issuer.to_owned() })
    }

    /// The public halves of those that are not retired, the next to sign among them (RFC 7517).
    #[must_use]
    pub fn jwks(&self, now: Instant) -> Value {
        let set: Vec<&Value> = self.all.iter().filter(|key| key.holds(now)).map(|key| &key.jwk).collect();
        json!({ "keys": set })
    }

    /// A secret that all instances share, for one use. No rotation changes it.
    #[must_use]
    pub fn secret(&self, purpose: &[u8]) -> Vec<u8> {
        derive(&self.secret, purpose)
    }

    /// What seals secrets that are read again.
    ///
    /// # Errors
    /// 500 if it cannot be made.
    pub fn vault(&self) -> Result<Vault> {
        Vault::new(&self.secret(b"vault"))
    }

    /// A signed token that begins now.
    ///
    /// # Errors
    /// As [`Keys::sign`].
    pub fn issue(&self, new: NewToken<'_>, now: Instant) -> Result<String> {
        self.sign(&self.claims(new, now))
    }

    /// Signs the claims, with the key that signs when they are issued.
    ///
    /// # Errors
    /// 500 if they cannot be signed.
    pub fn sign(&self, claims: &Claims) -> Result<String> {
        let key = self.signer(Instant::from_micros(claims.iat.saturating_mul(1_000_000)))?;
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(key.kid.clone());
        jsonwebtoken::encode(&header, claims, &key.signing).map_err(Error::internal)
    }

    fn signer(&self, now: Instant) -> Result<&Key> {
        let of_now = |key: &&Key| key.signs_from.unix() <= now.unix() && key.holds(now);
        let key = self.all.iter().filter(of_now).max_by_key(|key| (key.signs_from, &key.kid));
        // A clock that is behind the one that made the first key.
        key.or(self.all.first()).ok_or_else(|| Error::internal("there is no signing key"))
    }

    /// A token that is ours and holds now.
    ///
    /// # Errors
    /// 401 `token_expired` for one of ours past its time, `invalid_token` for every other.
    pub fn verify(&self, token: &str, now: Instant) -> Result<Verified> {
        let kid = named_key(token, TYPE).ok_or_else(invalid)?;
        let key = self.all.iter().find(|key| key.kid == kid && key.holds(now)).ok_or_else(invalid)?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.verifying, &signature_only()).map_err(|_| invalid())?.claims;
        self.check(&claims, now)?;
        Ok(Verified { kid, claims })
    }

    /// Whether a token whose signature was verified before still holds: its times, and the key that signed it.
    ///
    /// # Errors
    /// As [`Keys::verify`].
    pub fn still_holds(&self, verified: &Verified, now: Instant) -> Result<()> {
        if !self.all.iter().any(|key| key.kid == verified.kid && key.holds(now)) {
            return Err(invalid());
        }
        self.check(&verified.claims, now)
    }

    /// Issuer, audience and times.
    ///
    /// # Errors
    /// As [`Keys::verify`].
    pub fn check(&self, claims: &Claims, now: Instant) -> Result<()> {
        let now = now.unix();
        let ours = claims.iss == self.issuer && claims.aud == AUDIENCE && claims.exp.saturating_sub(claims.iat) <= LIFETIME;
        if !ours || claims.iat > now + LEEWAY || claims.nbf > now + LEEWAY {
            return Err(invalid());
        }
        if claims.exp + LEEWAY <= now {
            return Err(Error::new(Code::TokenExpired));
        }
        Ok(())
    }

    /// The claims of a token that begins now.
    #[must_use]
    pub fn claims(&self, new: NewToken<'_>, now: Instant) -> Claims {
        let now = now.unix();
        Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: new.subject,
            client_id: new.client.to_owned(),
            sid: new.session,
            iat: now,
            nbf: now,
            exp: now + new.seconds,
            jti: Id::new(),
            since: new.since.map(Instant::micros),
            scope: new.scope,
            role: new.role,
            unit: new.unit,
            duties: new.duties,
        }
    }

    /// Who issues.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whether the token is of our kind and names a key that is not among these.
    #[must_use]
    pub fn is_strange(&self, token: &str) -> bool {
        named_key(token, TYPE).is_some_and(|kid| self.all.iter().all(|key| key.kid != kid))
    }
}

fn invalid() -> Error {
    Error::new(Code::InvalidToken)
}

/// The header of a token of ours: these members and no other, so none that brings a key, says where one is, or must be understood.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OurHeader {
    alg: String,
    typ: String,
    kid: String,
}

/// The name of the key in the header of a token of this type: 1 to 64 letters, digits, `-` and `_` (RFC 8725 section 3.10).
fn named_key(token: &str, kind: &str) -> Option<String> {
    let header = token.split('.').next().filter(|_| token.len() <= LONGEST)?;
    let header: OurHeader = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    let sane = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let ours = header.alg == "ES256" && header.typ == kind;
    (ours && (1..=64).contains(&header.kid.len()) && header.kid.bytes().all(sane)).then_some(header.kid)
}

fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::ES256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

/// What a new access token says.
pub struct NewToken<'t> {
    /// The account.
    pub subject: AnyId,
    /// The session, if it is a person's.
    pub session: Option<SessionId>,
    /// The client; `web` or `mobile` where it is our own.
    pub client: &'t str,
    /// How long it lives, in seconds.
    pub seconds: i64,
    /// Since when tokens of the client count, if they were ever ended and it calls for itself.
    pub since: Option<Instant>,
    /// Permissions, or of a client its scopes, separated by spaces.
    pub scope: String,
    /// The role of the account.
    pub role: Role,
    /// The unit of the account.
    pub unit: UnitId,
    /// The duties of the account.
    pub duties: Vec<Duty>,
}

/// A secret of another one, for one use.
pub(super) fn derive(key: &[u8], purpose: &[u8]) -> Vec<u8> {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key);
    aws_lc_rs::hmac::sign(&key, purpose).as_ref().to_vec()
}

/// A secret of 256 bits for people to carry in a link or a client to keep, and the digest that we keep of it.
///
/// # Errors
/// 500 if the machine has no randomness.
pub fn opaque() -> Result<(String, Vec<u8>)> {
    let text = URL_SAFE_NO_PAD.encode(random()?);
    let digest = digest(&text);
    Ok((text, digest))
}

/// 256 random bits.
pub(super) fn random() -> Result<[u8; 32]> {
    let mut bytes = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(Error::internal)?;
    Ok(bytes)
}

/// What is kept of a secret.
#[must_use]
pub fn digest(text: &str) -> Vec<u8> {
    crate::text::sha256(text.as_bytes())
}
