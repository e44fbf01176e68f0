//! What is counted day by day, and what follows from the sums.

use std::{collections::BTreeMap, ops::AddAssign};

use super::claim::{ClaimRefusal, FinalRefusal, PassingRefusal};

/// Something that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Coupons that may be issued: additions of stock, less what was taken back.
    Offered,
    /// Coupons that came into somebody's hands.
    Claimed,
    /// Coupons that were kept for an order.
    Locked,
    /// Uses, given back later or not.
    Redeemed,
    /// Uses undone as a whole; lines that come back leave the use what it is.
    GivenBack,
    /// Coupons taken out of use.
    Voided,
    /// Coupons that ended without a use.
    Expired,
    /// Claims turned down: those that stay so by their records, those that hold for now as often as they are heard.
    Refused(ClaimRefusal),
    /// Claims turned down for good that cannot be made again: there is no record to remember the refusal by.
    RefusedOnce(FinalRefusal),
}

/// What measures of refusals begin with; the reason follows.
const REFUSED: &str = "refused_";
/// And of those that no row remembers.
const REFUSED_ONCE: &str = "refused_once_";

impl Measure {
    /// What is counted when a claim is turned down. A request that was wrong in itself is no claim and not counted.
    pub const fn refusal(refusal: ClaimRefusal) -> Option<Self> {
        match refusal {
            ClaimRefusal::Passing(
                PassingRefusal::Unknown | PassingRefusal::NotTheirs | PassingRefusal::RecordTaken,
            ) => None,
            ClaimRefusal::Passing(
                PassingRefusal::Paused
                | PassingRefusal::NotOpen
                | PassingRefusal::Stale
                | PassingRefusal::Reserved,
            )
            | ClaimRefusal::Final(_) => Some(Self::Refused(refusal)),
        }
    }

    /// As the database spells it.
    pub const fn as_str(self) -> &'static str {
        use FinalRefusal::{Closed, Ended, LimitReached, NotEligible, SoldOut};
        use PassingRefusal::{NotOpen, NotTheirs, Paused, RecordTaken, Reserved, Stale, Unknown};
        match self {
            Self::Offered => "offered",
            Self::Claimed => "claimed",
            Self::Locked => "locked",
            Self::Redeemed => "redeemed",
            Self::GivenBack => "given_back",
            Self::Voided => "voided",
            Self::Expired => "expired",
            Self::Refused(ClaimRefusal::Final(Ended)) => "refused_ended",
            Self::Refused(ClaimRefusal::Final(Closed)) => "refused_closed",
            Self::Refused(ClaimRefusal::Final(NotEligible)) => "refused_not_eligible",
            Self::Refused(ClaimRefusal::Final(LimitReached)) => "refused_limit_reached",
            Self::Refused(ClaimRefusal::Final(SoldOut)) => "refused_sold_out",
            Self::RefusedOnce(Ended) => "refused_once_ended",
            Self::RefusedOnce(Closed) => "refused_once_closed",
            Self::RefusedOnce(NotEligible) => "refused_once_not_eligible",
            Self::RefusedOnce(LimitReached) => "refused_once_limit_reached",
            Self::RefusedOnce(SoldOut) => "refused_once_sold_out",
            Self::Refused(ClaimRefusal::Passing(Paused)) => "refused_paused",
            Self::Refused(ClaimRefusal::Passing(NotOpen)) => "refused_not_open",
            Self::Refused(ClaimRefusal::Passing(Stale)) => "refused_stale",
            Self::Refused(ClaimRefusal::Passing(Reserved)) => "refused_reserved",
            Self::Refused(ClaimRefusal::Passing(Unknown)) => "refused_unknown",
            Self::Refused(ClaimRefusal::Passing(NotTheirs)) => "refused_not_theirs",
            Self::Refused(ClaimRefusal::Passing(RecordTaken)) => "refused_record_taken",
        }
    }
}

/// Sums over some days, of some of what there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// See [`Measure`], as for all of them.
    pub offered: i64,
    /// Coupons issued.
    pub claimed: i64,
    /// Coupons kept for an order.
    pub locked: i64,
    /// Uses.
    pub redeemed: i64,
    /// Uses undone.
    pub given_back: i64,
    /// Coupons taken out of use.
    pub voided: i64,
    /// Coupons that ended unused.
    pub expired: i64,
    /// Claims turned down, by the reason.
    pub refused: BTreeMap<String, i64>,
}

/// Shares, rounded to four places; `None` where there is nothing to have a share of.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Rates {
    /// Claimed of what was offered.
    pub claim: Option<f64>,
    /// Redeemed of what was claimed.
    pub redeem: Option<f64>,
    /// Given back of what was redeemed.
    pub give_back: Option<f64>,
    /// Voided of what was claimed.
    pub void: Option<f64>,
    /// Expired of what was claimed.
    pub expire: Option<f64>,
    /// Turned down of all claims that were judged.
    pub refuse: Option<f64>,
}

/// One step on the way from the offer to the use that stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Its name.
    pub name: &'static str,
    /// How many came as far.
    pub count: i64,
    /// Their share of those that came to the step before.
    pub of_previous: Option<f64>,
    /// Their share of those at the first step.
    pub of_first: Option<f64>,
}

impl Figures {
    /// Adds a sum by the name of its measure; one that nobody asks for is left out.
    pub fn add(&mut self, measure: &str, count: i64) {
        match measure {
            "offered" => self.offered += count,
            "claimed" => self.claimed += count,
            "locked" => self.locked += count,
            "redeemed" => self.redeemed += count,
            "given_back" => self.given_back += count,
            "voided" => self.voided += count,
            "expired" => self.expired += count,
            other => {
                let reason = other.strip_prefix(REFUSED_ONCE);
                if let Some(reason) = reason.or_else(|| other.strip_prefix(REFUSED)) {
                    *self.refused.entry(reason.to_owned()).or_default() += count;
                }
            }
        }
    }

    /// All claims turned down.
    pub fn refusals(&self) -> i64 {
        self.refused.values().sum()
    }

    /// The shares that follow.
    pub fn rates(&self) -> Rates {
        Rates {
            claim: share(self.claimed, self.offered),
            redeem: share(self.redeemed, self.claimed),
            give_back: share(self.given_back, self.redeemed),
            void: share(self.voided, self.claimed),
            expire: share(self.expired, self.claimed),
            refuse: share(self.refusals(), self.claimed + self.refusals()),
        }
    }

    /// From what was offered to the uses that stand.
    pub fn funnel(&self) -> [Step; 4] {
        let counts = [
            ("offered", self.offered),
            ("claimed", self.claimed),
            ("redeemed", self.redeemed),
            ("kept", self.redeemed - self.given_back),
        ];
        let mut previous = None;
        counts.map(|(name, count)| {
            let of_previous = previous.and_then(|previous| share(count, previous));
            let of_first = previous.and_then(|_| share(count, self.offered));
            previous = Some(count);
            Step { name, count, of_previous, of_first }
        })
    }
}

impl AddAssign<&Self> for Figures {
    fn add_assign(&mut self, other: &Self) {
        self.offered += other.offered;
        self.claimed += other.claimed;
        self.locked += other.locked;
        self.redeemed += other.redeemed;
        self.given_back += other.given_back;
        self.voided += other.voided;
        self.expired += other.expired;
        for (reason, count) in &other.refused {
            *self.refused.entry(reason.clone()).or_default() += count;
        }
    }
}

/// A share to four places, halves away from zero, without the errors of binary fractions on the way.
#[expect(clippy::cast_precision_loss, reason = "at most some ten thousands of ten thousandths")]
fn share(part: i64, whole: i64) -> Option<f64> {
    if whole <= 0 {
        return None;
    }
    let (part, whole) = (i128::from(part) * 20_000, i128::from(whole));
    let doubled = part / whole;
    let rounded = i128::midpoint(doubled, doubled.signum());
    Some(rounded as f64 / 10_000.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shares_have_four_places_and_none_of_nothing() {
        assert_eq!(share(1, 3), Some(0.3333));
        assert_eq!(share(2, 3), Some(0.6667));
        assert_eq!(share(1, 20_000), Some(0.0001));
        assert_eq!(share(1, 20_001), Some(0.0));
        assert_eq!(share(7, 7), Some(1.0));
        assert_eq!(share(0, 7), Some(0.0));
        assert_eq!(share(3, 2), Some(1.5));
        assert_eq!(share(5, 0), None);
        assert_eq!(share(5, -1), None, "more was taken back than offered in these days");
        assert_eq!(share(i64::MAX, i64::MAX), Some(1.0));
    }

    #[test]
    fn a_claim_turned_down_is_one_whether_or_not_it_is_remembered() {
        let mut figures = Figures::default();
        let sold_out = FinalRefusal::SoldOut;
        for measure in [Measure::Refused(sold_out.into()), Measure::RefusedOnce(sold_out)] {
            figures.add(measure.as_str(), 2);
        }

        assert_eq!(figures.refused, BTreeMap::from([("sold_out".to_owned(), 4)]));
    }

    #[test]
    fn figures_lead_to_rates_and_a_funnel() {
        let mut figures = Figures::default();
        for (measure, count) in [
            ("offered", 1000),
            ("claimed", 400),
            ("redeemed", 100),
            ("given_back", 25),
            ("voided", 4),
            ("expired", 80),
            ("refused_sold_out", 90),
            ("refused_paused", 10),
            ("unlocked", 7),
        ] {
            figures.add(measure, count);
        }

        let (rates, funnel) = (figures.rates(), figures.funnel());

        assert_eq!(
            rates,
            Rates {
                claim: Some(0.4),
                redeem: Some(0.25),
                give_back: Some(0.25),
                void: Some(0.01),
                expire: Some(0.2),
                refuse: Some(0.2),
            }
        );
        assert_eq!(
            funnel.map(|step| (step.name, step.count)),
            [("offered", 1000), ("claimed", 400), ("redeemed", 100), ("kept", 75),]
        );
        assert_eq!(funnel[0].of_previous, None);
        assert_eq!((funnel[3].of_previous, funnel[3].of_first), (Some(0.75), Some(0.075)));
        assert_eq!(Figures::default().rates(), Rates::default());
    }

    #[test]
    fn a_wrong_request_is_no_refused_claim() {
        let counted = |refusal: ClaimRefusal| Measure::refusal(refusal).map(Measure::as_str);

        assert_eq!(counted(FinalRefusal::SoldOut.into()), Some("refused_sold_out"));
        assert_eq!(counted(PassingRefusal::NotOpen.into()), Some("refused_not_open"));
        assert_eq!(counted(PassingRefusal::Unknown.into()), None);
        assert_eq!(counted(PassingRefusal::RecordTaken.into()), None);
    }

    #[test]
    fn a_final_refusal_is_counted_under_the_name_that_its_row_has() {
        for reason in [
            FinalRefusal::Ended,
            FinalRefusal::Closed,
            FinalRefusal::NotEligible,
            FinalRefusal::LimitReached,
            FinalRefusal::SoldOut,
        ] {
            let measure = Measure::Refused(reason.into());

            assert_eq!(measure.as_str(), format!("{REFUSED}{}", reason.as_str()));
        }
    }

    proptest! {
        #[test]
        fn a_share_is_never_further_off_than_half_of_its_last_place(part in 0i64..1_000_000, whole in 1i64..1_000_000) {
            let share = share(part, whole).unwrap();

            #[expect(clippy::cast_precision_loss, reason = "small")]
            let exact = part as f64 / whole as f64;
            prop_assert!((share - exact).abs() <= 0.000_05 + 1e-9, "{share} {exact}");
        }
    }
}
