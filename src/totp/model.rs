//! The types of the second factor (`shapes.md` 2).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A second factor that waits for its first code.
#[derive(Clone, Serialize, ToSchema)]
#[schema(example = json!({"secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    "otpauth_uri": "otpauth://totp/Tien%20do:van.phong?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Tien%20do"}))]
pub struct TotpEnrolment {
    /// The shared secret, in Base32 (RFC 4648): SHA-1, six digits, 30 seconds.
    pub secret: String,
    /// The same for an app to scan.
    pub otpauth_uri: String,
}

/// The first code of an app.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "285285"}))]
pub struct TotpCode {
    /// What the app shows.
    #[schema(pattern = "^[0-9]{6}$")]
    pub code: String,
}

/// What lets in without the app.
#[derive(Clone, Serialize, ToSchema)]
#[schema(example = json!({"recovery_codes": ["aaaa-bbbb-cccc-dddd-eeee-ffff"]}))]
pub struct RecoveryCodes {
    /// Ten codes, each good for one sign-in in place of the app's.
    pub recovery_codes: Vec<String>,
}

/// The password, asked again.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"password": "một mật khẩu đủ dài"}))]
pub struct PasswordAgain {
    /// The caller's own; a wrong one counts as a wrong sign-in does.
    #[schema(min_length = 1, max_length = 128, format = Password)]
    pub password: String,
}
