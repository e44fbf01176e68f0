//! A row with a fault: which promise it breaks, and what people call it.

use super::{check::Check, report::Findings};
use crate::{
    domain::id::{
        AppId, CodeId, CouponId, DeliveryId, GatewayClientId, GatewayGrantId, HolderId, ImportId,
        KeyId, PageId, PlacementId, TemplateId, TokenId,
    },
    store::audit::{
        CouponFault, CouponFinding,
        reference::{RowFinding, RowKind},
    },
};

pub(super) fn add_coupons(findings: &mut Findings, coupons: &[CouponFinding]) {
    for of_one_kind in coupons.chunk_by(|one, next| one.fault == next.fault) {
        let Some(first) = of_one_kind.first() else {
            continue;
        };
        let (check, what) = broken_by(first.fault);
        let examples = of_one_kind.iter().map(|found| format!("{} {what}", found.coupon));
        findings.add_all(check, Some(first.total), examples);
    }
}

const fn broken_by(fault: CouponFault) -> (Check, &'static str) {
    match fault {
        CouponFault::Dangling => {
            (Check::NothingDangling, "names what does not exist or does not belong together")
        }
        CouponFault::AboveLimit => (Check::LimitHolds, "is one too many for its person"),
        CouponFault::OutsideWindow => {
            (Check::IssuedInsideClaimWindow, "was issued outside the claim window")
        }
        CouponFault::WrongValidity => {
            (Check::ValidityFollowsTerms, "is valid at other times than its terms say")
        }
        CouponFault::WronglyLocked => {
            (Check::LockedHasLock, "is locked without a lock, or has one and is not")
        }
        CouponFault::VoidUnexplained => (Check::VoidsExplained, "is out of use, nobody knows why"),
        CouponFault::Misitemised => {
            (Check::LinesAddUp, "has a use that is not the sum of its lines")
        }
        CouponFault::CardDisagrees => (Check::CardsMatchCoupons, "is not what its card says"),
        CouponFault::WithoutCard => (Check::GivenCouponsHaveCards, "was given out by nobody"),
        CouponFault::WronglySuspended => (
            Check::SuspensionsMatchCards,
            "can be used where its card cannot, or the other way round",
        ),
        CouponFault::UsedThoughGivenAway => {
            (Check::GivenAwayIsNotUsed, "was used though somebody else has it")
        }
        CouponFault::StrangeTimes => {
            (Check::TimesAreSane, "was issued in the future or ends before it begins")
        }
        CouponFault::RecordRepeated => {
            (Check::OneCouponPerRecord, "shares its record with another coupon")
        }
        CouponFault::RecordRefused => {
            (Check::IssuedOrRefused, "was issued on a record that was refused")
        }
        CouponFault::CodeRepeated => (Check::CodesUnique, "shares its code or the looks of it"),
        CouponFault::ClaimUntold => (
            Check::ClaimsAreTold,
            "is not owed to its platform exactly once, or owed to one without wallets",
        ),
        CouponFault::UseUntold => {
            (Check::UsesAreTold, "was used and not owed exactly once, or owed and never used")
        }
        CouponFault::UseMiscounted => (Check::UsedOnce, "does not agree with its uses"),
        CouponFault::UsedOutOfTime => {
            (Check::UsedInsideValidity, "was used before or after its time")
        }
    }
}

pub(super) fn add_rows(findings: &mut Findings, check: Check, rows: &[RowFinding]) {
    let total = rows.first().map(|row| row.total);
    findings.add_all(check, total, rows.iter().map(name));
}

fn name(row: &RowFinding) -> String {
    match row.kind {
        RowKind::App => AppId::from(row.id).to_string(),
        RowKind::Template => TemplateId::from(row.id).to_string(),
        RowKind::Placement => PlacementId::from(row.id).to_string(),
        RowKind::Token => TokenId::from(row.id).to_string(),
        RowKind::Import => ImportId::from(row.id).to_string(),
        RowKind::Code => CodeId::from(row.id).to_string(),
        RowKind::Holder => HolderId::from(row.id).to_string(),
        RowKind::Refusal => format!("refusal of {}", HolderId::from(row.id)),
        RowKind::Key => KeyId::from(row.id).to_string(),
        RowKind::Delivery => DeliveryId::from(row.id).to_string(),
        RowKind::CouponNumber => format!("the number of {}", CouponId::from(row.id)),
        RowKind::Page => PageId::from(row.id).to_string(),
        RowKind::Attempt => format!("attempt at {}", DeliveryId::from(row.id)),
        RowKind::GatewayClient => GatewayClientId::from(row.id).to_string(),
        RowKind::GatewayGrant => GatewayGrantId::from(row.id).to_string(),
    }
}
