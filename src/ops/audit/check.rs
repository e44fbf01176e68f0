//! The promises, each with a name that stays and one sentence.

use super::AuditScope;

/// One promise that the audit proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each says itself in `promise`")]
pub enum Check {
    NeverOversold,
    CountersMatchRows,
    StockIsTheSumOfAdditions,
    DailySumsMatchRows,
    OneCouponPerRecord,
    IssuedOrRefused,
    CodesUnique,
    UploadedCodesTakenOnce,
    LimitHolds,
    OrdinalsCountUp,
    IssuedInsideClaimWindow,
    ValidityFollowsTerms,
    TermsReadable,
    TimesAreSane,
    ClaimsAreTold,
    UsesAreTold,
    UsedOnce,
    UsedInsideValidity,
    LockedHasLock,
    VoidsExplained,
    LinesAddUp,
    CardsMatchCoupons,
    SuspensionsMatchCards,
    GivenCouponsHaveCards,
    GivenAwayIsNotUsed,
    ReservedCodesUnique,
    BeyondAddsUp,
    NothingElseIsTold,
    DoneMeansOneSuccess,
    AttemptsCountUp,
    FencesRise,
    NothingGivenUpEarly,
    NothingStuck,
    ToldInOrder,
    NothingDangling,
    SecretsOpen,
    GuardsExist,
    NoForgottenTransactions,
    DurableSettings,
}

impl Check {
    /// All of them, in the order of the report.
    pub const ALL: [Self; 39] = [
        Self::NeverOversold,
        Self::CountersMatchRows,
        Self::StockIsTheSumOfAdditions,
        Self::DailySumsMatchRows,
        Self::OneCouponPerRecord,
        Self::IssuedOrRefused,
        Self::CodesUnique,
        Self::UploadedCodesTakenOnce,
        Self::LimitHolds,
        Self::OrdinalsCountUp,
        Self::IssuedInsideClaimWindow,
        Self::ValidityFollowsTerms,
        Self::TermsReadable,
        Self::TimesAreSane,
        Self::ClaimsAreTold,
        Self::UsesAreTold,
        Self::UsedOnce,
        Self::UsedInsideValidity,
        Self::LockedHasLock,
        Self::VoidsExplained,
        Self::LinesAddUp,
        Self::CardsMatchCoupons,
        Self::SuspensionsMatchCards,
        Self::GivenCouponsHaveCards,
        Self::GivenAwayIsNotUsed,
        Self::ReservedCodesUnique,
        Self::BeyondAddsUp,
        Self::NothingElseIsTold,
        Self::DoneMeansOneSuccess,
        Self::AttemptsCountUp,
        Self::FencesRise,
        Self::NothingGivenUpEarly,
        Self::NothingStuck,
        Self::ToldInOrder,
        Self::NothingDangling,
        Self::SecretsOpen,
        Self::GuardsExist,
        Self::NoForgottenTransactions,
        Self::DurableSettings,
    ];

    /// The checks that an audit of this scope makes.
    pub fn within(scope: AuditScope) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |check| match scope {
            AuditScope::Everything => true,
            AuditScope::DataOnly => {
                !matches!(check, Self::NoForgottenTransactions | Self::DurableSettings)
            }
        })
    }

    /// The name in reports; part of what scripts rely on.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NeverOversold => "never_oversold",
            Self::CountersMatchRows => "counters_match_rows",
            Self::StockIsTheSumOfAdditions => "stock_is_the_sum_of_additions",
            Self::DailySumsMatchRows => "daily_sums_match_rows",
            Self::OneCouponPerRecord => "one_coupon_per_record",
            Self::IssuedOrRefused => "issued_or_refused",
            Self::CodesUnique => "codes_unique",
            Self::UploadedCodesTakenOnce => "uploaded_codes_taken_once",
            Self::LimitHolds => "limit_holds",
            Self::OrdinalsCountUp => "ordinals_count_up",
            Self::IssuedInsideClaimWindow => "issued_inside_claim_window",
            Self::ValidityFollowsTerms => "validity_follows_terms",
            Self::TermsReadable => "terms_readable",
            Self::TimesAreSane => "times_are_sane",
            Self::ClaimsAreTold => "claims_are_told",
            Self::UsesAreTold => "uses_are_told",
            Self::UsedOnce => "used_once",
            Self::UsedInsideValidity => "used_inside_validity",
            Self::LockedHasLock => "locked_has_lock",
            Self::VoidsExplained => "voids_explained",
            Self::LinesAddUp => "lines_add_up",
            Self::CardsMatchCoupons => "cards_match_coupons",
            Self::SuspensionsMatchCards => "suspensions_match_cards",
            Self::GivenCouponsHaveCards => "given_coupons_have_cards",
            Self::GivenAwayIsNotUsed => "given_away_is_not_used",
            Self::ReservedCodesUnique => "reserved_codes_unique",
            Self::BeyondAddsUp => "beyond_adds_up",
            Self::NothingElseIsTold => "nothing_else_is_told",
            Self::DoneMeansOneSuccess => "done_means_one_success",
            Self::AttemptsCountUp => "attempts_count_up",
            Self::FencesRise => "fences_rise",
            Self::NothingGivenUpEarly => "nothing_given_up_early",
            Self::NothingStuck => "nothing_stuck",
            Self::ToldInOrder => "told_in_order",
            Self::NothingDangling => "nothing_dangling",
            Self::SecretsOpen => "secrets_open",
            Self::GuardsExist => "guards_exist",
            Self::NoForgottenTransactions => "no_forgotten_transactions",
            Self::DurableSettings => "durable_settings",
        }
    }

    /// What holds when nothing is found.
    #[expect(clippy::too_many_lines, reason = "one sentence for each check")]
    pub const fn promise(self) -> &'static str {
        match self {
            Self::NeverOversold => "No stock has more coupons than it may issue.",
            Self::CountersMatchRows => "Every stock has issued as many as there are coupons.",
            Self::StockIsTheSumOfAdditions => "Every stock is the sum of its named additions.",
            Self::DailySumsMatchRows => {
                "Every daily sum, with what is still to be added to it, is what the rows say."
            }
            Self::OneCouponPerRecord => "Every record has one coupon at most.",
            Self::IssuedOrRefused => "No record is both issued and refused.",
            Self::CodesUnique => "No two coupons have one code; generated ones do not look alike.",
            Self::UploadedCodesTakenOnce => {
                "An uploaded code is taken if, and only if, a coupon of its template shows it."
            }
            Self::LimitHolds => "Nobody has more coupons of a template than its terms allowed.",
            Self::OrdinalsCountUp => {
                "A person's coupons of a template are numbered 1, 2, 3, … without gap or repetition."
            }
            Self::IssuedInsideClaimWindow => {
                "Every coupon was issued inside the claim window of its terms."
            }
            Self::ValidityFollowsTerms => "Every coupon is valid when its terms say.",
            Self::TermsReadable => "Every version of every template's terms can be read.",
            Self::TimesAreSane => "Nothing happened in the future or ended before it began.",
            Self::ClaimsAreTold => {
                "What is claimed through us is owed to its platform exactly once."
            }
            Self::UsesAreTold => {
                "A use is owed to its platform exactly once, and nothing else as one."
            }
            Self::UsedOnce => "A coupon is redeemed if, and only if, exactly one use of it stands.",
            Self::UsedInsideValidity => {
                "Every coupon was used after its issue and inside its validity, or under a lock from then."
            }
            Self::LockedHasLock => "A coupon is locked if, and only if, it has a lock.",
            Self::VoidsExplained => "Every coupon out of use has a reason in its history.",
            Self::LinesAddUp => {
                "A use is the sum of its lines, and is given back when all of them are."
            }
            Self::CardsMatchCoupons => {
                "Every card and its coupon name the same app, placement, code and holder."
            }
            Self::SuspensionsMatchCards => {
                "A coupon is suspended if, and only if, its card says so."
            }
            Self::GivenCouponsHaveCards => "What a platform gives out by itself, it has told of.",
            Self::GivenAwayIsNotUsed => {
                "What was given away under another code is not used, or people were told."
            }
            Self::ReservedCodesUnique => {
                "No code is promised to one person and shown by another one's coupon."
            }
            Self::BeyondAddsUp => {
                "Stocks grow by themselves only where a platform gives out, and those of gifts by what was given."
            }
            Self::NothingElseIsTold => {
                "A platform is told of coupons that exist, under their own records."
            }
            Self::DoneMeansOneSuccess => {
                "A delivery is done if, and only if, one attempt succeeded."
            }
            Self::AttemptsCountUp => {
                "Attempts are numbered 1, 2, 3, … and counted by their delivery."
            }
            Self::FencesRise => "Every attempt has a fence of its own, newer than the last.",
            Self::NothingGivenUpEarly => {
                "Nothing owed is given up without a clear \"no\" or the last try."
            }
            Self::NothingStuck => "Nothing owed is left lying.",
            Self::ToldInOrder => "A platform hears of a coupon before it hears of its use.",
            Self::NothingDangling => "Every row points at rows that exist and belong together.",
            Self::SecretsOpen => {
                "Every sealed secret names a known master key, and opens where it stands."
            }
            Self::GuardsExist => "Every constraint and index is there, valid and switched on.",
            Self::NoForgottenTransactions => "No transaction is left open by nobody.",
            Self::DurableSettings => "The server's settings make a commit survive a power cut.",
        }
    }
}
