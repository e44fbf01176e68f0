//! Wallets: what each person holds on the platform, and the records behind it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::record::{Held, Record, RecordInside};
use super::state::{State, World};

impl World {
    /// A person's coupons, oldest first.
    pub fn wallet(&self, open_id: &str) -> Vec<Held> {
        let now = self.now();
        self.lock().wallet(open_id, now)
    }

    /// Everybody's coupons; whoever holds none is left out.
    pub fn wallets(&self) -> BTreeMap<String, Vec<Held>> {
        let now = self.now();
        let state = self.lock();
        let people = state.records_of.keys();
        let wallets = people.map(|open_id| (open_id.clone(), state.wallet(open_id, now)));
        wallets.filter(|(_, wallet)| !wallet.is_empty()).collect()
    }

    /// Every record, with or without a coupon, oldest first.
    pub fn records(&self) -> Vec<RecordInside> {
        let now = self.now();
        let state = self.lock();
        let mut all: Vec<_> =
            state.records.values().map(|record| state.record_inside(record, now)).collect();
        all.sort_by(|one, two| (one.taken_at, &one.record_id).cmp(&(two.taken_at, &two.record_id)));
        all
    }
}

impl State {
    fn wallet(&self, open_id: &str, now: DateTime<Utc>) -> Vec<Held> {
        let keys = self.records_of.get(open_id).into_iter().flatten();
        let theirs = keys.filter_map(|key| self.records.get(key));
        let mut wallet: Vec<Held> = theirs.filter_map(|record| self.held(record, now)).collect();
        wallet.sort_by(|one, two| {
            (one.taken_at, &one.record_id).cmp(&(two.taken_at, &two.record_id))
        });
        wallet
    }

    fn held(&self, record: &Record, now: DateTime<Utc>) -> Option<Held> {
        let coupon = record.coupon.as_ref()?;
        let template = self.templates.get(&record.template_id)?;
        let moment = |seconds| DateTime::from_timestamp(seconds, 0).unwrap_or(now);
        Some(Held {
            app_key: record.app_key.clone(),
            open_id: record.open_id.clone(),
            record_id: record.id.clone(),
            coupon_template_id: record.template_id,
            title: template.terms.title.clone(),
            look: template.terms.colour.look(),
            code: coupon.code.clone(),
            taken_at: record.taken_at,
            origin: coupon.origin,
            state: coupon.state(now),
            valid_from: moment(coupon.valid_from),
            valid_until: moment(coupon.valid_until),
            used_at: coupon.used_at,
        })
    }

    fn record_inside(&self, record: &Record, now: DateTime<Utc>) -> RecordInside {
        RecordInside {
            app_key: record.app_key.clone(),
            record_id: record.id.clone(),
            coupon_template_id: record.template_id,
            open_id: record.open_id.clone(),
            taken_at: record.taken_at,
            outcome: record.outcome.clone(),
            held: self.held(record, now),
        }
    }
}
