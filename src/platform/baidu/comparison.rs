//! What stands at Baidu beside what should stand there.
//!
//! Finds the template again whose creation went unanswered, and notices what somebody changed by hand.

use super::{
    colour::Colour,
    form::{TemplateForm, kind_of},
    shown::ShownTemplate,
};

/// The fields that differ, as the merchant knows them. The callback address is not shown, so it cannot differ.
pub fn differences(shown: &ShownTemplate, form: &TemplateForm) -> Vec<&'static str> {
    let same = [
        ("colour", Colour::read(&shown.bg_color) == Some(form.colour)),
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

/// Those that stand there just so, the newest first: what became of a creation that went unanswered. Whose placement they
/// are already is for the caller to know.
pub fn lookalikes<'a>(shown: &'a [ShownTemplate], form: &TemplateForm) -> Vec<&'a ShownTemplate> {
    let alike = |shown: &&ShownTemplate| shown.deleted == 0 && differences(shown, form).is_empty();
    let mut found: Vec<_> = shown.iter().filter(alike).collect();
    found.sort_by_key(|shown| std::cmp::Reverse((shown.created_at, shown.id)));
    found
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;
    use serde_json::{Value, json};

    use super::*;
    use crate::{domain::terms::tests::sample, platform::baidu::draft::draft};

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
    fn times_as_texts_are_the_same_times() {
        let shown = shown(|template| {
            template["effectTime"] = template["effectTime"].to_string().into();
            template["createTime"] = json!(1_574_900_000_000_i64);
        });

        assert_eq!(differences(&shown, &form()), Vec::<&str>::new());
    }

    #[test]
    fn lookalikes_come_newest_first_and_without_the_deleted() {
        let numbered = |id: i64, change: (&'static str, Value)| {
            shown(|template| {
                template["id"] = id.into();
                template[change.0] = change.1;
            })
        };
        let all = [
            numbered(1, ("createTime", json!(5))),
            numbered(2, ("deleted", json!(1))),
            numbered(3, ("title", json!("x"))),
            numbered(4, ("createTime", json!(5))),
            numbered(5, ("createTime", json!(3))),
        ];

        let ids: Vec<_> = lookalikes(&all, &form()).iter().map(|shown| shown.id).collect();

        assert_eq!(ids, [4, 1, 5]);
    }
}
