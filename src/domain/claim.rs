//! Whether somebody may have a coupon: the one rule that every way of issuing asks.

use chrono::{DateTime, Utc};

use super::{
    audience::birth_month_admits, birthday::counted_since, category::Category, people::Membership,
    placement::PlacementState, template::TemplateState, terms::Terms, validity::Validity,
};

/// What a claim is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// The terms in force.
    pub terms: &'a Terms,
    /// Whether the template can be claimed at all.
    pub template: TemplateState,
    /// Whether it can be claimed where the person stands.
    pub placement: PlacementState,
    /// What the merchant knows of the person.
    pub membership: Option<&'a Membership>,
    /// How many coupons of the template the person was given so far.
    pub held: u32,
    /// When the last of them was issued.
    pub latest: Option<DateTime<Utc>>,
    /// How many cards were signed for the person and are not taken yet.
    pub reserved: u32,
    /// How many the placement may still issue this way.
    pub left: i64,
}

/// What a person who may have a coupon gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The person's first, second, … coupon of the template.
    pub ordinal: u32,
    /// When it can be used.
    pub validity: Validity,
}

/// A "no" to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimRefusal {
    /// Remembered with the record, so that every later try hears the same.
    #[error(transparent)]
    Final(#[from] FinalRefusal),
    /// True for now only, so nothing is remembered.
    #[error(transparent)]
    Passing(#[from] PassingRefusal),
}

/// A "no" that stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum FinalRefusal {
    /// The template was ended or its placement withdrawn.
    #[error("the campaign has ended")]
    Ended,
    /// The claim window is over.
    #[error("the time for claiming is over")]
    Closed,
    /// The template is for others.
    #[error("not for this person")]
    NotEligible,
    /// The person has as many as one may have.
    #[error("this person has as many as one may have")]
    LimitReached,
    /// Nothing is left.
    #[error("sold out")]
    SoldOut,
}

/// A "no" for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PassingRefusal {
    /// No such placement.
    #[error("no such coupon")]
    Unknown,
    /// Stopped by an operator, or not opened yet.
    #[error("not being issued at the moment")]
    Paused,
    /// The claim window is still to come.
    #[error("claiming has not begun")]
    NotOpen,
    /// The request was made too long ago, or in the future.
    #[error("the request is out of date")]
    Stale,
    /// The account is not known to be of the member whom it was claimed for.
    #[error("the account belongs to somebody else, or nobody knows to whom")]
    NotTheirs,
    /// So many cards were signed for the person that the limit is reached if they are taken.
    #[error("a card that was just signed for this person is not taken yet")]
    Reserved,
    /// The record belongs to another person or another placement.
    #[error("the record is in use for something else")]
    RecordTaken,
}

impl FinalRefusal {
    /// As the database spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Closed => "closed",
            Self::NotEligible => "not_eligible",
            Self::LimitReached => "limit_reached",
            Self::SoldOut => "sold_out",
        }
    }
}

/// Judges one claim at `now`. Reasons for a "no" in this order: inactive, window, audience, already has it, sold out.
pub fn judge(standing: Standing<'_>, now: DateTime<Utc>) -> Result<Grant, ClaimRefusal> {
    let terms = standing.terms;
    active(standing.template, standing.placement)?;
    if now < terms.claim_from {
        return Err(PassingRefusal::NotOpen.into());
    }
    if terms.claim_until <= now {
        return Err(FinalRefusal::Closed.into());
    }
    let admitted = terms.audience.admits(standing.membership)
        && birth_month_admits(terms.birth_month, standing.membership);
    if !admitted {
        return Err(FinalRefusal::NotEligible.into());
    }
    if has_enough(&standing, now) {
        return Err(FinalRefusal::LimitReached.into());
    }
    if might_have_enough(&standing) {
        return Err(PassingRefusal::Reserved.into());
    }
    if standing.left <= 0 {
        return Err(FinalRefusal::SoldOut.into());
    }
    Ok(Grant { ordinal: standing.held + 1, validity: terms.validity.for_claim_at(now) })
}

/// Whether the person has what one may have: one for each birthday, of other templates so many in all.
fn has_enough(standing: &Standing<'_>, now: DateTime<Utc>) -> bool {
    let Standing { terms, held, latest, .. } = standing;
    match (terms.category, terms.birth_month) {
        (Some(Category::Birthday), Some(month)) => {
            latest.is_some_and(|latest| counted_since(month, now) <= latest)
        }
        _ => *held >= terms.per_person_limit,
    }
}

/// Whether it comes to that once all that was signed for the person is taken.
fn might_have_enough(standing: &Standing<'_>) -> bool {
    let Standing { terms, held, reserved, .. } = standing;
    match (terms.category, terms.birth_month) {
        (Some(Category::Birthday), Some(_)) => *reserved > 0,
        _ => held.saturating_add(*reserved) >= terms.per_person_limit,
    }
}

fn active(template: TemplateState, placement: PlacementState) -> Result<(), ClaimRefusal> {
    match (template, placement) {
        (TemplateState::Ended, _) | (_, PlacementState::Withdrawn) => {
            Err(FinalRefusal::Ended.into())
        }
        (TemplateState::Draft | TemplateState::Paused, _)
        | (TemplateState::Active, PlacementState::Paused) => Err(PassingRefusal::Paused.into()),
        (TemplateState::Active, PlacementState::Active) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{audience::Audience, terms::tests::sample};

    fn standing(terms: &Terms) -> Standing<'_> {
        Standing {
            terms,
            template: TemplateState::Active,
            placement: PlacementState::Active,
            membership: None,
            held: 0,
            latest: None,
            reserved: 0,
            left: 1,
        }
    }

    #[test]
    fn the_window_includes_its_first_moment_and_excludes_its_last() {
        let terms = sample();
        let tick = TimeDelta::milliseconds(1);
        for (now, expected) in [
            (terms.claim_from - tick, Err(PassingRefusal::NotOpen.into())),
            (terms.claim_from, Ok(1)),
            (terms.claim_until - tick, Ok(1)),
            (terms.claim_until, Err(ClaimRefusal::from(FinalRefusal::Closed))),
        ] {
            let answer = judge(standing(&terms), now).map(|grant| grant.ordinal);
            assert_eq!(answer, expected, "{now}");
        }
    }

    #[test]
    fn reasons_come_in_their_order() {
        let mut terms = sample();
        terms.audience = Audience::MemberClasses { any_of: vec!["gold".into()] };
        let gold = Membership { classes: vec!["gold".into()], birth_month: None };
        let late = terms.claim_until;
        let worst =
            Standing { template: TemplateState::Ended, held: 1, left: 0, ..standing(&terms) };
        let active = Standing { template: TemplateState::Active, ..worst };
        let member = Standing { membership: Some(&gold), ..active };
        let first = Standing { held: 0, ..member };
        let now = terms.claim_from;

        for (standing, now, reason) in [
            (worst, late, FinalRefusal::Ended),
            (active, late, FinalRefusal::Closed),
            (active, now, FinalRefusal::NotEligible),
            (member, now, FinalRefusal::LimitReached),
            (first, now, FinalRefusal::SoldOut),
        ] {
            assert_eq!(judge(standing, now), Err(reason.into()));
        }
    }

    #[test]
    fn what_an_operator_stopped_is_refused_for_now_and_what_was_ended_for_good() {
        use PlacementState as P;
        use TemplateState as T;
        let terms = sample();
        let (paused, ended) = (PassingRefusal::Paused.into(), FinalRefusal::Ended.into());
        for (template, placement, expected) in [
            (T::Draft, P::Active, Err(paused)),
            (T::Paused, P::Active, Err(paused)),
            (T::Active, P::Paused, Err(paused)),
            (T::Active, P::Withdrawn, Err(ended)),
            (T::Paused, P::Withdrawn, Err(ended)),
            (T::Ended, P::Active, Err(ended)),
            (T::Active, P::Active, Ok(())),
        ] {
            let standing = Standing { template, placement, ..standing(&terms) };
            let answer: Result<(), ClaimRefusal> = judge(standing, terms.claim_from).map(|_| ());
            assert_eq!(answer, expected, "{template:?} {placement:?}");
        }
    }

    #[test]
    fn a_birthday_comes_once_a_year_whatever_the_limit_says() {
        let mut terms = sample();
        (terms.category, terms.birth_month) = (Some(Category::Birthday), Some(11));
        terms.per_person_limit = 1;
        let (member, now) =
            (Membership { birth_month: Some(11), ..Membership::default() }, terms.claim_from);
        let of = |latest| {
            let membership = Some(&member);
            judge(Standing { membership, held: 3, latest, ..standing(&terms) }, now)
        };

        assert!(of(None).is_ok());
        assert!(of(Some(now - TimeDelta::days(365))).is_ok_and(|grant| grant.ordinal == 4));
        assert_eq!(of(Some(now)), Err(FinalRefusal::LimitReached.into()));
        assert_eq!(of(Some(now - TimeDelta::days(300))), Err(FinalRefusal::LimitReached.into()));
    }

    #[test]
    fn what_is_signed_counts_for_now_and_not_for_good() {
        let mut terms = sample();
        terms.per_person_limit = 2;
        let now = terms.claim_from;
        for (held, reserved, expected) in [
            (0, 1, Ok(1)),
            (1, 0, Ok(2)),
            (1, 1, Err(ClaimRefusal::from(PassingRefusal::Reserved))),
            (0, 2, Err(PassingRefusal::Reserved.into())),
            (2, 1, Err(FinalRefusal::LimitReached.into())),
        ] {
            let answer = judge(Standing { held, reserved, ..standing(&terms) }, now);
            assert_eq!(answer.map(|grant| grant.ordinal), expected, "{held} {reserved}");
        }
    }

    proptest! {
        #[test]
        fn nobody_gets_more_than_the_limit_or_the_stock(
            limit in 1u32..5, held in 0u32..6, left in -1i64..3, offset in -10i64..40,
        ) {
            let mut terms = sample();
            terms.per_person_limit = limit;
            let now = terms.claim_from + TimeDelta::days(offset);

            let answer = judge(Standing { held, left, ..standing(&terms) }, now);

            let inside = (terms.claim_from..terms.claim_until).contains(&now);
            prop_assert_eq!(answer.is_ok(), inside && held < limit && left > 0);
            if let Ok(grant) = answer {
                prop_assert_eq!(grant.ordinal, held + 1);
                prop_assert!(grant.ordinal <= limit);
            }
        }
    }
}
