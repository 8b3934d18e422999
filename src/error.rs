//! The one error of the program and what a client is told of it (RFC 9457; `http::problem` draws it).
//!
//! Which to use where: `rules` collect [`Fault`]s and end in [`Error::invalid`]; `store` answers [`Error::not_found`] for what is
//! absent or out of scope and lets database errors through `?`; handlers make none of their own. What nobody foresaw is
//! [`Code::Internal`]: its cause goes to the log, where it is rendered, and never to the client.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use serde::Serialize;

/// The result of everything that can be refused.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The language of titles and details; codes never change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Tiếng Việt, the default.
    #[default]
    Vi,
    /// English.
    En,
}

impl Language {
    /// Its tag (RFC 5646).
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Vi => "vi",
            Self::En => "en",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Vi => Self::En,
            Self::En => Self::Vi,
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident $slug:literal $status:literal $vi:literal $en:literal),+ $(,)?) => {
        /// Every kind of refusal: its slug (`/problems/<slug>`; the code is the slug with `_`), status and title.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name),+ }

        impl Code {
            /// All of them, in the order of their status.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The last part of the problem's type.
            #[must_use]
            pub const fn slug(self) -> &'static str { match self { $(Self::$name => $slug),+ } }

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 { match self { $(Self::$name => $status),+ } }

            /// A short sentence for people.
            #[must_use]
            pub const fn title(self, language: Language) -> &'static str {
                match (self, language) { $((Self::$name, Language::Vi) => $vi, (Self::$name, Language::En) => $en),+ }
            }
        }
    };
}

codes! {
    /// The body is not JSON, or the request cannot be read.
    MalformedRequest "malformed-request" 400 "Yêu cầu không đọc được" "The request cannot be read",
    /// No credentials.
    Unauthenticated "unauthenticated" 401 "Chưa đăng nhập" "Not signed in",
    /// Credentials that are not ours or no longer hold.
    InvalidToken "invalid-token" 401 "Mã truy cập không hợp lệ" "The access token is not valid",
    /// An access token past its time.
    TokenExpired "token-expired" 401 "Mã truy cập đã hết hạn" "The access token has expired",
    /// Wrong name or password, or an account that may not sign in: told apart by nothing.
    InvalidCredentials "invalid-credentials" 401 "Tên đăng nhập hoặc mật khẩu không đúng" "Wrong username or password",
    /// The password is right and the second factor missing.
    TotpRequired "totp-required" 401 "Cần mã xác thực thứ hai" "A second factor is required",
    /// A refresh token that is unknown, used, ended or expired.
    InvalidRefreshToken "invalid-refresh-token" 401 "Mã làm mới không hợp lệ" "The refresh token is not valid",
    /// No duty, or this relation, allows it.
    Forbidden "forbidden" 403 "Không có quyền thực hiện" "You may not do this",
    /// Absent, or out of the caller's scope: the same answer.
    NotFound "not-found" 404 "Không tìm thấy" "Not found",
    /// The path exists, the method does not.
    MethodNotAllowed "method-not-allowed" 405 "Phương thức không được hỗ trợ" "Method not allowed",
    /// No representation that the client accepts.
    NotAcceptable "not-acceptable" 406 "Không có dạng dữ liệu được yêu cầu" "Not acceptable",
    /// The body did not arrive in time.
    RequestTimeout "request-timeout" 408 "Yêu cầu gửi quá chậm" "The request took too long to arrive",
    /// The state forbids it.
    Conflict "conflict" 409 "Xung đột với trạng thái hiện tại" "Conflict with the current state",
    /// A move that the life cycle does not have.
    IllegalTransition "illegal-transition" 409 "Không thể chuyển trạng thái như vậy" "This move is not possible now",
    /// The same idempotency key is still at work.
    RequestInProgress "request-in-progress" 409 "Yêu cầu trước đang được xử lý" "The first request is still running",
    /// A key that must be unique is taken.
    Duplicate "duplicate" 409 "Đã tồn tại" "Already exists",
    /// It was there and is not any more.
    Gone "gone" 410 "Không còn nữa" "Gone",
    /// `If-Match` names another version.
    StaleVersion "stale-version" 412 "Dữ liệu đã được người khác thay đổi" "The resource has changed since you read it",
    /// The body is over its limit.
    TooLarge "too-large" 413 "Dữ liệu gửi lên quá lớn" "The body is too large",
    /// The media type of the body is not one we read.
    UnsupportedMediaType "unsupported-media-type" 415 "Kiểu dữ liệu gửi lên không được hỗ trợ" "Unsupported media type",
    /// Faults of parameters or of the body; each stands in `errors`.
    ValidationFailed "validation-failed" 422 "Dữ liệu không hợp lệ" "The data are not valid",
    /// A locked period or report.
    Locked "locked" 423 "Đã khóa" "Locked",
    /// `If-Match` is missing.
    PreconditionRequired "precondition-required" 428 "Cần tiêu đề If-Match" "If-Match is required",
    /// Too many requests.
    RateLimited "rate-limited" 429 "Quá nhiều yêu cầu" "Too many requests",
    /// A fault of ours.
    Internal "internal" 500 "Lỗi hệ thống" "Internal error",
    /// Overloaded, or the database is away.
    Unavailable "unavailable" 503 "Tạm thời không phục vụ được" "Temporarily unavailable",
}

impl Code {
    /// The code of a problem: its slug with `_`.
    #[must_use]
    pub fn code(self) -> String {
        self.slug().replace('-', "_")
    }
}

macro_rules! faults {
    ($($name:ident $code:literal $vi:literal $en:literal),+ $(,)?) => {
        /// What is wrong with one parameter or one member of a body. `{}` in a text stands for the fault's argument.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each has its text beside it")]
        pub enum FaultCode { $($name),+ }

        impl FaultCode {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The code that clients switch on.
            #[must_use]
            pub const fn code(self) -> &'static str { match self { $(Self::$name => $code),+ } }

            /// The sentence for people; `{}` stands for the argument.
            #[must_use]
            pub const fn text(self, language: Language) -> &'static str {
                match (self, language) { $((Self::$name, Language::Vi) => $vi, (Self::$name, Language::En) => $en),+ }
            }
        }
    };
}

faults! {
    Required "required" "Bắt buộc phải có." "This is required.",
    UnknownField "unknown_field" "Không có trường này." "There is no such member.",
    UnknownParameter "unknown_parameter" "Không có tham số này." "There is no such parameter.",
    WrongType "wrong_type" "Sai kiểu dữ liệu." "Wrong type.",
    TooShort "too_short" "Quá ngắn: ít nhất {}." "Too short: at least {}.",
    TooLong "too_long" "Quá dài: nhiều nhất {}." "Too long: at most {}.",
    OutOfRange "out_of_range" "Ngoài giới hạn: {}." "Out of range: {}.",
    NotInList "not_in_list" "Phải là một trong: {}." "Must be one of: {}.",
    BadFormat "bad_format" "Sai định dạng: {}." "Bad format: {}.",
    ControlCharacter "control_character" "Có ký tự điều khiển." "Holds a control character.",
    UnknownReference "unknown_reference" "Không có đối tượng này." "No such object.",
    DuplicateRow "duplicate_row" "Trùng khóa với một dòng khác." "Another row has the same key.",
    NumeratorAboveDenominator "numerator_above_denominator" "Tử số lớn hơn mẫu số." "The numerator is above the denominator.",
    UnusuallyLow "unusually_low" "Thấp khác thường: dưới {}." "Unusually low: below {}.",
    UnusuallyHigh "unusually_high" "Cao khác thường: trên {}." "Unusually high: above {}.",
    UnusualJump "unusual_jump" "Chênh lệch lớn so với năm trước ({})." "Far from the year before ({}).",
    UnlikeSiblings "unlike_siblings" "Khác xa trung vị của các đơn vị cùng cấp ({})." "Far from the middle of its siblings ({}).",
    PartsDoNotAddUp "parts_do_not_add_up" "Các phần không cộng đúng bằng tổng ({})." "The parts do not add up to the whole ({}).",
    NotCollectedHere "not_collected_here" "Đơn vị này không thu thập số liệu này." "This unit does not collect this side.",
    PeriodKindMismatch "period_kind_mismatch" "Chỉ tiêu này dùng kỳ loại {}." "This indicator takes periods of kind {}.",
    InvalidCursor "invalid_cursor" "Con trỏ trang không thuộc truy vấn này." "The cursor does not belong to this query.",
    IdempotencyKeyReused "idempotency_key_reused" "Khóa đã dùng cho nội dung khác." "The key was used with another body.",
    IdempotencyNotSupported "idempotency_not_supported" "Thao tác này không nhận khóa." "This operation takes no key.",
    ReasonRequired "reason_required" "Cần nêu lý do." "A reason is required.",
    NoteRequired "note_required" "Cần ghi chú." "A note is required.",
    StaleRow "stale_version" "Dòng này đã được người khác thay đổi." "This row has changed since you read it.",
    PeriodLocked "period_locked" "Kỳ này đã khóa." "This period is locked.",
    NotOwed "not_owed" "Đơn vị này không phải báo cáo trong đợt này." "This unit owes no report in this round.",
    ConsolidationRequired "consolidation_required" "Cần tổng hợp báo cáo của các đơn vị trực thuộc." "The reports of the units below must be consolidated first.",
    ConsolidationOutdated "consolidation_outdated" "Báo cáo của đơn vị trực thuộc đã thay đổi: cần tổng hợp lại." "Reports of units below have changed: consolidate again.",
    ReportsMissing "reports_missing" "Còn thiếu báo cáo của {} đơn vị." "Reports of {} units are missing.",
    PasswordReused "password_reused" "Mật khẩu này đã dùng trước đây." "This password was used before.",
    PasswordTooCommon "password_too_common" "Mật khẩu quá phổ biến." "The password is too common.",
}

/// Where a fault is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A JSON pointer (RFC 6901) into the body; empty for the whole.
    Body(String),
    /// A parameter of the query, or a header, by name.
    Parameter(String),
}

/// One fault of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What.
    pub code: FaultCode,
    /// The limit, the list, the format: never a value that the client sent.
    pub argument: Cow<'static, str>,
}

impl Fault {
    /// A fault at a JSON pointer of the body.
    pub fn at(pointer: impl Into<String>, code: FaultCode) -> Self {
        Self { place: Place::Body(pointer.into()), code, argument: Cow::Borrowed("") }
    }

    /// A fault of a parameter.
    pub fn of(parameter: impl Into<String>, code: FaultCode) -> Self {
        Self { place: Place::Parameter(parameter.into()), code, argument: Cow::Borrowed("") }
    }

    /// The same fault, saying the limit or the list.
    #[must_use]
    pub fn with(mut self, argument: impl Into<Cow<'static, str>>) -> Self {
        self.argument = argument.into();
        self
    }

    /// Its place in the body, if it has one there.
    #[must_use]
    pub fn pointer(&self) -> Option<&str> {
        match &self.place {
            Place::Body(pointer) => Some(pointer),
            Place::Parameter(_) => None,
        }
    }

    /// Tells its place below another member.
    pub fn move_place(&mut self, from: &str, to: &str) {
        if let Place::Body(pointer) = &mut self.place
            && let Some(rest) = pointer.strip_prefix(from)
        {
            *pointer = format!("{to}{rest}");
        }
    }

    /// As a client reads it.
    #[must_use]
    pub fn told(&self, language: Language) -> FaultBody {
        let (pointer, parameter) = match &self.place {
            Place::Body(pointer) => (Some(pointer.clone()), None),
            Place::Parameter(name) => (None, Some(name.clone())),
        };
        FaultBody { pointer, parameter, code: self.code.code(), detail: self.code.text(language).replace("{}", &self.argument) }
    }
}

/// A fault as it stands in `errors`.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"pointer": "/name", "code": "too_long", "detail": "Quá dài: nhiều nhất 200."}))]
pub struct FaultBody {
    /// JSON pointer (RFC 6901) into the body; null when the fault is a parameter's.
    #[schema(required = true)]
    pub pointer: Option<String>,
    /// The parameter or header, when the fault is not in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// What is wrong; never changes with the language.
    pub code: &'static str,
    /// The same for people.
    pub detail: String,
}

/// A refusal. Small to pass around: what is rare stands behind one pointer.
#[derive(Debug)]
pub struct Error(Box<Refusal>);

#[derive(Debug)]
struct Refusal {
    code: Code,
    detail: Option<(&'static str, &'static str)>,
    faults: Vec<Fault>,
    actions: Vec<&'static str>,
    allow: Option<String>,
    scope: Option<&'static str>,
    retry_after: Option<u32>,
    cause: Option<Cause>,
}

/// What the log is told of an internal error.
#[derive(Debug)]
pub struct Cause {
    /// The error's own words.
    pub text: String,
    /// Where `?` met it.
    pub at: &'static Location<'static>,
}

impl Error {
    /// A refusal of this kind with nothing more to say.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self(Box::new(Refusal {
            code,
            detail: None,
            faults: Vec::new(),
            actions: Vec::new(),
            allow: None,
            scope: None,
            retry_after: None,
            cause: None,
        }))
    }

    /// 404: absent or out of scope.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(Code::NotFound)
    }

    /// 403: in scope, but not for this caller.
    #[must_use]
    pub fn forbidden() -> Self {
        Self::new(Code::Forbidden)
    }

    /// 403: the token was not granted this scope (RFC 6750 section 3.1).
    #[must_use]
    pub fn insufficient_scope(scope: &'static str) -> Self {
        let mut error = Self::forbidden().because("Ứng dụng không được cấp quyền này.", "The application was not granted this.");
        error.0.scope = Some(scope);
        error
    }

    /// 422 with all these faults.
    #[must_use]
    pub fn invalid(faults: Vec<Fault>) -> Self {
        let mut error = Self::new(Code::ValidationFailed);
        error.0.faults = faults;
        error
    }

    /// The same refusal, saying where.
    #[must_use]
    pub fn at(mut self, faults: Vec<Fault>) -> Self {
        self.0.faults = faults;
        self
    }

    /// The same refusal, its places told below another member: `/rows/3/unit` as `/values/3/unit`.
    #[must_use]
    pub fn moved(mut self, from: &str, to: &str) -> Self {
        for fault in &mut self.0.faults {
            fault.move_place(from, to);
        }
        self
    }

    /// The same refusal; faults of members with one of these ends are told of what they are members of.
    #[must_use]
    pub fn without(mut self, ends: &[&str]) -> Self {
        for fault in &mut self.0.faults {
            if let Place::Body(pointer) = &mut fault.place
                && let Some(end) = ends.iter().find(|end| pointer.ends_with(**end))
            {
                pointer.truncate(pointer.len() - end.len());
            }
        }
        self
    }

    /// 409 with a sentence in both languages.
    #[must_use]
    pub fn conflict(vi: &'static str, en: &'static str) -> Self {
        Self::new(Code::Conflict).because(vi, en)
    }

    /// 409 `duplicate`: the member at this pointer must be unique and is taken.
    #[must_use]
    pub fn duplicate(pointer: &'static str) -> Self {
        let mut error = Self::new(Code::Duplicate);
        error.0.faults = vec![Fault::at(pointer, FaultCode::DuplicateRow)];
        error
    }

    /// 500: what happened goes to the log.
    #[must_use]
    #[track_caller]
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::new(Code::Internal).caused_by(cause)
    }

    /// 429 with the seconds to wait.
    #[must_use]
    pub fn rate_limited(seconds: i64) -> Self {
        let mut error = Self::new(Code::RateLimited);
        error.0.retry_after = Some(u32::try_from(seconds).unwrap_or(u32::MAX));
        error
    }

    /// 409: the first request under the same key is still at work.
    #[must_use]
    pub fn in_progress() -> Self {
        let mut error = Self::new(Code::RequestInProgress);
        error.0.retry_after = Some(1);
        error
    }

    /// 503 with a hint when to come back.
    #[must_use]
    #[track_caller]
    pub fn unavailable(cause: impl fmt::Display) -> Self {
        let mut error = Self::new(Code::Unavailable).caused_by(cause);
        error.0.retry_after = Some(1);
        error
    }

    /// 503 at the gate, where nothing was done yet, with the seconds to wait: counted there, and no line of the log, for these come by the
    /// thousand.
    #[must_use]
    pub fn turned_away(seconds: u32) -> Self {
        let mut error = Self::new(Code::Unavailable);
        error.0.retry_after = Some(seconds);
        error
    }

    /// Whether it is that one.
    #[must_use]
    pub fn is_turned_away(&self) -> bool {
        self.0.code == Code::Unavailable && self.0.cause.is_none()
    }

    #[track_caller]
    fn caused_by(mut self, cause: impl fmt::Display) -> Self {
        self.0.cause = Some(Cause { text: cause.to_string(), at: Location::caller() });
        self
    }

    /// The same refusal with a sentence of its own, in both languages.
    #[must_use]
    pub fn because(mut self, vi: &'static str, en: &'static str) -> Self {
        self.0.detail = Some((vi, en));
        self
    }

    /// 409 `illegal_transition` with what may be done now.
    #[must_use]
    pub fn illegal_transition(actions: Vec<&'static str>) -> Self {
        let mut error = Self::new(Code::IllegalTransition);
        error.0.actions = actions;
        error
    }

    /// 405 with the methods that the path has.
    #[must_use]
    pub fn method_not_allowed(allow: String) -> Self {
        let mut error = Self::new(Code::MethodNotAllowed);
        error.0.allow = Some(allow);
        error
    }

    /// Its kind.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The sentence of this very refusal: its own, or its kind's title.
    #[must_use]
    pub fn detail(&self, language: Language) -> &'static str {
        match (self.0.detail, language) {
            (Some((vi, _)), Language::Vi) => vi,
            (Some((_, en)), Language::En) => en,
            (None, language) => self.0.code.title(language),
        }
    }

    /// Its faults.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.0.faults
    }

    /// What may be done instead.
    #[must_use]
    pub fn actions(&self) -> &[&'static str] {
        &self.0.actions
    }

    /// The methods that the path has.
    #[must_use]
    pub fn allow(&self) -> Option<&str> {
        self.0.allow.as_deref()
    }

    /// The scope that the token lacks.
    #[must_use]
    pub fn scope(&self) -> Option<&'static str> {
        self.0.scope
    }

    /// Seconds after which a repeat may succeed.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        self.0.retry_after
    }

    /// What only the log may know.
    #[must_use]
    pub fn cause(&self) -> Option<&Cause> {
        self.0.cause.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.detail(Language::En))?;
        match self.cause() {
            Some(cause) => write!(f, ": {} ({})", cause.text, cause.at),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

impl From<DieselError> for Error {
    /// Absent rows are 404; a broken uniqueness is 409 (stores say which field with `unique`); a database that is away,
    /// too slow or out of locks is 503; the rest is ours.
    #[track_caller]
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::NotFound => Self::not_found(),
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Self::new(Code::Duplicate),
            DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::SerializationFailure, info) => {
                Self::unavailable(info.message())
            }
            DieselError::DatabaseError(_, info) if is_passing(info.message()) => Self::unavailable(info.message()),
            other => Self::internal(other),
        }
    }
}

/// Whether a database's words tell of a trouble that passes: locks, time-outs, a server that restarts or is read-only.
fn is_passing(message: &str) -> bool {
    [
        "database is locked",
        "database table is locked",
        "statement timeout",
        "lock timeout",
        "deadlock detected",
        "terminating connection",
        "shutting down",
        "starting up",
        "in recovery mode",
        "read-only transaction",
        "server closed the connection",
        "no connection to the server",
    ]
    .iter()
    .any(|words| message.contains(words))
}

impl From<serde_json::Error> for Error {
    #[track_caller]
    fn from(error: serde_json::Error) -> Self {
        Self::internal(error)
    }
}
