//! Two books of the same coupons, Baidu's and ours, held against each other in both directions.

use std::collections::BTreeMap;

use sqlx::PgPool;

use crate::{
    domain::{coupon::CouponState, id::AppId},
    simulator::{
        Simulator,
        record::{Held, HeldState, Origin},
    },
    store::{self, wallet::WalletCoupon},
};

/// A coupon in a wallet, with all that both sides know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose wallet.
    pub open_id: String,
    /// Baidu's id of the template.
    pub template: String,
    /// What the holder shows.
    pub code: String,
    /// Whether it was used.
    pub used: bool,
    /// First and last second, where Baidu has them from us: of what was taken there it shows the template's.
    pub span: Option<(i64, i64)>,
}

/// Every record and what it brought: a coupon, or nothing.
pub type Books = BTreeMap<String, Option<Entry>>;

/// What the comparison found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// People who hold something on either side.
    pub wallets: usize,
    /// Records on either side.
    pub records: usize,
    /// One text for each record that differs.
    pub differences: Vec<String>,
}

const PAGE: i64 = 500;

/// Ours, from the rows.
pub async fn ours(db: &PgPool, app: AppId) -> anyhow::Result<Books> {
    let mut books = Books::new();
    let mut after = None;
    loop {
        let mut conn = db.acquire().await?;
        let page = store::wallet::list(&mut conn, app, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(books) };
        after = Some(last.id);
        books.extend(
            page.into_iter().map(|coupon| (coupon.record.as_str().to_owned(), our(coupon))),
        );
    }
}

/// Baidu's: its wallets, and its records that brought nothing.
pub fn theirs(baidu: &Simulator) -> Books {
    let records = baidu.records().into_iter();
    let mut books: Books = records.map(|record| (record.record_id, None)).collect();
    let held = baidu.wallets().into_values().flatten();
    books.extend(held.map(|held| (held.record_id.clone(), Some(their(held)))));
    books
}

/// Holds them against each other.
pub fn compare(ours: &Books, theirs: &Books) -> Comparison {
    let mut records: Vec<&String> = ours.keys().chain(theirs.keys()).collect();
    records.sort_unstable();
    records.dedup();
    let mut people: Vec<&str> = [ours, theirs]
        .into_iter()
        .flat_map(Books::values)
        .flatten()
        .map(|entry| entry.open_id.as_str())
        .collect();
    people.sort_unstable();
    people.dedup();
    let differences = records.iter().filter_map(|record| {
        let known = |books: &Books| books.get(*record).cloned().flatten();
        difference(known(ours), known(theirs)).map(|what| format!("{record}: {what}"))
    });
    Comparison { wallets: people.len(), records: records.len(), differences: differences.collect() }
}

fn difference(ours: Option<Entry>, theirs: Option<Entry>) -> Option<&'static str> {
    match (ours, theirs) {
        (None, None) => None,
        (Some(_), None) => Some("Baidu has no coupon for it"),
        (None, Some(_)) => Some("we have no coupon for it"),
        (Some(ours), Some(theirs)) => [
            (ours.open_id == theirs.open_id, "another holder"),
            (ours.template == theirs.template, "another template"),
            (ours.code == theirs.code, "another code"),
            (ours.used == theirs.used, "used on one side only"),
            (theirs.span.is_none() || ours.span == theirs.span, "another validity"),
        ]
        .into_iter()
        .find_map(|(same, what)| (!same).then_some(what)),
    }
}

/// A coupon that was taken out of use lies in no wallet.
fn our(coupon: WalletCoupon) -> Option<Entry> {
    let used = match coupon.state {
        CouponState::Issued | CouponState::Locked => false,
        CouponState::Redeemed => true,
        CouponState::Void => return None,
    };
    let span = (coupon.valid_from.timestamp(), coupon.valid_until.timestamp());
    Some(Entry {
        open_id: coupon.open_id,
        template: coupon.platform_ref.unwrap_or_default(),
        code: coupon.code.as_str().to_owned(),
        used,
        span: Some(span),
    })
}

fn their(held: Held) -> Entry {
    let span = (held.valid_from.timestamp(), held.valid_until.timestamp());
    Entry {
        open_id: held.open_id,
        template: held.coupon_template_id.to_string(),
        code: held.code,
        used: held.state == HeldState::Used,
        span: (held.origin == Origin::Sync).then_some(span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            open_id: "open-1".to_owned(),
            template: "23830866".to_owned(),
            code: "A1".to_owned(),
            used: false,
            span: Some((1, 2)),
        }
    }

    fn books(entry: Option<Entry>) -> Books {
        Books::from([("r1".to_owned(), entry)])
    }

    fn differences(ours: Option<Entry>, theirs: Option<Entry>) -> Vec<String> {
        compare(&books(ours), &books(theirs)).differences
    }

    #[test]
    fn equal_books_are_counted_and_nothing_differs() {
        let mut ours = books(Some(entry()));
        ours.insert("r2".to_owned(), Some(entry()));
        let mut theirs = ours.clone();
        theirs.insert("refused".to_owned(), None);

        let found = compare(&ours, &theirs);

        assert_eq!(found, Comparison { wallets: 1, records: 3, differences: Vec::new() });
    }

    #[test]
    fn a_coupon_that_only_one_side_has_is_found_on_either_side() {
        assert_eq!(differences(Some(entry()), None), ["r1: Baidu has no coupon for it"]);
        assert_eq!(differences(None, Some(entry())), ["r1: we have no coupon for it"]);
        let nothing = Books::new();
        assert_eq!(compare(&books(Some(entry())), &nothing).differences.len(), 1);
        assert_eq!(compare(&nothing, &books(Some(entry()))).differences.len(), 1);
    }

    #[test]
    fn each_field_that_differs_is_named() {
        for (theirs, what) in [
            (Entry { open_id: "open-2".to_owned(), ..entry() }, "another holder"),
            (Entry { template: "1".to_owned(), ..entry() }, "another template"),
            (Entry { code: "B2".to_owned(), ..entry() }, "another code"),
            (Entry { used: true, ..entry() }, "used on one side only"),
            (Entry { span: Some((1, 3)), ..entry() }, "another validity"),
        ] {
            assert_eq!(differences(Some(entry()), Some(theirs)), [format!("r1: {what}")]);
        }
    }

    #[test]
    fn the_validity_of_what_was_taken_there_is_the_templates_and_not_compared() {
        let taken = Entry { span: None, ..entry() };

        assert!(differences(Some(entry()), Some(taken)).is_empty());
    }
}
