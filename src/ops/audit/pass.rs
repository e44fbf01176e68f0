//! One function for each look at the data.

use std::time::Instant;

use chrono::{DateTime, SubsecRound, Utc};
use sqlx::PgConnection;

use super::{
    MOST_EXAMPLES,
    check::Check,
    finding::{add_coupons, add_rows},
    report::Findings,
};
use crate::{
    domain::{
        category::Category,
        terms::{CodeSource, Terms},
        validity::ValidityRule,
    },
    service::reseal_secrets::survey,
    store::audit::{
        self,
        guard::GuardFault,
        stock::Recount,
        sums::Miscounted,
        terms::{Rule, StoredTerms},
    },
    vault::Vault,
};

#[expect(clippy::cast_possible_wrap, reason = "twenty")]
pub(super) const MOST: i64 = MOST_EXAMPLES as i64;

/// Reads all terms; what cannot be read is found here and judged nowhere else.
pub(super) async fn terms(
    conn: &mut PgConnection,
    findings: &mut Findings,
) -> sqlx::Result<Vec<Rule>> {
    let began = Instant::now();
    let mut rules = Vec::new();
    for stored in audit::terms::list(conn).await? {
        let (template, version) = (stored.template, stored.version);
        match read(stored) {
            Ok(rule) => rules.push(rule),
            Err(error) => {
                let example = format!("{template} version {version}: {error}");
                findings.add(Check::TermsReadable, example);
            }
        }
    }
    findings.time(&[Check::TermsReadable], began);
    Ok(rules)
}

fn read(stored: StoredTerms) -> serde_json::Result<Rule> {
    let terms: Terms = serde_json::from_value(stored.document)?;
    // The database keeps microseconds and drops the rest; so do we before we compare.
    let kept = |moment: DateTime<Utc>| moment.trunc_subsecs(6);
    let (fixed, days) = match terms.validity {
        ValidityRule::Fixed { from, until } => (Some((kept(from), kept(until))), None),
        ValidityRule::AfterClaim { days, starts_after_days } => {
            let first = i64::from(starts_after_days);
            (None, Some((first, first + i64::from(days))))
        }
    };
    Ok(Rule {
        template_id: stored.template.uuid(),
        version: stored.version,
        claim_from: kept(terms.claim_from),
        claim_until: kept(terms.claim_until),
        per_person_limit: i64::from(terms.per_person_limit),
        birthday: terms.birth_month.filter(|_| terms.category == Some(Category::Birthday)),
        uploaded: matches!(terms.codes, CodeSource::Uploaded),
        fixed_from: fixed.map(|(from, _)| from),
        fixed_until: fixed.map(|(_, until)| until),
        first_day: days.map(|(first, _)| first),
        end_day: days.map(|(_, end)| end),
    })
}

pub(super) async fn coupons(
    conn: &mut PgConnection,
    findings: &mut Findings,
    now: DateTime<Utc>,
    rules: &[Rule],
) -> sqlx::Result<()> {
    let began = Instant::now();
    add_coupons(findings, &audit::coupon::list_faulty(conn, now, rules, MOST).await?);
    let shared = [
        Check::NothingDangling,
        Check::LimitHolds,
        Check::IssuedInsideClaimWindow,
        Check::ValidityFollowsTerms,
        Check::TimesAreSane,
    ];
    findings.time(&shared, began);
    Ok(())
}

pub(super) async fn lives(conn: &mut PgConnection, findings: &mut Findings) -> sqlx::Result<()> {
    let began = Instant::now();
    add_coupons(findings, &audit::coupon::list_faulty_lives(conn, MOST).await?);
    findings.time(&[Check::LockedHasLock, Check::VoidsExplained, Check::LinesAddUp], began);
    Ok(())
}

pub(super) async fn numbers(conn: &mut PgConnection, findings: &mut Findings) -> sqlx::Result<()> {
    let began = Instant::now();
    let persons = audit::coupon::list_misnumbered(conn, MOST).await?;
    let total = persons.first().map(|person| person.total);
    let examples = persons.iter().map(|found| {
        let (coupons, highest) = (found.coupons, found.highest);
        format!("{} {}: {coupons} coupons up to number {highest}", found.template, found.person)
    });
    findings.add_all(Check::OrdinalsCountUp, total, examples);
    findings.time(&[Check::OrdinalsCountUp], began);
    Ok(())
}

pub(super) async fn records(conn: &mut PgConnection, findings: &mut Findings) -> sqlx::Result<()> {
    let began = Instant::now();
    add_coupons(findings, &audit::coupon::list_with_shared_record(conn, MOST).await?);
    findings.time(&[Check::OneCouponPerRecord, Check::IssuedOrRefused], began);
    Ok(())
}

pub(super) async fn codes(
    conn: &mut PgConnection,
    findings: &mut Findings,
    rules: &[Rule],
) -> sqlx::Result<()> {
    let began = Instant::now();
    add_coupons(findings, &audit::code::list_repeated(conn, rules, MOST).await?);
    findings.time(&[Check::CodesUnique], began);

    let began = Instant::now();
    let unpaired = audit::code::list_unpaired(conn, rules, MOST).await?;
    let total = unpaired.first().map(|one| one.total);
    let examples = unpaired.iter().map(|one| match (one.coupon, one.code) {
        (Some(coupon), _) => format!("{coupon} shows no taken code of its template"),
        (None, Some(code)) => format!("{code} is taken and on no coupon of its template"),
        (None, None) => String::new(),
    });
    findings.add_all(Check::UploadedCodesTakenOnce, total, examples);
    findings.time(&[Check::UploadedCodesTakenOnce], began);
    Ok(())
}

pub(super) async fn stocks(conn: &mut PgConnection, findings: &mut Findings) -> sqlx::Result<()> {
    let began = Instant::now();
    for stock in audit::stock::list_disagreeing(conn).await? {
        let Recount { placement, way, total, issued, coupons, added } = stock;
        let stock = format!("{placement} {}", way.as_str());
        if coupons > total {
            findings.add(Check::NeverOversold, format!("{stock}: {coupons} coupons of {total}"));
        }
        if issued != coupons {
            let example = format!("{stock}: counts {issued}, has {coupons} coupons");
            findings.add(Check::CountersMatchRows, example);
        }
        if total != added {
            let example = format!("{stock}: holds {total}, was given {added}");
            findings.add(Check::StockIsTheSumOfAdditions, example);
        }
    }
    let shared = [Check::NeverOversold, Check::CountersMatchRows, Check::StockIsTheSumOfAdditions];
    findings.time(&shared, began);
    Ok(())
}

pub(super) async fn sums(conn: &mut PgConnection, findings: &mut Findings) -> sqlx::Result<()> {
    let began = Instant::now();
    let wrong = audit::sums::list_miscounted(conn, MOST).await?;
    let total = wrong.first().map(|sum| sum.total);
    let examples = wrong.iter().map(|sum| {
        let Miscounted { template, app, day, measure, noted, counted, total: _ } = sum;
        format!("{template} on {app}, {day}: {noted} {measure}, and {counted} in the rows")
    });
    findings.add_all(Check::DailySumsMatchRows, total, examples);
    findings.time(&[Check::DailySumsMatchRows], began);
    Ok(())
}

pub(super) async fn references(
    conn: &mut PgConnection,
    findings: &mut Findings,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let began = Instant::now();
    let dangling = audit::reference::list_dangling(conn, MOST).await?;
    add_rows(findings, Check::NothingDangling, &dangling);
    findings.time(&[Check::NothingDangling], began);

    let began = Instant::now();
    let strange = audit::reference::list_with_strange_times(conn, now, MOST).await?;
    add_rows(findings, Check::TimesAreSane, &strange);
    findings.time(&[Check::TimesAreSane], began);
    Ok(())
}

/// Tries to open everything that is sealed; without a key there is nothing to try with.
pub(super) async fn secrets(
    conn: &mut PgConnection,
    findings: &mut Findings,
    vault: &Vault,
) -> sqlx::Result<()> {
    let began = Instant::now();
    let sealed = survey(conn, vault).await?;
    if sealed.count() > 0 && !vault.has_key() {
        let why = format!("{} values, and no master key here to open them with", sealed.count());
        findings.pass_over(Check::SecretsOpen, why);
    } else {
        for closed in &sealed.closed {
            findings.add(Check::SecretsOpen, format!("{}: {}", closed.place, closed.why));
        }
    }
    findings.time(&[Check::SecretsOpen], began);
    Ok(())
}

pub(super) async fn guards(conn: &mut PgConnection, findings: &mut Findings) -> sqlx::Result<()> {
    let began = Instant::now();
    for guard in audit::guard::list_broken(conn).await? {
        let fault = match guard.fault {
            GuardFault::Missing => "is missing",
            GuardFault::NotValidated => "was never held against older rows",
            GuardFault::InvalidIndex => "is not a valid index",
            GuardFault::SwitchedOff => "is switched off",
        };
        findings.add(Check::GuardsExist, format!("{} {fault}", guard.name));
    }
    findings.time(&[Check::GuardsExist], began);
    Ok(())
}

pub(super) async fn server(
    conn: &mut PgConnection,
    findings: &mut Findings,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let began = Instant::now();
    for forgotten in audit::server::list_forgotten_transactions(conn, now).await? {
        let example = match forgotten.since {
            Some(since) => format!("{} since {}", forgotten.name, since.format("%FT%TZ")),
            None => forgotten.name,
        };
        findings.add(Check::NoForgottenTransactions, example);
    }
    findings.time(&[Check::NoForgottenTransactions], began);

    let began = Instant::now();
    for setting in audit::server::list_careless_settings(conn).await? {
        findings.add(Check::DurableSettings, setting);
    }
    findings.time(&[Check::DurableSettings], began);
    Ok(())
}
