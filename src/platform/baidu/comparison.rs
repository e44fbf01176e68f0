//! What stands at Baidu beside what should stand there.
//!
//! Finds the template again whose creation went unanswered, and notices what somebody changed by hand.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::{
    colour::COLOURS,
    form::{TemplateForm, kind_of},
    shown::ShownTemplate,
};

/// The fields that differ, as the merchant knows them. The callback address is not shown, so it cannot differ.
pub fn differences(shown: &ShownTemplate, form: &TemplateForm) -> Vec<&'static str> {
    let same = [
        ("colour", COLOURS.read(&shown.bg_color) == Some(form.colour)),
        ("kind", kind_of(shown.coupon_type) == Some(form.kind)),
        ("title", shown.title == form.title),
        ("texts.description", shown.description == form.description),
        ("validity.from", shown.effect_time == form.effect_time),
        ("validity.until", shown.expire_time == form.expire_time),
        ("texts.introduction", shown.introduce == form.introduce),
        ("texts.threshold", shown.sill == form.sill),
        ("texts.limit", shown.take_limit == form.take_limit),
    ];
    same.into_iter().filter(|(_, same)| !same).map(|(field, _)| field).collect()
}

/// What people see of a template, by the same names; of what we cannot read, as it was shown.
pub fn seen(shown: &ShownTemplate) -> Value {
    let moment = |seconds: i64| {
        let moment = DateTime::<Utc>::from_timestamp(seconds, 0);
        moment.map(|moment| moment.to_rfc3339_opts(SecondsFormat::Secs, true))
    };
    let colour = COLOURS.read(&shown.bg_color);
    json!({
        "colour": colour.map_or_else(|| shown.bg_color.clone(), |colour| colour.name().to_owned()),
        "kind": kind_of(shown.coupon_type).map_or_else(|| json!(shown.coupon_type), |kind| json!(kind)),
        "title": shown.title,
        "texts.description": shown.description,
        "validity.from": moment(shown.effect_time),
        "validity.until": moment(shown.expire_time),
        "texts.introduction": shown.introduce,
        "texts.threshold": shown.sill,
        "texts.limit": shown.take_limit,
    })
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;
    use crate::{
        domain::{reconciliation::changes, terms::tests::sample},
        platform::baidu::draft::draft,
    };

    fn form() -> TemplateForm {
        draft(&sample(), SecretString::from("https://m.example/cb/x")).unwrap()
    }

    fn shown(change: impl FnOnce(&mut Value)) -> ShownTemplate {
        let form = form();
        let mut template = json!({
            "id": 1, "bgColor": "B010", "couponType": 2, "title": form.title,
            "description": form.description, "effectTime": form.effect_time,
            "expireTime": form.expire_time, "introduce": form.introduce, "sill": form.sill,
            "takeLimit": form.take_limit, "createTime": 1, "updateTime": 2, "deleted": 0,
        });
        change(&mut template);
        serde_json::from_value(template).unwrap()
    }

    #[test]
    fn a_template_as_it_was_told_differs_in_nothing_however_its_colour_is_shown() {
        for colour in ["B010", "#9857AE", "#9857ae"] {
            let shown = shown(|template| template["bgColor"] = colour.into());
            assert_eq!(differences(&shown, &form()), Vec::<&str>::new(), "{colour}");
        }
    }

    #[test]
    fn each_field_is_looked_at() {
        for (key, value, field) in [
            ("bgColor", json!("B020"), "colour"),
            ("bgColor", json!("red"), "colour"),
            ("couponType", json!(1), "kind"),
            ("couponType", json!(9), "kind"),
            ("title", json!("x"), "title"),
            ("description", json!(null), "texts.description"),
            ("effectTime", json!(1), "validity.from"),
            ("expireTime", json!(1), "validity.until"),
            ("introduce", json!(""), "texts.introduction"),
            ("sill", json!(""), "texts.threshold"),
            ("takeLimit", json!(""), "texts.limit"),
        ] {
            let shown = shown(|template| template[key] = value);
            assert_eq!(differences(&shown, &form()), [field]);
        }
    }

    #[test]
    fn what_was_seen_is_told_from_what_is_seen_now_however_the_colour_is_shown() {
        let before = seen(&shown(|_| {}));
        let same = seen(&shown(|template| template["bgColor"] = "#9857ae".into()));
        let other = seen(&shown(|template| {
            template["title"] = "x".into();
            template["expireTime"] = 1.into();
        }));

        assert_eq!(changes(&before, &same), Vec::<String>::new());
        assert_eq!(changes(&before, &other), ["title", "validity.until"]);
        assert_eq!((&before["kind"], &before["colour"]), (&json!("cash"), &json!("B010")));
    }

    #[test]
    fn times_as_texts_are_the_same_times() {
        let shown = shown(|template| {
            template["effectTime"] = template["effectTime"].to_string().into();
            template["createTime"] = json!(1_574_900_000_000_i64);
        });

        assert_eq!(differences(&shown, &form()), Vec::<&str>::new());
    }
}
