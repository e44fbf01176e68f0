//! A template's terms as Baidu is to be told of them.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;

use super::{colour::COLOURS, form::TemplateForm, limits, wording};
use crate::domain::{problem::Problem, terms::Terms, validity::ValidityRule};

/// The form for these terms and this callback address, or all that Baidu would refuse about it.
pub fn draft(terms: &Terms, callback_url: SecretString) -> Result<TemplateForm, Vec<Problem>> {
    let (from, until) = span(terms);
    let texts = &terms.texts;
    let form = TemplateForm {
        colour: COLOURS.nearest(terms.colour.as_deref()),
        kind: terms.kind,
        title: terms.title.clone(),
        description: texts.description.clone(),
        effect_time: from.timestamp(),
        expire_time: until.timestamp(),
        introduce: written(&texts.introduction, || wording::introduction(terms)),
        sill: terms.threshold_text(),
        take_limit: written(&texts.limit, || wording::limit(terms.per_person_limit)),
        callback_url,
    };
    limits::check_template(&form)?;
    Ok(form)
}

/// All that Baidu would refuse about these terms, whatever the address that it is to call.
pub fn check(terms: &Terms) -> Result<(), Vec<Problem>> {
    draft(terms, SecretString::from("https://callback.invalid/")).map(drop)
}

/// Baidu knows one span for all coupons of a template: from the first claim to the end of the last coupon.
fn span(terms: &Terms) -> (DateTime<Utc>, DateTime<Utc>) {
    match terms.validity {
        ValidityRule::Fixed { from, until } => (from, until),
        ValidityRule::AfterClaim { days, starts_after_days } => {
            let lasts = TimeDelta::days(i64::from(days) + i64::from(starts_after_days));
            let until = terms.claim_until.checked_add_signed(lasts);
            (terms.claim_from, until.unwrap_or(DateTime::<Utc>::MAX_UTC))
        }
    }
}

/// What the merchant wrote, or what stands in for it.
fn written(text: &str, otherwise: impl FnOnce() -> String) -> String {
    if text.trim().is_empty() { otherwise() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::domain::terms::{Texts, tests::sample};

    fn callback() -> SecretString {
        SecretString::from("https://m.example/callbacks/baidu/secret")
    }

    fn at(text: &str) -> i64 {
        text.parse::<DateTime<Utc>>().unwrap().timestamp()
    }

    #[test]
    fn what_the_merchant_wrote_is_told_as_it_stands() {
        let form = draft(&sample(), callback()).unwrap();

        assert_eq!((form.colour.name(), form.title.as_str()), ("B010", "满 100 减 20"));
        assert_eq!(
            (form.sill.as_str(), form.take_limit.as_str()),
            ("满 100 元可用", "每人限领 1 张")
        );
        assert_eq!(form.introduce, "下单时选用，一单一张。");
        assert_eq!(form.description, "全场通用");
        assert_eq!(form.callback_url.expose_secret(), "https://m.example/callbacks/baidu/secret");
    }

    #[test]
    fn what_the_merchant_left_out_is_written_for_them() {
        let mut terms = sample();
        terms.texts = Texts::default();
        terms.colour = None;

        let form = draft(&terms, callback()).unwrap();

        assert_eq!((form.sill.as_str(), form.take_limit.as_str()), ("满100元可用", "每人限领1张"));
        assert!(form.introduce.starts_with("立减20元"));
        assert_eq!((form.colour, form.description.as_str()), (COLOURS.0[0], ""));
    }

    #[test]
    fn a_span_after_the_claim_reaches_from_the_first_claim_to_the_last_coupons_end() {
        let mut terms = sample();
        terms.validity = ValidityRule::AfterClaim { days: 7, starts_after_days: 1 };

        let form = draft(&terms, callback()).unwrap();

        assert_eq!(form.effect_time, at("2026-11-01T00:00:00+08:00"));
        assert_eq!(form.expire_time, at("2026-12-09T00:00:00+08:00"));
        let last = terms.claim_until - TimeDelta::milliseconds(1);
        assert!(terms.validity.for_claim_at(last).until.timestamp() <= form.expire_time);
    }

    #[test]
    fn a_fixed_span_is_told_as_it_is() {
        let mut terms = sample();
        let until = "2026-12-24T00:00:00+08:00";
        terms.validity =
            ValidityRule::Fixed { from: terms.claim_from, until: until.parse().unwrap() };

        let form = draft(&terms, callback()).unwrap();

        assert_eq!(
            (form.effect_time, form.expire_time),
            (at("2026-11-01T00:00:00+08:00"), at(until))
        );
    }

    #[test]
    fn what_baidu_would_refuse_is_told_in_one_go() {
        let mut terms = sample();
        terms.title = "满一百元减二十元优惠券".to_owned();
        terms.texts.limit = "每人限领一张，".repeat(6);
        terms.claim_until = "2040-01-01T00:00:00Z".parse().unwrap();

        let problems = draft(&terms, SecretString::from("http://m.example/")).unwrap_err();

        let params: Vec<_> = problems.iter().map(|problem| problem.param).collect();
        assert_eq!(params, ["title", "texts.limit", "validity", "callback_url"]);
    }
}
