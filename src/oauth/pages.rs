//! The pages for people, as HTML: no scripts, forms with labels, readable with a keyboard and by a screen reader, narrow and wide, light and
//! dark. Whatever comes from outside is escaped by the template.

use maud::{DOCTYPE, Markup, html};

use crate::access::caller::Person;
use crate::access::grant::Grants;
use crate::clients::model::FrontEnd;
use crate::error::{Error, Language};
use crate::oauth::rules::in_language;
use crate::oauth::store::Allowed;

/// Their look: contrast of 4.5 to 1 at the least in both schemes (WCAG 2.2, 1.4.3), and what has the focus is seen.
pub(super) const STYLE: &str = "\
:root{color-scheme:light dark;--page:#f4f6f8;--card:#fff;--ink:#1b2733;--soft:#51606e;--line:#8795a1;--act:#0b5cad;--on-act:#fff;--bad:#a4161a;--bad-page:#fdecec}\
@media(prefers-color-scheme:dark){:root{--page:#12181e;--card:#1c242c;--ink:#e8edf2;--soft:#a9b6c2;--line:#6f7d8a;--act:#7cb7f5;--on-act:#0a1a2a;--bad:#ffb3b3;--bad-page:#3a1d20}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:flex;flex-direction:column;align-items:center;background:var(--page);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}\
header,main,footer{width:100%;max-width:30rem;padding:0 1rem}\
header{margin-top:2rem;color:var(--soft);font-weight:600}\
main{margin:1rem 0}\
.card{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:1.25rem;margin-bottom:1rem;overflow-wrap:anywhere}\
h1{font-size:1.4rem;line-height:1.25;margin:0 0 1rem}\
h2{font-size:1.1rem;margin:0 0 .25rem}\
p{margin:0 0 1rem}\
ul{margin:0 0 1rem;padding-left:1.25rem}\
label{display:block;font-weight:600;margin-bottom:.25rem}\
.hint{display:block;color:var(--soft);font-size:.9rem;font-weight:400}\
input{width:100%;padding:.6rem .7rem;margin-bottom:1rem;font:inherit;color:inherit;background:var(--page);border:1px solid var(--line);border-radius:.35rem}\
button{font:inherit;font-weight:600;min-height:2.75rem;padding:.5rem 1rem;border:1px solid var(--act);border-radius:.35rem;background:var(--act);color:var(--on-act);cursor:pointer}\
button.second{background:transparent;color:var(--act)}\
.row{display:flex;flex-wrap:wrap;gap:.75rem}\
.row form,.row button{flex:1 1 9rem}\
.row form{display:flex}\
.wrong{background:var(--bad-page);color:var(--bad);border:1px solid var(--bad);border-radius:.35rem;padding:.6rem .8rem;margin:0 0 1rem}\
.soft{color:var(--soft);font-size:.9rem}\
a{color:var(--act)}\
:focus-visible{outline:3px solid var(--act);outline-offset:2px}\
footer{margin:auto 0 1.5rem;color:var(--soft);font-size:.9rem}";

/// A sentence in the language of the page.
pub(super) struct Say(pub(super) Language);

impl Say {
    pub(super) const fn it<'t>(&self, vi: &'t str, en: &'t str) -> &'t str {
        match self.0 {
            Language::Vi => vi,
            Language::En => en,
        }
    }
}

fn frame(language: Language, title: &str, other: Option<&str>, body: &Markup) -> Markup {
    let say = Say(language);
    html! {
        (DOCTYPE)
        html lang=(language.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Tiến độ" }
                link rel="stylesheet" href="/account/style.css";
            }
            body {
                header { "Tiến độ" }
                main { (body) }
                footer {
                    @if let Some(other) = other {
                        a href=(other) lang=(language.other().tag()) hreflang=(language.other().tag()) { (say.it("English", "Tiếng Việt")) }
                    }
                }
            }
        }
    }
}

/// What every form of ours carries: that we gave it to this browser, and the language that is read.
fn ours(language: Language, tag: &str) -> Markup {
    html! {
        input type="hidden" name="form_token" value=(tag);
        input type="hidden" name="ui_locales" value=(language.tag());
    }
}

/// The page of signing in.
pub(super) struct SignIn<'p> {
    pub(super) language: Language,
    /// The same page in the other language.
    pub(super) other: &'p str,
    /// Where it leads.
    pub(super) to: &'p str,
    pub(super) tag: &'p str,
    pub(super) username: &'p str,
    pub(super) wrong: Option<(&'static str, &'static str)>,
    /// Whether it is the code that is missing.
    pub(super) code: bool,
}

impl SignIn<'_> {
    pub(super) fn draw(&self) -> Markup {
        let say = Say(self.language);
        let title = say.it("Đăng nhập", "Sign in");
        let described = self.wrong.map(|_| "wrong");
        let body = html! {
            div class="card" {
                h1 { (title) }
                @if let Some((vi, en)) = self.wrong {
                    p id="wrong" class="wrong" role="alert" { (say.it(vi, en)) }
                }
                form method="post" action="/account/sign-in" {
                    (ours(self.language, self.tag))
                    input type="hidden" name="continue" value=(self.to);
                    label for="username" { (say.it("Tên đăng nhập", "Username")) }
                    input id="username" name="username" type="text" autocomplete="username" autocapitalize="none" spellcheck="false" required
                        maxlength="64" value=(self.username) aria-describedby=[described] autofocus[self.wrong.is_none()];
                    label for="password" { (say.it("Mật khẩu", "Password")) }
                    input id="password" name="password" type="password" autocomplete="current-password" required maxlength="128"
                        aria-describedby=[described] autofocus[self.wrong.is_some()];
                    label for="totp" {
                        (say.it("Mã xác thực", "Code"))
                        span class="hint" id="totp-hint" {
                            (say.it("Chỉ khi tài khoản đã bật xác thực hai lớp: 6 chữ số, hoặc một mã dự phòng.",
                                "Only where the account has a second factor: 6 digits, or a recovery code."))
                        }
                    }
                    input id="totp" name="totp" type="text" inputmode="text" autocomplete="one-time-code" autocapitalize="none" spellcheck="false"
                        maxlength="29" aria-describedby="totp-hint" required[self.code];
                    button type="submit" { (title) }
                }
            }
        };
        frame(self.language, title, Some(self.other), &body)
    }
}

/// The page of setting a password.
pub(super) struct Password<'p> {
    pub(super) language: Language,
    /// The same page in the other language.
    pub(super) other: &'p str,
    /// Where it leads.
    pub(super) to: &'p str,
    pub(super) tag: &'p str,
    /// Whether the present one is asked for: a link stands in its place.
    pub(super) present: bool,
    /// Signs that it has at least.
    pub(super) shortest: usize,
    pub(super) wrong: Option<&'p str>,
}

impl Password<'_> {
    pub(super) fn draw(&self) -> Markup {
        let say = Say(self.language);
        let title = say.it("Đặt mật khẩu", "Set a password");
        let described = if self.wrong.is_some() { "wrong rule" } else { "rule" };
        let field = |name: &str, label: &str, complete: &str, described: Option<&str>| {
            html! {
                label for=(name) { (label) }
                input id=(name) name=(name) type="password" autocomplete=(complete) required maxlength="128" aria-describedby=[described];
            }
        };
        let body = html! {
            div class="card" {
                h1 { (title) }
                @if let Some(wrong) = self.wrong {
                    p id="wrong" class="wrong" role="alert" { (wrong) }
                }
                form method="post" action="/account/password" {
                    (ours(self.language, self.tag))
                    input type="hidden" name="continue" value=(self.to);
                    @if self.present {
                        (field("current_password", say.it("Mật khẩu hiện tại", "Present password"), "current-password", None))
                    }
                    p id="rule" class="soft" {
                        (say.it("Ít nhất ", "At least ")) (self.shortest) (say.it(" ký tự. Một câu dài dễ nhớ là tốt nhất.", " characters. A long sentence that you remember is best."))
                    }
                    (field("new_password", say.it("Mật khẩu mới", "New password"), "new-password", Some(described)))
                    (field("again", say.it("Nhập lại mật khẩu mới", "The new password again"), "new-password", None))
                    button type="submit" { (title) }
                }
            }
        };
        frame(self.language, title, Some(self.other), &body)
    }
}

/// The page that asks whether a front end may act.
pub(super) struct Consent<'p> {
    pub(super) language: Language,
    /// The same page in the other language.
    pub(super) other: &'p str,
    pub(super) front_end: &'p FrontEnd,
    pub(super) person: &'p Person,
    pub(super) grants: &'p Grants,
    /// The parameters of the request.
    pub(super) given: &'p [(&'p str, &'p str)],
    pub(super) tag: &'p str,
    pub(super) redirect_uri: &'p str,
    /// The same request once more.
    pub(super) again: &'p str,
}

impl Consent<'_> {
    pub(super) fn draw(&self) -> Markup {
        let say = Say(self.language);
        let title = say.it("Cho phép ứng dụng?", "Allow this application?");
        let place = url::Url::parse(self.redirect_uri).ok().map(|url| match url.host_str() {
            Some(host) => host.to_owned(),
            None => format!("{}:", url.scheme()),
        });
        let body = html! {
            div class="card" {
                h1 { (title) }
                p {
                    strong { (self.front_end.name) }
                    " ("
                    (self.front_end.unit_name)
                    (say.it(") muốn thay mặt bạn làm những việc sau, trong phạm vi quyền của bạn:", ") wants to do the following for you, as far as you may yourself:"))
                }
                ul {
                    @for grant in self.grants.list() {
                        li { (grant.about(self.language)) }
                    }
                }
                p class="soft" {
                    (say.it("Bạn đang đăng nhập là ", "You are signed in as "))
                    strong { (self.person.full_name) }
                    " (" (self.person.username) "). "
                    @if let Some(place) = &place {
                        (say.it("Sau đó bạn được đưa về ", "You are then taken back to "))
                        strong { (place) }
                        ". "
                    }
                    (say.it("Ứng dụng không biết mật khẩu của bạn. Bạn có thể thu hồi quyền này ở trang ", "The application never learns your password. You can take this back on the page "))
                    a href=(in_language("/account", self.language)) { (say.it("Ứng dụng đã cho phép", "Allowed applications")) }
                    "."
                }
                form method="post" action="/oauth/authorize" {
                    input type="hidden" name="form_token" value=(self.tag);
                    @for (name, value) in self.given {
                        input type="hidden" name=(name) value=(value);
                    }
                    div class="row" {
                        button type="submit" name="decision" value="allow" { (say.it("Cho phép", "Allow")) }
                        button type="submit" name="decision" value="deny" class="second" { (say.it("Từ chối", "Deny")) }
                    }
                }
            }
            form method="post" action="/account/sign-out" {
                (ours(self.language, self.tag))
                input type="hidden" name="continue" value=(self.again);
                button type="submit" class="second" { (say.it("Dùng tài khoản khác", "Use another account")) }
            }
        };
        frame(self.language, title, Some(self.other), &body)
    }
}

/// The page of what a person allowed.
pub(super) struct Applications<'p> {
    pub(super) language: Language,
    /// The same page in the other language.
    pub(super) other: &'p str,
    pub(super) person: &'p Person,
    pub(super) allowed: &'p [Allowed],
    pub(super) tag: &'p str,
}

impl Applications<'_> {
    pub(super) fn draw(&self) -> Markup {
        let say = Say(self.language);
        let title = say.it("Ứng dụng đã cho phép", "Allowed applications");
        let body = html! {
            h1 { (title) }
            p { (say.it("Bạn đang đăng nhập là ", "You are signed in as ")) strong { (self.person.full_name) } " (" (self.person.username) ")." }
            @if self.allowed.is_empty() {
                div class="card" { p { (say.it("Chưa có ứng dụng nào thay mặt bạn.", "No application acts for you.")) } }
            }
            @for one in self.allowed {
                @let heading = format!("app-{}", one.id);
                section class="card" aria-labelledby=(heading) {
                    h2 id=(heading) { (one.name) }
                    p class="soft" { (say.it("Cho phép lúc ", "Allowed at ")) (one.at.business_time()) }
                    ul {
                        @for grant in one.grants.list() {
                            li { (grant.about(self.language)) }
                        }
                    }
                    form method="post" action="/account/withdraw" {
                        (ours(self.language, self.tag))
                        input type="hidden" name="client" value=(one.id);
                        button type="submit" class="second" aria-describedby=(heading) { (say.it("Thu hồi quyền", "Take back")) }
                    }
                }
            }
            p { a href=(in_language("/account/password", self.language)) { (say.it("Đổi mật khẩu", "Change the password")) } }
            form method="post" action="/account/sign-out" {
                (ours(self.language, self.tag))
                button type="submit" { (say.it("Đăng xuất", "Sign out")) }
            }
        };
        frame(self.language, title, Some(self.other), &body)
    }
}

/// What is wrong, in a sentence.
pub(super) fn wrong(language: Language, vi: &'static str, en: &'static str) -> Markup {
    let say = Say(language);
    let title = say.it("Không thực hiện được", "This cannot be done");
    let body = html! { div class="card" { h1 { (title) } p role="alert" { (say.it(vi, en)) } } };
    frame(language, title, None, &body)
}

/// A refusal of the service itself.
pub(super) fn refused(language: Language, error: &Error) -> Markup {
    let title = error.code().title(language);
    let body = html! { div class="card" { h1 { (title) } p role="alert" { (error.detail(language)) } } };
    frame(language, title, None, &body)
}

/// An application of another unit's people.
pub(super) fn not_for(language: Language, front_end: &FrontEnd) -> Markup {
    let say = Say(language);
    let title = say.it("Ứng dụng không dành cho bạn", "This application is not for you");
    let body = html! {
        div class="card" {
            h1 { (title) }
            p role="alert" {
                strong { (front_end.name) }
                (say.it(" chỉ dành cho người của ", " is only for people of "))
                (front_end.unit_name)
                (say.it(" và các đơn vị trực thuộc.", " and the units below it."))
            }
            p { a href=(in_language("/account", language)) { (say.it("Tài khoản của bạn", "Your account")) } }
        }
    };
    frame(language, title, None, &body)
}
