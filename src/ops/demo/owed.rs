//! What kaquan owed Baidu, held against what took effect there.

use serde_json::Value;

use super::{
    books::Comparison,
    merchant::{Campaign, Merchant},
    promise::Promise,
};
use crate::{
    domain::{app::PlatformKind, id::DeliveryId, reconciliation},
    simulator::{
        Simulator,
        effects::{EffectKind, Identity, Tally},
        journal::Entry,
    },
};

/// What the merchant has put there: the campaign, and what stands on WeChat too.
const TEMPLATES: u64 = 2;

/// Everything that was owed.
pub struct Owed(Vec<Value>);

impl Owed {
    /// Through the admin API.
    pub async fn read(merchant: &Merchant, campaign: &Campaign) -> anyhow::Result<Self> {
        Ok(Self(merchant.deliveries(campaign.app).await?))
    }

    /// One that took a few attempts, to be shown with all of them.
    pub fn sample(&self) -> Option<DeliveryId> {
        let worth = |delivery: &&Value| {
            let about_a_coupon = delivery["kind"] == "sync" || delivery["kind"] == "write_off";
            let attempts = delivery["attempt_count"].as_u64().unwrap_or_default();
            (about_a_coupon, (2..=3).contains(&attempts), attempts)
        };
        let best = self.0.iter().max_by_key(worth)?;
        best["id"].as_str()?.parse().ok()
    }

    /// Whether each took effect there, and nothing took effect twice.
    pub fn judge(&self, baidu: &Simulator) -> Promise {
        let effects = baidu.effects();
        let tally = |kind: EffectKind, name: &str| {
            let found = effects.iter().find(|(id, _)| id.kind == kind && id.name == name);
            found.map_or_else(Tally::default, |(_, tally)| *tally)
        };
        let open = self.0.iter().filter(|delivery| delivery["state"] != "done").count();
        let missing = self.0.iter().filter(|delivery| {
            let name = delivery["identity"].as_str().unwrap_or_default();
            let tally = match delivery["kind"].as_str() {
                Some("sync") => tally(EffectKind::Sync, name),
                Some("write_off") => tally(EffectKind::WriteOff, name),
                Some("add_stock") => tally(EffectKind::Stock, name),
                // Those carry no name; their effect is compared with the rest of the books.
                _ => return false,
            };
            // A coupon that Baidu got by its own next try is only told again.
            tally.applied + tally.repeated == 0
        });
        let missing = missing.count();
        let twice = effects.values().filter(|tally| tally.applied > 1).count();
        let attempts: u64 =
            self.0.iter().filter_map(|delivery| delivery["attempt_count"].as_u64()).sum();
        let faults = baidu.journal().iter().filter(|entry| went_wrong(entry)).count();
        let mut figures = format!(
            "{} deliveries in {attempts} attempts against {faults} faults, {twice} took effect twice",
            self.0.len()
        );
        if open + missing > 0 {
            figures = format!("{figures}, {open} are not done, {missing} without effect");
        }
        let held = open + missing + twice == 0 && templates(&effects) == TEMPLATES;
        let (zh, en) = ("欠百度的每件事恰好生效一次", "every delivery took effect exactly once");
        Promise::new(zh, en, held, figures)
    }
}

/// Whether the books are the same, coupon for coupon.
pub fn judge_books(books: &Comparison, stocks: (i64, i64)) -> Promise {
    let Comparison { wallets, records, differences } = books;
    let (ours, theirs) = stocks;
    let mut figures = format!(
        "{wallets} wallets, {records} records, {} differ; {theirs} left there, {ours} here",
        differences.len()
    );
    if let Some(first) = differences.first() {
        figures = format!("{figures}; {first}");
    }
    let held = differences.is_empty() && ours == theirs && *wallets > 0;
    Promise::new("百度看到的与我们记的一致", "Baidu's books equal ours", held, figures)
}

/// Whether Baidu's own figures, which it tells template by template and day by day, say the same.
pub fn judge_figures(found: &reconciliation::Comparison) -> Promise {
    let differ = found.differences.len();
    let mut figures =
        format!("template, takes, uses and stock as Baidu tells them by day: {differ} differ");
    if let Some(first) = found.differences.first() {
        figures = format!("{figures}: {}", first.in_english(PlatformKind::Baidu));
    }
    let held = found.unexplained() == 0 && !found.subjects.is_empty();
    Promise::new("百度的统计与我们的相符", "Baidu's figures equal ours", held, figures)
}

/// Whether Baidu had nothing to say against our calls and answers.
pub fn judge_manners(baidu: &Simulator) -> Promise {
    let report = baidu.report();
    let calls = baidu.journal().len();
    let figures = if report.is_clean() {
        format!("{calls} calls to Baidu, strictly checked against its documents: 0 remarks")
    } else {
        format!("remarks: {report:?}")
    };
    Promise::new("接口一字不差", "calls exactly as documented", report.is_clean(), figures)
}

/// Whether the rotation arrived, and where takes came meanwhile.
pub fn judge_rotation(baidu: &Simulator, campaign: &Campaign, address: &str) -> Promise {
    let templates = baidu.templates();
    let mut ours =
        templates.iter().filter(|one| one.coupon_template_id == campaign.coupon_template_id);
    let arrived = ours.any(|template| template.callback_url == address);
    let calls = baidu.transcript();
    let new = calls.iter().filter(|call| call.url == address).count();
    let old = calls.len() - new;
    Promise::new(
        "换回调地址不误事",
        "a new callback address costs nothing",
        arrived && old > 0 && new > 0,
        format!("{old} calls came to the old address and {new} to the new one"),
    )
}

fn templates(effects: &std::collections::BTreeMap<Identity, Tally>) -> u64 {
    let templates = effects.iter().filter(|(id, _)| id.kind == EffectKind::Template);
    templates.map(|(_, tally)| tally.applied).sum()
}

/// A fault that was planned, or a call that found nobody.
fn went_wrong(entry: &Entry) -> bool {
    entry.fault.is_some() || entry.status.is_none()
}
