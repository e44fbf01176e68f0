//! What a client hears of each "no" of ours: one function for each kind of them, and every row of its own.

use std::fmt::Display;

use super::failure::Failure;
use crate::{
    domain::{
        card::Suspension,
        claim::{ClaimRefusal, FinalRefusal, PassingRefusal},
        discount::Misfit,
        life::LifeRefusal,
        problem::Problem,
    },
    service::{
        claim::NoAnswer, desk::claim::ClaimTemplateError, life::LifeError,
        match_cart::MatchCartError, save_member::SaveMemberError,
    },
};

/// A "no" to a claim.
pub fn of_claim(refusal: ClaimRefusal) -> Failure {
    match refusal {
        ClaimRefusal::Final(reason) => match reason {
            FinalRefusal::Ended => Failure::Inactive,
            FinalRefusal::Closed => Failure::WindowClosed,
            FinalRefusal::NotEligible => Failure::NotEligible,
            FinalRefusal::LimitReached => Failure::LimitReached,
            FinalRefusal::SoldOut => Failure::OutOfStock,
        },
        ClaimRefusal::Passing(reason) => match reason {
            PassingRefusal::Unknown => Failure::NoTemplate,
            PassingRefusal::Paused => Failure::Inactive,
            PassingRefusal::NotOpen => Failure::NotStarted,
            // Only of claims that a platform dates.
            PassingRefusal::Stale => internal(&"a claim without a date is stale"),
            PassingRefusal::NotTheirs => Failure::NotEligible,
            // Whether they will have it is decided within minutes.
            PassingRefusal::Reserved => Failure::Busy,
            PassingRefusal::RecordTaken => Failure::Conflict,
        },
    }
}

/// A "no" to a step of a coupon's life.
pub const fn of_life(refusal: LifeRefusal) -> Failure {
    match refusal {
        LifeRefusal::Void => Failure::NotFound,
        // Whoever is giving it away may have it back; what somebody else has, or nobody any more, is not there.
        LifeRefusal::Locked { .. } | LifeRefusal::Suspended { why: Suspension::Gifting } => {
            Failure::Locked
        }
        LifeRefusal::Suspended { why: Suspension::GivenAway | Suspension::Deleted } => {
            Failure::NotFound
        }
        LifeRefusal::AlreadyRedeemed => Failure::Used,
        LifeRefusal::NotYetValid { .. } => Failure::NotMet,
        LifeRefusal::Expired { .. } => Failure::Expired,
        LifeRefusal::NotKept
        | LifeRefusal::NotRedeemed
        | LifeRefusal::GivenBack
        | LifeRefusal::UseIsFinal => Failure::Conflict,
        LifeRefusal::NoSuchLine { .. } => Failure::param("lines"),
    }
}

/// A coupon that is not for this cart or this store.
pub const fn of_misfit(misfit: Misfit) -> Failure {
    match misfit {
        Misfit::OutOfScope | Misfit::WrongStore => Failure::OutOfScope,
        Misfit::AmountBelow { .. } | Misfit::PiecesBelow { .. } => Failure::NotMet,
    }
}

/// A claim that came to nothing.
pub fn of_template_claim(error: &ClaimTemplateError) -> Failure {
    match error {
        ClaimTemplateError::NoSuchTemplate => Failure::NoTemplate,
        ClaimTemplateError::NoSuchMember => Failure::NoUser,
        ClaimTemplateError::Refused(refusal) => of_claim(*refusal),
        // Where it can be had, this member is nobody.
        ClaimTemplateError::NoAccount => Failure::NotEligible,
        ClaimTemplateError::Linking(error) => of_linking(error),
        // Nothing was begun.
        ClaimTemplateError::NoAnswer(NoAnswer::Full) => Failure::Busy,
        ClaimTemplateError::NoAnswer(error @ (NoAnswer::Busy | NoAnswer::Failed)) => {
            tracing::warn!(%error, "a zvcms claim was not answered: {error}");
            Failure::Internal
        }
        ClaimTemplateError::Random(error) => internal(error),
        ClaimTemplateError::Db(error) => of_database(error),
    }
}

/// A member who was not found, or whose account was not made.
pub fn of_linking(error: &SaveMemberError) -> Failure {
    match error {
        SaveMemberError::NoSuchMember => Failure::NoUser,
        SaveMemberError::LinkedElsewhere | SaveMemberError::HasCoupons => Failure::NotEligible,
        SaveMemberError::Invalid(_) | SaveMemberError::NoSuchApp => internal(error),
        SaveMemberError::Db(error) => of_database(error),
    }
}

/// A step that was not taken.
pub fn of_step(error: &LifeError) -> Failure {
    match error {
        LifeError::Invalid(problems) => of_problems(problems),
        LifeError::NoSuchCoupon => Failure::NotFound,
        LifeError::NoSuchTemplate => Failure::NoTemplate,
        LifeError::Refused(refusal) => of_life(*refusal),
        LifeError::Misfit(misfit) => of_misfit(*misfit),
        LifeError::DiscountDiffers { .. } | LifeError::KeyTaken => Failure::Conflict,
        LifeError::Busy => Failure::Busy,
        LifeError::Db(cause) => of_database(cause),
    }
}

/// A cart that was not looked at.
pub fn of_match(error: &MatchCartError) -> Failure {
    match error {
        MatchCartError::Invalid(_) => Failure::param("checked"),
        MatchCartError::Db(cause) => of_database(cause),
    }
}

/// What is wrong with the values of a step, by the name that the value has here.
pub fn of_problems(problems: &[Problem]) -> Failure {
    match problems.first().map(|problem| problem.param) {
        Some("order_no") => Failure::param("order_sn"),
        Some("store") => Failure::param("multi_store_sn"),
        Some("expires_in_seconds") => Failure::param("lock_seconds"),
        Some("uid") => Failure::param("user_id"),
        Some(other) => Failure::param(other),
        None => Failure::Internal,
    }
}

/// Trouble with the database, which nobody outside learns of.
pub fn of_database(error: &sqlx::Error) -> Failure {
    internal(error)
}

fn internal(error: &dyn Display) -> Failure {
    tracing::error!(%error, "a zvcms request could not be answered: {error}");
    Failure::Internal
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;

    #[test]
    fn every_no_to_a_claim_has_its_number() {
        for (reason, code) in [
            (FinalRefusal::Ended, 20_102),
            (FinalRefusal::Closed, 20_104),
            (FinalRefusal::NotEligible, 20_107),
            (FinalRefusal::LimitReached, 20_106),
            (FinalRefusal::SoldOut, 20_105),
        ] {
            assert_eq!(of_claim(reason.into()).code(), code, "{reason:?}");
        }
        for (reason, code) in [
            (PassingRefusal::Unknown, 20_101),
            (PassingRefusal::Paused, 20_102),
            (PassingRefusal::NotOpen, 20_103),
            (PassingRefusal::Stale, 19_999),
            (PassingRefusal::Reserved, 10_010),
            (PassingRefusal::RecordTaken, 20_113),
        ] {
            assert_eq!(of_claim(reason.into()).code(), code, "{reason:?}");
        }
    }

    #[test]
    fn every_claim_that_came_to_nothing_has_its_number() {
        let linking = |error| ClaimTemplateError::Linking(error);
        for (error, code) in [
            (ClaimTemplateError::NoSuchTemplate, 20_101),
            (ClaimTemplateError::NoSuchMember, 20_003),
            (ClaimTemplateError::NoAccount, 20_107),
            (ClaimRefusal::from(FinalRefusal::SoldOut).into(), 20_105),
            (linking(SaveMemberError::NoSuchMember), 20_003),
            (linking(SaveMemberError::LinkedElsewhere), 20_107),
            (linking(SaveMemberError::HasCoupons), 20_107),
            (linking(SaveMemberError::Invalid(vec![])), 19_999),
            (linking(SaveMemberError::NoSuchApp), 19_999),
            (linking(SaveMemberError::Db(sqlx::Error::PoolTimedOut)), 19_999),
            (NoAnswer::Full.into(), 10_010),
            (NoAnswer::Busy.into(), 19_999),
            (NoAnswer::Failed.into(), 19_999),
            (ClaimTemplateError::Db(sqlx::Error::PoolTimedOut), 19_999),
        ] {
            assert_eq!(of_template_claim(&error).code(), code, "{error:?}");
        }
    }

    #[test]
    fn every_no_to_a_step_has_its_number() {
        let (until, from) = (DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC);
        let below = Misfit::AmountBelow { needs_fen: 2, has_fen: 1 };
        for (error, code) in [
            (LifeRefusal::Void.into(), 20_002),
            (LifeRefusal::Locked { until }.into(), 20_109),
            (LifeRefusal::AlreadyRedeemed.into(), 20_108),
            (LifeRefusal::Suspended { why: Suspension::Gifting }.into(), 20_109),
            (LifeRefusal::Suspended { why: Suspension::GivenAway }.into(), 20_002),
            (LifeRefusal::Suspended { why: Suspension::Deleted }.into(), 20_002),
            (LifeRefusal::UseIsFinal.into(), 20_113),
            (LifeRefusal::NotYetValid { from }.into(), 20_111),
            (LifeRefusal::Expired { until }.into(), 20_110),
            (LifeRefusal::NotRedeemed.into(), 20_113),
            (LifeRefusal::GivenBack.into(), 20_113),
            (LifeRefusal::NoSuchLine { line: 1 }.into(), 20_001),
            (Misfit::OutOfScope.into(), 20_112),
            (Misfit::WrongStore.into(), 20_112),
            (below.into(), 20_111),
            (Misfit::PiecesBelow { needs: 2, has: 1 }.into(), 20_111),
            (LifeError::Invalid(vec![]), 19_999),
            (LifeError::NoSuchCoupon, 20_002),
            (LifeError::NoSuchTemplate, 20_101),
            (LifeError::DiscountDiffers { sent_fen: 1, computed_fen: 2 }, 20_113),
            (LifeError::KeyTaken, 20_113),
            (LifeError::Busy, 10_010),
            (LifeError::Db(sqlx::Error::RowNotFound), 19_999),
        ] {
            assert_eq!(of_step(&error).code(), code, "{error:?}");
        }
    }

    #[test]
    fn a_value_that_will_not_do_is_named_as_it_is_called_here() {
        for (param, name) in [
            ("order_no", "参数错误:order_sn"),
            ("store", "参数错误:multi_store_sn"),
            ("expires_in_seconds", "参数错误:lock_seconds"),
            ("uid", "参数错误:user_id"),
        ] {
            let problem = Problem { param, message: String::new() };
            assert_eq!(of_problems(&[problem]).message(), name);
        }
        assert_eq!(of_match(&MatchCartError::Invalid(vec![])).message(), "参数错误:checked");
        let broken = MatchCartError::Db(sqlx::Error::PoolTimedOut);
        assert_eq!(of_match(&broken).code(), 19_999);
    }
}
