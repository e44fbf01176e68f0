//! The terms of a template: what is frozen into every coupon that is issued under them.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::{
    audience::Audience,
    benefit::{Benefit, CouponKind, Scope, Threshold},
    category::Category,
    code::{CodePrefix, LONGEST_PREFIX},
    exact::nothing_else,
    problem::{Problem, Problems},
    validity::ValidityRule,
};

/// Everything a coupon promises. Stored as one document per version, never changed after that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// 1 to 40 characters; platforms allow fewer and say so when it is published there.
    #[schemars(length(min = 1, max = 40))]
    pub title: String,
    /// What platforms call it.
    pub kind: CouponKind,
    /// What the holder gets.
    pub benefit: Benefit,
    /// What must be in the cart.
    #[serde(default)]
    pub threshold: Threshold,
    /// Which goods and stores.
    #[serde(default)]
    pub scope: Scope,
    /// How the merchant sorts it; where front ends list one category, one without is in none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// The pages on which front ends offer its coupons, for example `pay_page`; empty for all of them. It narrows lists and
    /// hinders no use.
    #[serde(default, deserialize_with = "or_empty", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MOST_CHANNELS), inner(length(min = 1, max = 64)))]
    pub channels: Vec<String>,
    /// Who may claim.
    #[serde(default)]
    pub audience: Audience,
    /// 1 to 12: for members born in this month only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 12))]
    pub birth_month: Option<u8>,
    /// The first moment at which it can be claimed.
    pub claim_from: DateTime<Utc>,
    /// The first moment at which it can no longer be claimed.
    pub claim_until: DateTime<Utc>,
    /// When an issued coupon can be used.
    pub validity: ValidityRule,
    /// How many one person may have, over all placements and all of a member's holders; of the category `birthday` one a
    /// year, whatever stands here.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = MOST_PER_PERSON))]
    pub per_person_limit: u32,
    /// Where codes come from.
    #[serde(default)]
    pub codes: CodeSource,
    /// What people read.
    #[serde(default)]
    pub texts: Texts,
    /// `#RRGGBB`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^#[0-9A-Fa-f]{6}$"))]
    pub colour: Option<String>,
}

/// Where the codes of a template come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum CodeSource {
    /// Made at the moment of issue.
    Generated {
        /// Up to 15 capital letters or digits before the random part.
        #[serde(default)]
        prefix: CodePrefix,
    },
    /// Uploaded by the merchant beforehand.
    #[serde(deserialize_with = "nothing_else")]
    Uploaded,
}

/// What people read about a coupon.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Texts {
    /// One line under the title.
    #[schemars(length(max = 200))]
    pub description: String,
    /// How to use it.
    #[schemars(length(max = 2000))]
    pub introduction: String,
    /// The threshold in words.
    #[schemars(length(max = 200))]
    pub threshold: String,
    /// The per-person limit in words.
    #[schemars(length(max = 200))]
    pub limit: String,
}

impl Default for CodeSource {
    fn default() -> Self {
        Self::Generated { prefix: CodePrefix::default() }
    }
}

/// `null` takes a field back to what it is when it is left out.
fn or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

const fn one() -> u32 {
    1
}

const MOST_PER_PERSON: u32 = 10_000;
const MOST_CHANNELS: usize = 20;

impl Terms {
    /// All that is wrong with the terms, so that the writer mends it in one go.
    pub fn check(&self) -> Result<(), Vec<Problem>> {
        let mut problems = Problems::default();
        let title = self.title.chars().count();
        problems.expect((1..=40).contains(&title), "title", "1 to 40 characters");
        self.benefit.check(&mut problems);
        self.threshold.check(&mut problems);
        self.scope.check(&mut problems);
        self.check_audience(&mut problems);
        problems.expect(self.claim_from < self.claim_until, "claim_until", "later than claim_from");
        self.validity.check(self.claim_until, &mut problems);
        problems.expect(
            (1..=MOST_PER_PERSON).contains(&self.per_person_limit),
            "per_person_limit",
            "1 to 10000",
        );
        self.check_texts(&mut problems);
        problems.into_result()
    }

    /// Whether people who look at the coupon on a platform see the same; who may claim it, on which goods it counts and
    /// where its codes come from is ours alone.
    pub fn show_the_same_as(&self, other: &Self) -> bool {
        let Self { title, kind, benefit, threshold, texts, colour, .. } = self;
        (title, kind, benefit, threshold, texts, colour)
            == (
                &other.title,
                &other.kind,
                &other.benefit,
                &other.threshold,
                &other.texts,
                &other.colour,
            )
            && (self.claim_from, self.claim_until, &self.validity, self.per_person_limit)
                == (other.claim_from, other.claim_until, &other.validity, other.per_person_limit)
    }

    /// Whether front ends offer its coupons on this page.
    pub fn is_offered_on(&self, channel: &str) -> bool {
        self.channels.is_empty() || self.channels.iter().any(|known| known == channel)
    }

    /// What must be in the cart, in the merchant's own words or, where there are none, in ours.
    pub fn threshold_text(&self) -> String {
        let written = &self.texts.threshold;
        if written.trim().is_empty() { self.threshold.text() } else { written.clone() }
    }

    fn check_audience(&self, problems: &mut Problems) {
        if let Audience::MemberClasses { any_of } = &self.audience {
            let named = any_of.iter().all(|class| (1..=64).contains(&class.len()));
            problems.expect(
                (1..=100).contains(&any_of.len()) && named,
                "audience.any_of",
                "1 to 100 classes of 1 to 64 bytes",
            );
        }
        problems.expect(
            self.birth_month.is_none_or(|month| (1..=12).contains(&month)),
            "birth_month",
            "1 to 12",
        );
        problems.expect(
            self.category != Some(Category::Birthday) || self.birth_month.is_some(),
            "birth_month",
            "needed for the category birthday",
        );
        let channels = &self.channels;
        problems.expect(
            channels.len() <= MOST_CHANNELS
                && channels.iter().all(|channel| (1..=64).contains(&channel.len())),
            "channels",
            "up to 20 names of 1 to 64 bytes",
        );
    }

    fn check_texts(&self, problems: &mut Problems) {
        for (param, text, longest) in [
            ("texts.description", &self.texts.description, 200),
            ("texts.introduction", &self.texts.introduction, 2000),
            ("texts.threshold", &self.texts.threshold, 200),
            ("texts.limit", &self.texts.limit, 200),
        ] {
            let fits = text.chars().count() <= longest;
            problems.expect(fits, param, format!("up to {longest} characters"));
        }
        let colour = self.colour.as_deref().is_none_or(|colour| {
            colour.len() == 7
                && colour.starts_with('#')
                && colour.bytes().skip(1).all(|byte| byte.is_ascii_hexdigit())
        });
        problems.expect(colour, "colour", "#RRGGBB");
        if let CodeSource::Generated { prefix } = &self.codes {
            problems.expect(
                prefix.is_valid(),
                "codes.prefix",
                format!("up to {LONGEST_PREFIX} capital letters or digits"),
            );
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Terms that are right: 20 off 100, claimable through November 2026, valid for 7 days.
    pub(crate) fn sample() -> Terms {
        serde_json::from_str(include_str!("../../tests/fixtures/terms.json")).unwrap()
    }

    #[test]
    fn the_sample_is_right_and_survives_a_round_trip() {
        let terms = sample();

        assert_eq!(terms.check(), Ok(()));
        let text = serde_json::to_string(&terms).unwrap();
        assert_eq!(serde_json::from_str::<Terms>(&text).unwrap(), terms);
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let mut terms = sample();
        terms.title = String::new();
        terms.benefit = Benefit::Amount { off_fen: 0 };
        terms.claim_until = terms.claim_from;
        terms.per_person_limit = 0;
        terms.colour = Some("red".into());
        terms.birth_month = Some(13);
        terms.audience = Audience::MemberClasses { any_of: vec![] };

        let params: Vec<_> = terms.check().unwrap_err().iter().map(|p| p.param).collect();

        let expected = [
            "title",
            "benefit.off_fen",
            "audience.any_of",
            "birth_month",
            "claim_until",
            "per_person_limit",
            "colour",
        ];
        assert_eq!(params, expected);
    }

    #[test]
    fn a_fixed_span_may_not_end_before_the_claims_do() {
        let mut terms = sample();
        terms.validity = ValidityRule::Fixed { from: terms.claim_from, until: terms.claim_from };

        let params: Vec<_> = terms.check().unwrap_err().iter().map(|p| p.param).collect();

        assert_eq!(params, ["validity.until", "claim_until"]);
    }

    #[test]
    fn only_what_people_see_counts_as_shown() {
        let (mut seen, mut unseen) = (sample(), sample());
        seen.texts.limit = "每人限领 2 张".into();
        unseen.audience = Audience::MemberClasses { any_of: vec!["gold".into()] };

        assert!(!seen.show_the_same_as(&sample()));
        assert!(unseen.show_the_same_as(&sample()));
    }

    #[test]
    fn a_birthday_has_a_month() {
        let mut terms = sample();
        terms.category = Some(Category::Birthday);
        let params: Vec<_> = terms.check().unwrap_err().iter().map(|p| p.param).collect();
        assert_eq!(params, ["birth_month"]);

        terms.birth_month = Some(12);
        assert_eq!(terms.check(), Ok(()));
    }

    #[test]
    fn what_names_no_page_is_offered_on_all_of_them() {
        let mut terms = sample();
        assert!(terms.is_offered_on("pay_page"));

        terms.channels = vec!["home".into()];
        assert!(!terms.is_offered_on("pay_page") && terms.is_offered_on("home"));
    }

    #[test]
    fn unknown_fields_are_refused() {
        let mut document = serde_json::to_value(sample()).unwrap();
        document["titel"] = "typo".into();

        assert!(serde_json::from_value::<Terms>(document).is_err());
    }

    #[test]
    fn a_tag_that_says_it_all_stands_alone() {
        for field in ["threshold", "audience", "benefit", "codes"] {
            let tag = match field {
                "threshold" => "none",
                "audience" => "everyone",
                "benefit" => "exchange",
                _ => "uploaded",
            };
            let mut document = serde_json::to_value(sample()).unwrap();
            document[field] = serde_json::json!({ "type": tag });
            assert!(serde_json::from_value::<Terms>(document.clone()).is_ok(), "{field}");

            document[field]["fen"] = 1.into();

            assert!(serde_json::from_value::<Terms>(document).is_err(), "{field}");
        }
    }
}
