//! WeChat's limits, looked at before anything is sent: a "parameter error" of WeChat's is then a fault of ours.
//!
//! Texts are counted in bytes, of which a Chinese character has three. Whoever writes a template hears of all that is wrong
//! with it, in Chinese and in English.

mod card;
mod look;
#[cfg(test)]
mod tests;

use url::Url;

pub use self::{card::check_card, look::check_look};
use super::form::{AdvancedInfo, Jump, MiniPage, TimeLimit};
use crate::domain::problem::{Problem, Problems};

/// One sentence in Chinese and one in English.
pub(super) type Texts = (&'static str, &'static str);

/// A problem in both languages.
pub(super) fn problem(param: &'static str, (chinese, english): Texts) -> Problem {
    Problem { param, message: format!("{chinese} · {english}") }
}

/// The most that there can be of one card.
pub const MOST_STOCK: i64 = 100_000_000;
/// The most that one user can take of a card.
pub const MOST_PER_USER: i64 = 50;
/// The longest code.
pub const LONGEST_CODE: usize = 20;

/// How long a text may be, in bytes.
#[derive(Debug, Clone, Copy)]
struct Room {
    least: usize,
    most: usize,
    /// Whether it may have more than one line.
    lines: bool,
}

const fn line(least: usize, most: usize) -> Room {
    Room { least, most, lines: false }
}

const fn lines(least: usize, most: usize) -> Room {
    Room { least, most, lines: true }
}

const BRAND_NAME: Room = line(1, 36);
const NOTICE: Room = line(1, 48);
const PHONE: Room = line(1, 24);
const DETAIL: Room = lines(1, 3072);
const SOURCE: Room = line(1, 36);

fn expect_text(problems: &mut Problems, param: &'static str, text: &str, room: Room) {
    let Room { least, most, lines } = room;
    let long = if text.trim().is_empty() { 0 } else { text.len() };
    let control = text.chars().any(|letter| letter.is_control() && !(lines && letter == '\n'));
    let fits = (least..=most).contains(&long) && !control;
    let characters = most / 3;
    problems.expect(
        fits,
        param,
        format!(
            "须为 {least} 至 {most} 字节（至多 {characters} 个汉字），不含控制字符 · \
             {least} to {most} bytes (up to {characters} Chinese characters), no control characters"
        ),
    );
}

fn expect(problems: &mut Problems, holds: bool, param: &'static str, texts: Texts) {
    if !holds {
        problems.join(Err(vec![problem(param, texts)]));
    }
}

fn expect_picture(problems: &mut Problems, param: &'static str, url: &str) {
    let texts = (
        "图片须先上传到微信（mmbiz.qpic.cn），地址不超过 128 字节",
        "a picture that was uploaded to WeChat (mmbiz.qpic.cn), up to 128 bytes",
    );
    expect(problems, url.len() <= 128 && is_wechats_picture(url), param, texts);
}

fn is_wechats_picture(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    ["http", "https"].contains(&url.scheme())
        && ["mmbiz.qpic.cn", "mmbiz.qlogo.cn"].contains(&url.host_str().unwrap_or_default())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// `center` has more room than the two rows.
fn expect_jump(problems: &mut Problems, param: &'static str, jump: &Jump, is_center: bool) {
    let (label, sub_label) = if is_center { (18, 24) } else { (15, 18) };
    expect_text(problems, param, &jump.label, line(1, label));
    if let Some(text) = &jump.sub_label {
        expect_text(problems, param, text, line(1, sub_label));
    }
    expect_page(problems, param, &jump.user_name, &jump.page);
}

fn expect_mini_page(problems: &mut Problems, param: &'static str, page: &MiniPage) {
    expect_page(problems, param, &page.user_name, &page.page);
}

fn expect_page(problems: &mut Problems, param: &'static str, user_name: &str, page: &str) {
    let texts = (
        "小程序须形如 gh_86a091e50ad4@app，页面路径为 1 至 128 字节且不含空白",
        "a mini-program such as gh_86a091e50ad4@app and a page of 1 to 128 bytes without blanks",
    );
    let visible = page.chars().all(|letter| !letter.is_control() && !letter.is_whitespace());
    let elsewhere = page.contains("://") || page.starts_with("//");
    let fits = (1..=128).contains(&page.len()) && visible && !elsewhere;
    expect(problems, is_user_name(user_name) && fits, param, texts);
}

/// `gh_…@app`.
fn is_user_name(text: &str) -> bool {
    text.len() <= 128 && text.strip_suffix("@app").is_some_and(is_original_id)
}

/// `gh_…`: what pushes call an account.
pub(super) fn is_original_id(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    text.strip_prefix("gh_")
        .is_some_and(|rest| (1..=61).contains(&rest.len()) && rest.bytes().all(letter))
}

/// What can be an id of WeChat's: up to 32 letters, digits, `-` or `_`.
pub(super) fn is_id(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=32).contains(&text.len()) && text.bytes().all(letter)
}

/// The same of a card.
pub(super) fn is_card_id(text: &str) -> bool {
    is_id(text) && text.starts_with('p')
}

fn expect_places(problems: &mut Problems, ids: &[i64]) {
    let texts = ("门店编号须大于零", "numbers of places above zero");
    expect(problems, ids.iter().all(|id| *id > 0), "card.location_id_list", texts);
}

fn expect_advanced(problems: &mut Problems, advanced: &AdvancedInfo) {
    let param = "card.advanced_info";
    if let Some(condition) = &advanced.use_condition {
        let texts =
            [&condition.accept_category, &condition.reject_category, &condition.object_use_for];
        for text in texts.into_iter().flatten() {
            expect_text(problems, param, text, line(1, 512));
        }
        let positive = ("门槛不能小于零", "least_cost: zero or more");
        expect(problems, condition.least_cost.is_none_or(|fen| fen >= 0), param, positive);
    }
    if let Some(summary) = &advanced.summary {
        expect_text(problems, param, &summary.text, line(1, 24));
        let one = ("封面图片须为一张", "one picture for the abstract");
        expect(problems, summary.icon_url_list.len() == 1, param, one);
        summary.icon_url_list.iter().for_each(|url| expect_picture(problems, param, url));
    }
    for block in &advanced.text_image_list {
        expect_picture(problems, param, &block.image_url);
        expect_text(problems, param, &block.text, lines(1, 512));
    }
    let hours = ("时段须为 0 至 24 时、0 至 59 分", "hours of 0 to 24, minutes of 0 to 59");
    expect(problems, advanced.time_limit.iter().all(is_of_a_day), param, hours);
}

fn is_of_a_day(limit: &TimeLimit) -> bool {
    let hours = [limit.begin_hour, limit.end_hour].into_iter().flatten().all(|hour| hour <= 24);
    let minutes = [limit.begin_minute, limit.end_minute].into_iter().flatten();
    hours && minutes.into_iter().all(|minute| minute <= 59)
}
