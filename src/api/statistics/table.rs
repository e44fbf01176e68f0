//! Figures as a file: a line for each group.

use super::GroupView;
use crate::{
    domain::{csv, statistics::Figures},
    service::{
        export_coupons::Format,
        statistics::{Key, Statistics},
    },
};

/// Reasons for which claims are turned down, each a column.
const REASONS: [&str; 8] =
    ["ended", "closed", "not_eligible", "limit_reached", "sold_out", "paused", "not_open", "stale"];

const BEFORE: [&str; 10] = [
    "group",
    "name",
    "offered",
    "claimed",
    "locked",
    "redeemed",
    "given_back",
    "voided",
    "expired",
    "refused",
];

const BEHIND: [&str; 6] =
    ["claim_rate", "redeem_rate", "give_back_rate", "void_rate", "expire_rate", "refuse_rate"];

/// The whole file.
pub fn write(statistics: Statistics, format: Format, bom: bool) -> Vec<u8> {
    let mut out = Vec::new();
    match format {
        Format::Json => {
            for group in statistics.groups {
                // Texts and numbers only: there is nothing that could fail.
                if serde_json::to_writer(&mut out, &GroupView::from(group)).is_ok() {
                    out.push(b'\n');
                }
            }
        }
        Format::Csv => {
            if bom {
                out.extend_from_slice(csv::BYTE_ORDER_MARK);
            }
            let reasons = REASONS.map(|reason| format!("refused_{reason}"));
            let head = BEFORE.into_iter().chain(reasons.iter().map(String::as_str)).chain(BEHIND);
            csv::push_row(&mut out, head);
            for (key, figures) in &statistics.groups {
                let cells = cells(key, figures);
                csv::push_row(&mut out, cells.iter().map(String::as_str));
            }
        }
    }
    out
}

fn cells(key: &Key, figures: &Figures) -> Vec<String> {
    let (group, name) = match key {
        Key::Day(day) => (day.to_string(), String::new()),
        Key::Template(id, title) => (id.to_string(), title.clone()),
        Key::App(id, name) => (id.to_string(), name.clone()),
        Key::All => ("all".to_owned(), String::new()),
    };
    let rates = figures.rates();
    let rates =
        [rates.claim, rates.redeem, rates.give_back, rates.void, rates.expire, rates.refuse];
    let counts = [
        figures.offered,
        figures.claimed,
        figures.locked,
        figures.redeemed,
        figures.given_back,
        figures.voided,
        figures.expired,
        figures.refusals(),
    ];
    let by_reason = REASONS.map(|reason| figures.refused.get(reason).copied().unwrap_or_default());
    [group, name]
        .into_iter()
        .chain(counts.into_iter().chain(by_reason).map(|count| count.to_string()))
        .chain(rates.map(|rate| rate.map(|rate| format!("{rate:.4}")).unwrap_or_default()))
        .collect()
}
