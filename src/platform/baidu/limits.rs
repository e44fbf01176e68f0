//! Baidu's limits, looked at before anything is sent: a "parameter error" of Baidu's is then a fault of ours.
//!
//! Whoever writes a template hears of all that is wrong with it, in Chinese and in English.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use url::Url;

use super::{
    form::{BannerForm, StockLetter, SyncLetter, TemplateForm},
    image::Image,
};
use crate::{
    domain::problem::{Problem, Problems},
    outgoing::address,
};

/// One sentence in Chinese and one in English.
pub(super) type Texts = (&'static str, &'static str);

/// A problem in both languages.
pub(super) fn problem(param: &'static str, texts: Texts) -> Problem {
    Problem { param, message: both(texts) }
}

fn both((chinese, english): Texts) -> String {
    format!("{chinese} · {english}")
}

/// How wide a text is: ASCII and half-width forms are one column, everything else two. "10 汉字" are twenty columns.
pub fn columns(text: &str) -> usize {
    text.chars().map(|letter| if is_half_width(letter) { 1 } else { 2 }).sum()
}

fn is_half_width(letter: char) -> bool {
    letter.is_ascii() || matches!(letter, '\u{ff61}'..='\u{ffdc}' | '\u{ffe8}'..='\u{ffee}')
}

/// Times are 32 bits wide at Baidu, and end in January 2038.
fn fits_32_bits(seconds: i64) -> bool {
    i32::try_from(seconds).is_ok_and(|seconds| seconds > 0)
}

const LONGEST_RECORD: usize = 32;
const LONGEST_CODE: usize = 32;
/// Ours; Baidu names no limit for it.
const LONGEST_DEST_URL: usize = 512;

/// All that Baidu would refuse about a template; `param` names the field as the merchant knows it.
pub fn check_template(form: &TemplateForm) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    for (param, text, least, most, texts) in [
        (
            "title",
            &form.title,
            1,
            10,
            ("标题为 1 至 10 个汉字", "title: 1 to 10 Chinese characters"),
        ),
        (
            "texts.description",
            &form.description,
            0,
            20,
            ("副标题最多 20 个汉字", "description: up to 20 Chinese characters"),
        ),
        (
            "texts.introduction",
            &form.introduce,
            1,
            500,
            ("使用说明为 1 至 500 个汉字", "introduction: 1 to 500 Chinese characters"),
        ),
        (
            "texts.threshold",
            &form.sill,
            1,
            20,
            ("使用门槛为 1 至 20 个汉字", "threshold: 1 to 20 Chinese characters"),
        ),
        (
            "texts.limit",
            &form.take_limit,
            1,
            20,
            ("领取限制为 1 至 20 个汉字", "limit: 1 to 20 Chinese characters"),
        ),
    ] {
        let wide = if text.trim().is_empty() { 0 } else { columns(text) };
        problems.expect((least..=2 * most).contains(&wide), param, both(texts));
    }
    check_span(form.effect_time, form.expire_time, &mut problems);
    let callback = Url::parse(form.callback_url.expose_secret());
    let absolute = callback.is_ok_and(|url| address::check_base(&url).is_ok());
    let https = ("回调地址必须是 https", "callback address: https, or http on this machine");
    problems.expect(absolute, "callback_url", both(https));
    problems.into_result()
}

fn check_span(from: i64, until: i64, problems: &mut Problems) {
    let ends = ("有效期必须在 2038 年 1 月之前", "validity: times before January 2038");
    problems.expect(fits_32_bits(from) && fits_32_bits(until), "validity", both(ends));
    let ordered = ("有效期的结束必须晚于开始", "validity: the end is later than the beginning");
    problems.expect(from < until, "validity", both(ordered));
}

/// All that Baidu would refuse about a banner; its picture was looked at when it was read. The coupon pages bound neither
/// title nor path; the title gets the limit of a template's.
pub fn check_banner(form: &BannerForm) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    let title = ("标题为 1 至 10 个汉字", "title: 1 to 10 Chinese characters");
    let wide = if form.title.trim().is_empty() { 0 } else { columns(&form.title) };
    problems.expect((1..=20).contains(&wide), "title", both(title));
    let path = (
        "跳转路径必须是小程序内的页面路径，例如 /pages/index",
        "dest_url: a path inside the mini-program, such as /pages/index",
    );
    problems.expect(is_inside(&form.dest_url), "dest_url", both(path));
    problems.into_result()
}

/// The form of a banner, or all that Baidu would refuse about it.
pub fn read_banner(title: &str, dest_url: &str, image: Bytes) -> Result<BannerForm, Vec<Problem>> {
    let image = Image::read(image).map_err(|problem| vec![problem])?;
    let form = BannerForm { title: title.to_owned(), dest_url: dest_url.to_owned(), image };
    check_banner(&form)?;
    Ok(form)
}

/// A page of the mini-program: from its root, and nowhere else.
fn is_inside(path: &str) -> bool {
    let visible = path.chars().all(|letter| !letter.is_control() && !letter.is_whitespace());
    let elsewhere = path.starts_with("//") || path.contains(['\\']);
    let climbs = path.split(['/', '?', '#']).any(|part| part == "..");
    path.starts_with('/')
        && (2..=LONGEST_DEST_URL).contains(&path.len())
        && visible
        && !elsewhere
        && !climbs
}

/// All that Baidu would refuse about a coupon for a wallet.
pub fn check_sync(letter: &SyncLetter<'_>) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    let seconds = |moment: DateTime<Utc>| moment.timestamp();
    let record = ("记录号为 1 至 32 字节", "record: 1 to 32 bytes");
    problems.expect((1..=LONGEST_RECORD).contains(&letter.record.len()), "record", both(record));
    let code = ("券码为 1 至 32 字节", "code: 1 to 32 bytes");
    problems.expect((1..=LONGEST_CODE).contains(&letter.code.len()), "code", both(code));
    let holder = ("缺少领券人", "open_id: who holds it");
    problems.expect(!letter.open_id.is_empty(), "open_id", both(holder));
    check_span(seconds(letter.from), seconds(letter.until), &mut problems);
    problems.into_result()
}

/// All that Baidu would refuse about an addition of stock.
pub fn check_stock(letter: &StockLetter<'_>) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    let name = ("入库单号不能为空", "name: not empty");
    problems.expect(!letter.name.is_empty(), "name", both(name));
    let amount = ("数量必须大于零", "amount: above zero");
    problems.expect(letter.amount > 0, "amount", both(amount));
    problems.into_result()
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;
    use crate::{domain::benefit::CouponKind, platform::baidu::colour::COLOURS};

    fn good() -> TemplateForm {
        TemplateForm {
            colour: COLOURS.0[0],
            kind: CouponKind::Cash,
            title: "京东618满199减100券".to_owned(),
            description: String::new(),
            effect_time: 1_574_952_776,
            expire_time: 1_577_544_776,
            introduce: "说明".to_owned(),
            sill: "满199元可用".to_owned(),
            take_limit: "每人限领1张".to_owned(),
            callback_url: SecretString::from("https://m.example/callbacks/baidu/secret"),
        }
    }

    fn params(form: &TemplateForm) -> Vec<&'static str> {
        check_template(form).err().into_iter().flatten().map(|problem| problem.param).collect()
    }

    #[test]
    fn columns_are_counted_as_baidus_own_sample_needs() {
        assert_eq!(columns("京东618满199减100券"), 19);
        assert_eq!((columns("１"), columns("ｱ"), columns("a"), columns("")), (2, 1, 1, 0));
        assert_eq!(params(&good()), Vec::<&str>::new());
    }

    #[test]
    fn each_text_fits_to_the_column() {
        type Field = fn(&mut TemplateForm) -> &mut String;
        let fields: [(&str, usize, Field); 5] = [
            ("title", 10, |form| &mut form.title),
            ("texts.description", 20, |form| &mut form.description),
            ("texts.introduction", 500, |form| &mut form.introduce),
            ("texts.threshold", 20, |form| &mut form.sill),
            ("texts.limit", 20, |form| &mut form.take_limit),
        ];
        for (param, most, field) in fields {
            let with = |text: String| {
                let mut form = good();
                *field(&mut form) = text;
                params(&form)
            };
            assert_eq!(with("券".repeat(most)), Vec::<&str>::new());
            assert_eq!(with("a".repeat(2 * most)), Vec::<&str>::new());
            assert_eq!(with("券".repeat(most) + "a"), [param]);
            let blank: &[&str] = if param == "texts.description" { &[] } else { &[param] };
            assert_eq!(with(String::new()), blank);
            assert_eq!(with(" ".to_owned()), blank);
        }
    }

    #[test]
    fn all_problems_are_told_at_once_in_two_languages() {
        let mut form = good();
        form.title = "一二三四五六七八九十十一".to_owned();
        form.expire_time = form.effect_time;
        form.callback_url = SecretString::from("/test");

        let problems = check_template(&form).unwrap_err();

        assert_eq!(
            problems[0].message,
            "标题为 1 至 10 个汉字 · title: 1 to 10 Chinese characters"
        );
        assert_eq!(params(&form), ["title", "validity", "callback_url"]);
    }

    #[test]
    fn times_fit_in_thirty_two_bits() {
        for (effect_time, expire_time, right) in [
            (1, i64::from(i32::MAX), true),
            (1, i64::from(i32::MAX) + 1, false),
            (0, 1, false),
            (-5, 1, false),
            (2, 1, false),
        ] {
            let form = TemplateForm { effect_time, expire_time, ..good() };
            assert_eq!(params(&form).is_empty(), right, "{effect_time}..{expire_time}");
        }
    }

    #[test]
    fn a_callback_address_is_absolute_and_safe() {
        for (url, right) in [
            ("https://m.example/cb/x", true),
            ("http://127.0.0.1:8080/cb/x", true),
            ("http://m.example/cb/x", false),
            ("ftp://127.0.0.1/", false),
            ("/test", false),
            ("", false),
        ] {
            let form = TemplateForm { callback_url: SecretString::from(url), ..good() };
            assert_eq!(params(&form).is_empty(), right, "{url}");
        }
    }

    #[test]
    fn a_banner_leads_into_the_mini_program() {
        for (path, right) in [
            ("/pages/index", true),
            ("/pages/coupon?id=1&from=券", true),
            ("pages/index", false),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("https://m.example/", false),
            ("/pages/../index", false),
            ("/a b", false),
            ("/", false),
            ("", false),
        ] {
            assert_eq!(is_inside(path), right, "{path}");
        }
    }

    #[test]
    fn a_letter_fits_to_the_byte() {
        let moment = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let long = "x".repeat(33);
        let letter = SyncLetter {
            template: 123,
            open_id: "open-1",
            record: &long[..32],
            code: &long[..32],
            from: moment(1_574_952_776),
            until: moment(1_577_544_776),
        };
        let params = |letter: SyncLetter<'_>| -> Vec<_> {
            check_sync(&letter).err().into_iter().flatten().map(|problem| problem.param).collect()
        };

        assert_eq!(params(letter), Vec::<&str>::new());
        assert_eq!(params(SyncLetter { record: &long, ..letter }), ["record"]);
        let wrong = SyncLetter { code: "", open_id: "", until: letter.from, ..letter };
        assert_eq!(params(wrong), ["code", "open_id", "validity"]);
        assert_eq!(params(SyncLetter { until: moment(1 << 31), ..letter }), ["validity"]);
        assert_eq!(format!("{letter:?}"), format!("SyncLetter({} of 123)", &long[..32]));
    }
}
