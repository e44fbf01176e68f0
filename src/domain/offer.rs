//! What the coupon centre says of an offer, as the rule of claiming would answer.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::claim::{ClaimRefusal, FinalRefusal, PassingRefusal, Standing, judge};

/// How an offer stands for one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OfferStatus {
    /// A claim would be answered with a coupon.
    Claimable,
    /// They have as many as one may have.
    AlreadyHave,
    /// Nothing is left.
    SoldOut,
    /// Claiming has not begun.
    NotOpen,
    /// It is for others.
    NotEligible,
}

/// Why an offer is for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ineligible {
    /// They are in none of its classes of members.
    MemberClass,
    /// They were not born in its month, or nobody said so.
    BirthMonth,
}

/// How an offer stands at `now`; `None` for one that is not shown, because it was stopped or is over.
pub fn offer_status(standing: Standing<'_>, now: DateTime<Utc>) -> Option<OfferStatus> {
    match judge(standing, now) {
        Ok(_) => Some(OfferStatus::Claimable),
        Err(ClaimRefusal::Final(refusal)) => match refusal {
            FinalRefusal::Ended | FinalRefusal::Closed => None,
            FinalRefusal::NotEligible => Some(OfferStatus::NotEligible),
            FinalRefusal::LimitReached => Some(OfferStatus::AlreadyHave),
            FinalRefusal::SoldOut => Some(OfferStatus::SoldOut),
        },
        Err(ClaimRefusal::Passing(refusal)) => match refusal {
            PassingRefusal::NotOpen => Some(OfferStatus::NotOpen),
            // They are about to.
            PassingRefusal::Reserved => Some(OfferStatus::AlreadyHave),
            PassingRefusal::Unknown
            | PassingRefusal::Paused
            | PassingRefusal::Stale
            | PassingRefusal::NotTheirs
            | PassingRefusal::RecordTaken => None,
        },
    }
}

/// Why an offer is [`OfferStatus::NotEligible`].
pub fn ineligible(standing: &Standing<'_>) -> Ineligible {
    if standing.terms.audience.admits(standing.membership) {
        Ineligible::BirthMonth
    } else {
        Ineligible::MemberClass
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::{
        audience::Audience, people::Membership, placement::PlacementState, template::TemplateState,
        terms::tests::sample,
    };

    #[test]
    fn an_offer_says_what_a_claim_would_hear() {
        let terms = sample();
        let open = Standing {
            terms: &terms,
            template: TemplateState::Active,
            placement: PlacementState::Active,
            membership: None,
            held: 0,
            latest: None,
            reserved: 0,
            left: 1,
        };
        let begin = terms.claim_from;
        for (standing, now, expected) in [
            (open, begin, Some(OfferStatus::Claimable)),
            (open, begin - TimeDelta::seconds(1), Some(OfferStatus::NotOpen)),
            (open, terms.claim_until, None),
            (Standing { held: 1, ..open }, begin, Some(OfferStatus::AlreadyHave)),
            (Standing { left: 0, ..open }, begin, Some(OfferStatus::SoldOut)),
            (Standing { placement: PlacementState::Paused, ..open }, begin, None),
            (Standing { template: TemplateState::Ended, ..open }, begin, None),
        ] {
            assert_eq!(offer_status(standing, now), expected, "{standing:?}");
        }
    }

    #[test]
    fn the_class_is_asked_for_before_the_month() {
        let mut terms = sample();
        terms.audience = Audience::MemberClasses { any_of: vec!["gold".into()] };
        terms.birth_month = Some(5);
        let gold = Membership { classes: vec!["gold".into()], birth_month: Some(6) };
        let standing = |membership| Standing {
            terms: &terms,
            template: TemplateState::Active,
            placement: PlacementState::Active,
            membership,
            held: 0,
            latest: None,
            reserved: 0,
            left: 1,
        };

        for (membership, expected) in
            [(None, Ineligible::MemberClass), (Some(&gold), Ineligible::BirthMonth)]
        {
            let standing = standing(membership);

            let status = offer_status(standing, terms.claim_from);

            assert_eq!(status, Some(OfferStatus::NotEligible));
            assert_eq!(ineligible(&standing), expected);
        }
    }
}
