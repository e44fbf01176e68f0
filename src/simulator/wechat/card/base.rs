//! `base_info`: which fields there are, what may be in them, and what a change of each costs.

use serde_json::Value;

use super::super::colour;
use super::super::fields::Fields;
use super::super::trouble::Trouble;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Holds {
    /// A text of so many bytes of UTF-8 when it is created, and when it is changed.
    Text(usize, usize),
    /// One of a list of names; its documented length means nothing.
    Name,
    Number,
    Flag,
    List,
    Object,
}

/// What a change costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Change {
    /// It cannot be changed.
    Never,
    /// Nothing.
    Free,
    /// A new review.
    Review,
}

#[derive(Debug)]
pub(in super::super) struct Rule {
    pub name: &'static str,
    pub holds: Holds,
    pub change: Change,
    pub is_required: bool,
}

const fn rule(name: &'static str, holds: Holds, change: Change) -> Rule {
    Rule { name, holds, change, is_required: false }
}

const fn required(name: &'static str, holds: Holds, change: Change) -> Rule {
    Rule { name, holds, change, is_required: true }
}

const fn text(most: usize) -> Holds {
    Holds::Text(most, most)
}

/// Links to web pages: gone since 2019, and even an empty one is refused.
pub(in super::super) const WEB_LINKS: [&str; 3] = ["center_url", "custom_url", "promotion_url"];

/// Every field that a document names.
pub(in super::super) const RULES: [Rule; 41] = [
    required("logo_url", text(128), Change::Review),
    required("brand_name", text(36), Change::Never),
    required("code_type", Holds::Name, Change::Free),
    required("title", text(27), Change::Never),
    required("color", Holds::Name, Change::Review),
    required("notice", text(48), Change::Review),
    required("description", text(3072), Change::Review),
    required("sku", Holds::Object, Change::Never),
    required("date_info", Holds::Object, Change::Free),
    rule("use_custom_code", Holds::Flag, Change::Never),
    rule("get_custom_code_mode", Holds::Name, Change::Never),
    rule("bind_openid", Holds::Flag, Change::Never),
    rule("service_phone", text(24), Change::Free),
    rule("location_id_list", Holds::List, Change::Free),
    rule("use_all_locations", Holds::Flag, Change::Free),
    rule("center_title", text(18), Change::Free),
    rule("center_sub_title", text(24), Change::Free),
    rule("center_url", text(128), Change::Free),
    rule("center_app_brand_user_name", text(128), Change::Free),
    rule("center_app_brand_pass", text(128), Change::Free),
    rule("custom_url_name", Holds::Text(15, 16), Change::Free),
    rule("custom_url_sub_title", text(18), Change::Free),
    rule("custom_url", text(128), Change::Free),
    rule("custom_app_brand_user_name", text(128), Change::Free),
    rule("custom_app_brand_pass", text(128), Change::Free),
    rule("promotion_url_name", Holds::Text(15, 16), Change::Free),
    rule("promotion_url_sub_title", text(18), Change::Free),
    rule("promotion_url", text(128), Change::Free),
    rule("promotion_app_brand_user_name", text(128), Change::Free),
    rule("promotion_app_brand_pass", text(128), Change::Free),
    rule("get_limit", Holds::Number, Change::Free),
    rule("use_limit", Holds::Number, Change::Never),
    rule("can_share", Holds::Flag, Change::Free),
    rule("can_give_friend", Holds::Flag, Change::Free),
    rule("need_push_on_view", Holds::Flag, Change::Never),
    rule("source", text(36), Change::Never),
    rule("sub_merchant_info", Holds::Object, Change::Never),
    rule("sub_title", text(54), Change::Never),
    rule("pay_info", Holds::Object, Change::Never),
    rule("is_pay_and_qrcode", Holds::Flag, Change::Never),
    rule("area_code_list", Holds::List, Change::Never),
];

/// The rule of a field.
pub(in super::super) fn rule_of(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}

/// Types first, then lengths, of everything that was sent.
pub(in super::super) fn check(base: &Fields<'_>, is_new: bool) -> Result<(), Trouble> {
    for rule in &RULES {
        check_type(base, rule, is_new)?;
    }
    for rule in &RULES {
        if let Holds::Text(new, changed) = rule.holds {
            let most = if is_new { new } else { changed };
            if base.find_text(rule.name)?.is_some_and(|text| text.len() > most) {
                return Err(Trouble::too_long(&base.path_of(rule.name)));
            }
        }
    }
    Ok(())
}

fn check_type(base: &Fields<'_>, rule: &Rule, is_new: bool) -> Result<(), Trouble> {
    match rule.holds {
        Holds::Text(..) | Holds::Name => base.find_text(rule.name).map(drop),
        Holds::Number => base.find_integer(rule.name).map(drop),
        Holds::Flag => base.find_flag(rule.name).map(drop),
        Holds::Object => base.find_object(rule.name).map(drop),
        // A number nought instead of a list clears it.
        Holds::List if !is_new && base.find(rule.name).and_then(Value::as_i64) == Some(0) => Ok(()),
        Holds::List => base.find_list(rule.name).map(drop),
    }
}

/// What every required field must be; objects say themselves what they need.
pub(in super::super) fn check_required(base: &Fields<'_>) -> Result<(), Trouble> {
    for rule in RULES.iter().filter(|rule| rule.is_required) {
        let empty = base.find(rule.name).is_none_or(|value| value.as_str() == Some(""));
        if empty {
            return Err(base.missing(rule.name));
        }
    }
    Ok(())
}

/// Values that must be of a list, or on WeChat's own servers.
pub(in super::super) fn check_values(base: &Fields<'_>) -> Result<(), Trouble> {
    const CODE_TYPES: [&str; 6] = [
        "CODE_TYPE_TEXT",
        "CODE_TYPE_BARCODE",
        "CODE_TYPE_QRCODE",
        "CODE_TYPE_ONLY_QRCODE",
        "CODE_TYPE_ONLY_BARCODE",
        "CODE_TYPE_NONE",
    ];
    if base.find_text("code_type")?.is_some_and(|name| !CODE_TYPES.contains(&name)) {
        return Err(Trouble::new(40072, "invalid code type"));
    }
    if base.find_text("color")?.is_some_and(|name| !colour::is_known(name)) {
        return Err(Trouble::parameter("color"));
    }
    if base.find_text("logo_url")?.is_some_and(|url| !is_on_cdn(url)) {
        return Err(Trouble::parameter("logo_url is not on the CDN"));
    }
    for name in ["get_limit", "use_limit"] {
        if base.find_integer(name)?.is_some_and(|limit| limit < 1) {
            return Err(Trouble::parameter(name));
        }
    }
    let everywhere = base.find_flag("use_all_locations")? == Some(true);
    let somewhere = base.find("location_id_list").and_then(Value::as_array);
    if everywhere && somewhere.is_some_and(|list| !list.is_empty()) {
        return Err(Trouble::parameter("location_id_list beside use_all_locations"));
    }
    Ok(())
}

/// Whether a picture came from `/cgi-bin/media/uploadimg`.
pub(in super::super) fn is_on_cdn(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    rest.is_some_and(|rest| {
        ["mmbiz.qpic.cn/", "mmbiz.qlogo.cn/"].iter().any(|h| rest.starts_with(h))
    })
}
