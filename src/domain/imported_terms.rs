//! Terms of what stands on a platform already: the platform knows what it shows, the merchant says the rest.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    audience::Audience,
    benefit::{Benefit, CouponKind, Scope, Threshold},
    category::Category,
    problem::Problem,
    terms::{CodeSource, Terms, Texts},
    validity::ValidityRule,
};

/// The part of the terms that a platform does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportedTerms {
    /// What the holder gets.
    pub benefit: Benefit,
    /// What must be in the cart.
    #[serde(default)]
    pub threshold: Threshold,
    /// Which goods and stores.
    #[serde(default)]
    pub scope: Scope,
    /// Who may claim.
    #[serde(default)]
    pub audience: Audience,
    /// How the merchant sorts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// The pages on which front ends offer its coupons; empty for all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// For members born in this month only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 12))]
    pub birth_month: Option<u8>,
    /// Left out, it can be claimed as soon as somebody opens the draft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim_from: Option<DateTime<Utc>>,
    /// Left out, it can be claimed until it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim_until: Option<DateTime<Utc>>,
    /// How many one person may have; one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000))]
    pub per_person_limit: Option<u32>,
    /// Where codes come from.
    #[serde(default)]
    pub codes: CodeSource,
}

/// The part that a platform knows, because it shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownTerms {
    /// In the platform's list.
    pub title: String,
    /// What the platform calls it.
    pub kind: CouponKind,
    /// What people read.
    pub texts: Texts,
    /// `#RRGGBB`, when it is one that we know.
    pub colour: Option<String>,
    /// The first moment at which coupons can be used.
    pub valid_from: DateTime<Utc>,
    /// The first moment at which they are over.
    pub valid_until: DateTime<Utc>,
}

impl ImportedTerms {
    /// The whole terms, imported at `now`.
    pub fn complete(self, shown: ShownTerms, now: DateTime<Utc>) -> Terms {
        let ShownTerms { title, kind, texts, colour, valid_from, valid_until } = shown;
        Terms {
            title,
            kind,
            benefit: self.benefit,
            threshold: self.threshold,
            scope: self.scope,
            audience: self.audience,
            category: self.category,
            channels: self.channels,
            birth_month: self.birth_month,
            claim_from: self.claim_from.unwrap_or(now),
            claim_until: self.claim_until.unwrap_or(valid_until),
            validity: ValidityRule::Fixed { from: valid_from, until: valid_until },
            per_person_limit: self.per_person_limit.unwrap_or(1),
            codes: self.codes,
            texts,
            colour,
        }
    }

    /// All that is wrong with them whatever the platform shows.
    pub fn check(&self, now: DateTime<Utc>) -> Result<(), Vec<Problem>> {
        let far = DateTime::<Utc>::MAX_UTC;
        let shown = ShownTerms {
            title: "…".to_owned(),
            kind: CouponKind::General,
            texts: Texts::default(),
            colour: None,
            valid_from: DateTime::UNIX_EPOCH,
            valid_until: far,
        };
        self.clone().complete(shown, now).check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> DateTime<Utc> {
        "2026-11-11T12:00:00+08:00".parse().unwrap()
    }

    #[test]
    fn what_is_left_out_follows_what_the_platform_shows() {
        let document = serde_json::json!({ "benefit": { "type": "amount", "off_fen": 2000 } });
        let imported: ImportedTerms = serde_json::from_value(document).unwrap();
        let until = "2026-12-01T00:00:00+08:00".parse().unwrap();
        let shown = ShownTerms {
            title: "满减".into(),
            kind: CouponKind::Cash,
            texts: Texts::default(),
            colour: None,
            valid_from: noon(),
            valid_until: until,
        };

        let terms = imported.complete(shown, noon());

        assert_eq!(terms.check(), Ok(()));
        assert_eq!((terms.claim_from, terms.claim_until), (noon(), until));
        assert_eq!(terms.per_person_limit, 1);
    }

    #[test]
    fn what_the_merchant_says_is_checked_before_anybody_is_asked() {
        let document = serde_json::json!({
            "benefit": { "type": "amount", "off_fen": 0 },
            "per_person_limit": 0,
            "birth_month": 13,
        });
        let imported: ImportedTerms = serde_json::from_value(document).unwrap();

        let problems = imported.check(noon()).unwrap_err();

        let params: Vec<_> = problems.iter().map(|problem| problem.param).collect();
        assert_eq!(params, ["benefit.off_fen", "birth_month", "per_person_limit"]);
    }
}
