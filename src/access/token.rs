//! Access tokens: JWT, ES256, ten minutes. The signature is checked by `jsonwebtoken`; every claim and header by us, against our
//! clock, because the crate's defaults accept a missing `aud` or `iss`, any `typ`, an unknown `crit` and an `iat` in the future.

pub mod statement;

use std::collections::HashMap;

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
use crate::ids::{AnyId, Id, SessionId, UnitId, UserId};

/// How long an access token lives, in seconds.
pub const LIFETIME: i64 = 600;
/// By how much the clocks of two machines may differ, in seconds.
const LEEWAY: i64 = 30;
/// The longest token that is looked at.
const LONGEST: usize = 4096;
/// RFC 9068: what tells an access token from every other JWT.
const TYPE: &str = "at+jwt";
const AUDIENCE: &str = "tiendo";
const ISSUER: &str = "tiendo";

/// The claims of an access token. Role, unit and duties are for clients to show; the server reads them anew from its database.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// For whom.
    pub aud: String,
    /// The account.
    pub sub: UserId,
    /// The kind of client: `web` or `mobile`.
    pub client_id: String,
    /// The session.
    pub sid: SessionId,
    /// When it was made.
    pub iat: i64,
    /// When it begins to hold.
    pub nbf: i64,
    /// When it ends.
    pub exp: i64,
    /// Its own id.
    pub jti: AnyId,
    /// Permissions, separated by spaces.
    pub scope: String,
    /// The role of the account.
    pub role: Role,
    /// The unit of the account.
    pub unit: UnitId,
    /// The duties of the account.
    pub duties: Vec<Duty>,
}

/// A key as the database keeps it.
pub struct StoredKey {
    /// Its name.
    pub kid: String,
    /// PKCS#8.
    pub private_key: Vec<u8>,
}

/// Makes a key.
///
/// # Errors
/// 500 if the machine has no randomness.
pub fn generate() -> Result<StoredKey> {
    let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).map_err(Error::internal)?;
    let kid: AnyId = Id::new();
    Ok(StoredKey { kid: kid.to_string(), private_key: pair.as_ref().to_vec() })
}

/// The keys that sign and verify: the newest signs, all verify.
pub struct Keys {
    signing: (String, EncodingKey),
    verifying: HashMap<String, DecodingKey>,
    jwks: Value,
    secret: Vec<u8>,
}

impl Keys {
    /// Reads the keys, newest first.
    ///
    /// # Errors
    /// 500 if there is none or one is no P-256 key.
    pub fn load(stored: &[StoredKey]) -> Result<Self> {
        let newest = stored.first().ok_or_else(|| Error::internal("there is no signing key"))?;
        let mut verifying = HashMap::new();
        let mut set = Vec::new();
        for key in stored {
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key.private_key).map_err(Error::internal)?;
            // The uncompressed point: 4, then x and y of 32 bytes each (SEC 1 section 2.3.3).
            let point = pair.public_key().as_ref();
            let (x, y) = point.get(1..33).zip(point.get(33..65)).ok_or_else(|| Error::internal("the key is not on P-256"))?;
            let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
            verifying.insert(key.kid.clone(), DecodingKey::from_ec_components(&x, &y).map_err(Error::internal)?);
            set.push(json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": key.kid, "alg": "ES256", "use": "sig"}));
        }
        let signing = (newest.kid.clone(), EncodingKey::from_ec_der(&newest.private_key));
        let secret = derive(&newest.private_key, b"tiendo server secret");
        Ok(Self { signing, verifying, jwks: json!({ "keys": set }), secret })
    }

    /// The public halves (RFC 7517).
    #[must_use]
    pub fn jwks(&self) -> &Value {
        &self.jwks
    }

    /// A secret that all instances share, for one use.
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

    /// Signs the claims.
    ///
    /// # Errors
    /// 500 if it cannot be signed.
    pub fn sign(&self, claims: &Claims) -> Result<String> {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.signing.0.clone());
        jsonwebtoken::encode(&header, claims, &self.signing.1).map_err(Error::internal)
    }

    /// The claims of a token that is ours and holds now.
    ///
    /// # Errors
    /// 401 `token_expired` for one of ours past its time, `invalid_token` for every other.
    pub fn verify(&self, token: &str, now: Instant) -> Result<Claims> {
        let invalid = || Error::new(Code::InvalidToken);
        if token.len() > LONGEST {
            return Err(invalid());
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| invalid())?;
        let plain = header.alg == Algorithm::ES256 && header.typ.as_deref() == Some(TYPE) && names_no_key(&header);
        let key = header.kid.as_deref().filter(|_| plain).and_then(|kid| self.verifying.get(kid)).ok_or_else(invalid)?;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &signature_only()).map_err(|_| invalid())?.claims;
        check(&claims, now)?;
        Ok(claims)
    }
}

/// Whether the header brings no key, no place of a key and no extension that we would have to understand.
fn names_no_key(header: &Header) -> bool {
    header.jku.is_none()
        && header.jwk.is_none()
        && header.x5u.is_none()
        && header.x5c.is_none()
        && header.cty.is_none()
        && header.crit.is_none()
        && header.extras.inner().is_empty()
}

fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::ES256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

/// Issuer, audience and times.
///
/// # Errors
/// As [`Keys::verify`].
pub fn check(claims: &Claims, now: Instant) -> Result<()> {
    let now = now.unix();
    let ours = claims.iss == ISSUER && claims.aud == AUDIENCE && claims.exp.saturating_sub(claims.iat) <= LIFETIME;
    if !ours || claims.iat > now + LEEWAY || claims.nbf > now + LEEWAY {
        return Err(Error::new(Code::InvalidToken));
    }
    if claims.exp + LEEWAY <= now {
        return Err(Error::new(Code::TokenExpired));
    }
    Ok(())
}

/// What a new access token says.
pub struct NewToken<'t> {
    /// The account.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// `web` or `mobile`.
    pub client: &'t str,
    /// Permissions, separated by spaces.
    pub scope: String,
    /// The role of the account.
    pub role: Role,
    /// The unit of the account.
    pub unit: UnitId,
    /// The duties of the account.
    pub duties: Vec<Duty>,
}

impl NewToken<'_> {
    /// The claims of a token that begins now.
    #[must_use]
    pub fn claims(self, now: Instant) -> Claims {
        let now = now.unix();
        Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: self.user,
            client_id: self.client.to_owned(),
            sid: self.session,
            iat: now,
            nbf: now,
            exp: now + LIFETIME,
            jti: Id::new(),
            scope: self.scope,
            role: self.role,
            unit: self.unit,
            duties: self.duties,
        }
    }
}

fn derive(key: &[u8], purpose: &[u8]) -> Vec<u8> {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key);
    aws_lc_rs::hmac::sign(&key, purpose).as_ref().to_vec()
}

/// A secret of 256 bits for people to carry in a link or a client to keep, and the digest that we keep of it.
///
/// # Errors
/// 500 if the machine has no randomness.
pub fn opaque() -> Result<(String, Vec<u8>)> {
    let mut bytes = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(Error::internal)?;
    let text = URL_SAFE_NO_PAD.encode(bytes);
    let digest = digest(&text);
    Ok((text, digest))
}

/// What is kept of a secret.
#[must_use]
pub fn digest(text: &str) -> Vec<u8> {
    crate::text::sha256(text.as_bytes())
}
