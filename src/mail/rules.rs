//! What letters say, in Vietnamese and English.

use super::model::{Letter, Why};

/// Subject and text. `page` is where a person sets a password, up to the token.
#[must_use]
pub fn written(letter: &Letter, page: &str) -> (&'static str, String) {
    let (subject, vi, en) = match letter.why {
        Why::Invited => (
            "Tiến độ: lời mời sử dụng tài khoản",
            "Tài khoản của quý vị đã được tạo. Hãy đặt mật khẩu tại liên kết dưới đây.",
            "An account was made for you. Set its password at the link below.",
        ),
        Why::Reset => (
            "Tiến độ: đặt lại mật khẩu",
            "Quản trị viên đã đặt lại tài khoản của quý vị. Hãy đặt mật khẩu mới tại liên kết dưới đây.",
            "An administrator has reset your account. Set a new password at the link below.",
        ),
        Why::Forgotten => (
            "Tiến độ: quên mật khẩu",
            "Có người yêu cầu đặt lại mật khẩu của quý vị. Nếu không phải quý vị, hãy bỏ qua thư này: mật khẩu hiện tại vẫn dùng được.",
            "Somebody asked for a new password of yours. If it was not you, do nothing: the present one still holds.",
        ),
    };
    let until = letter.expires_at.business_time();
    let Letter { full_name, username, token, .. } = letter;
    let text = format!(
        "Kính gửi {full_name},\n\n{vi}\n\nTên đăng nhập: {username}\nLiên kết (dùng một lần, đến {until}):\n{page}{token}\n\n--\n\n\
         {en}\n\nUsername: {username}\nThe link is the one above; it holds for one use, until {until} (Asia/Ho_Chi_Minh).\n"
    );
    (subject, text)
}

/// After how many seconds a letter that could not be sent is tried again: 1, 2, 4 … minutes, an hour at the most.
#[must_use]
pub fn again_after(tries: i32) -> i64 {
    let doublings = u32::try_from(tries.clamp(0, 6)).unwrap_or_default();
    (60 << doublings).min(3600)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Instant;

    #[test]
    fn a_letter_says_who_what_and_until_when() {
        let letter = Letter {
            to: "thuy@hoabinh.edu.vn".into(),
            why: Why::Invited,
            username: "mn.tuly".into(),
            full_name: "Đinh Thị Thuỷ".into(),
            token: "abc".into(),
            expires_at: Instant::parse("2025-02-21T02:30:00Z").expect("valid"),
        };
        let (subject, text) = written(&letter, "https://tiendo.example.vn/mat-khau#token=");
        assert_eq!(subject, "Tiến độ: lời mời sử dụng tài khoản");
        for part in ["Đinh Thị Thuỷ", "mn.tuly", "https://tiendo.example.vn/mat-khau#token=abc\n", "09:30 21/02/2025"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!([0, 1, 5, 6, 9].map(again_after), [60, 120, 1920, 3600, 3600]);
    }
}
