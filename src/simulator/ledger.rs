//! What a take changes in the platform's memory: the record, the stock, the wallet.

use chrono::{DateTime, Utc};

use super::fault::Fault;
use super::letter::Ask;
use super::record::{Attempt, Coupon, NotOffered, Origin, Outcome, Record, TakeReport, Verdict};
use super::report::Violation;
use super::state::{RecordKey, State, World};
use super::take::TakeOrder;

/// Why a take could not even begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TakeError {
    /// No template of that app has the id.
    #[error("no such template")]
    NoSuchTemplate,
    /// Nothing was ever asked under that record id.
    #[error("no such record")]
    NoSuchRecord,
    /// A record is taken once; asking again is a retake.
    #[error("the record exists: use retake")]
    RecordExists,
    /// Swapping needs the calls of two records.
    #[error("swap_pairs needs a bulk take")]
    NothingToSwap,
}

/// A take whose record is written.
#[derive(Debug)]
pub(super) enum Begun {
    Ask(Ask),
    NotOffered(TakeReport),
}

impl World {
    /// The given faults, or else the next set that waits.
    pub fn faults_for(&self, given: Vec<Fault>) -> Vec<Fault> {
        if given.is_empty() {
            return self.lock().next.pop_front().unwrap_or_default();
        }
        given
    }

    /// Writes the record and takes one from the stock.
    pub fn begin(&self, order: &TakeOrder) -> Result<Begun, TakeError> {
        let now = self.now();
        let mut state = self.lock();
        let record_id = order.record_id.clone().unwrap_or_else(|| state.hex(32));
        if state.find_record(&record_id).is_some() {
            return Err(TakeError::RecordExists);
        }
        let template = state.templates.get_mut(&order.coupon_template_id);
        let template = template.ok_or(TakeError::NoSuchTemplate)?;
        if order.app_key.as_ref().is_some_and(|key| *key != template.app_key) {
            return Err(TakeError::NoSuchTemplate);
        }
        let obstacle = [
            (template.deleted, NotOffered::Deleted),
            (template.terms.expire_time <= now.timestamp(), NotOffered::Over),
            (template.stock <= 0, NotOffered::SoldOut),
        ];
        let obstacle = obstacle.into_iter().find(|(stands, _)| *stands).map(|(_, why)| why);
        if let Some(why) = obstacle {
            let outcome = Outcome::NotOffered { why };
            let open_id = order.open_id.clone();
            return Ok(Begun::NotOffered(TakeReport {
                record_id,
                open_id,
                outcome,
                consistent: true,
                same_bytes: true,
                tries: Vec::new(),
            }));
        }
        template.set_stock(template.stock - 1, now);
        let ask = Ask {
            record_id,
            app_key: template.app_key.clone(),
            open_id: order.open_id.clone(),
            template_id: template.id,
            url: template.terms.callback_url.clone(),
        };
        let record = Record {
            id: ask.record_id.clone(),
            app_key: template.app_key.clone(),
            template_id: ask.template_id,
            open_id: ask.open_id.clone(),
            taken_at: now,
            outcome: Some(Outcome::Failed),
            holds_stock: true,
            answer: None,
            consistent: true,
            same_bytes: true,
            coupon: None,
        };
        state.meet(&ask.app_key, &ask.open_id);
        state.add_record(record);
        Ok(Begun::Ask(ask))
    }

    /// Finds the record, and takes its place in the stock again when it had lost it.
    pub fn begin_again(&self, record_id: &str) -> Result<Ask, TakeError> {
        let now = self.now();
        let mut guard = self.lock();
        let key = guard.find_record(record_id).ok_or(TakeError::NoSuchRecord)?;
        let State { records, templates, .. } = &mut *guard;
        let record = records.get_mut(&key).ok_or(TakeError::NoSuchRecord)?;
        if record.outcome.is_none() {
            // The developer gave it; there is nothing to ask for.
            return Err(TakeError::NoSuchRecord);
        }
        let template = templates.get_mut(&record.template_id).ok_or(TakeError::NoSuchTemplate)?;
        if !record.holds_stock && template.stock > 0 {
            template.set_stock(template.stock - 1, now);
            record.holds_stock = true;
        }
        Ok(Ask {
            record_id: record.id.clone(),
            app_key: record.app_key.clone(),
            open_id: record.open_id.clone(),
            template_id: record.template_id,
            // The address may have moved since.
            url: template.terms.callback_url.clone(),
        })
    }

    /// Keeps an attempt, and checks that the record always hears the same.
    pub fn note(&self, ask: &Ask, attempt: &Attempt, departures: &[&str]) {
        let mut state = self.lock();
        for departure in departures {
            state.report.deviation(departure);
        }
        state.remember(attempt.clone(), self.settings.most_attempts_kept);
        if attempt.genuine && attempt.verdict.is_clear() {
            state.compare(&ask.key(), attempt);
        }
    }

    /// Closes a take: the coupon goes to the wallet, or its place in the stock is given back.
    pub fn settle(
        &self,
        ask: &Ask,
        outcome: Outcome,
        genuine: bool,
        tries: Vec<Attempt>,
    ) -> TakeReport {
        let now = self.now();
        let mut state = self.lock();
        let mut report = TakeReport {
            record_id: ask.record_id.clone(),
            open_id: ask.open_id.clone(),
            outcome,
            consistent: true,
            same_bytes: true,
            tries,
        };
        let key = ask.key();
        // A forged call puts nothing into a wallet.
        if genuine {
            state.conclude(&key, &report.outcome, now);
        }
        let State { records, templates, .. } = &mut *state;
        let Some(record) = records.get_mut(&key) else {
            return report;
        };
        if record.holds_stock && record.coupon.is_none() {
            record.holds_stock = false;
            if let Some(template) = templates.get_mut(&record.template_id) {
                template.set_stock(template.stock + 1, now);
            }
        }
        report.consistent = record.consistent;
        report.same_bytes = record.same_bytes;
        report
    }
}

impl State {
    /// The record of that id in whichever app has one.
    pub fn find_record(&self, record_id: &str) -> Option<RecordKey> {
        let keys = self.apps.keys().map(|app| (app.clone(), record_id.to_owned()));
        keys.into_iter().find(|key| self.records.contains_key(key))
    }

    /// Enters a new record, and its person in the register of people.
    pub fn add_record(&mut self, record: Record) {
        let key = (record.app_key.clone(), record.id.clone());
        self.records_of.entry(record.open_id.clone()).or_default().push(key.clone());
        self.records.insert(key, record);
    }

    /// Enters how a take ended; a coupon in the wallet stays there.
    fn conclude(&mut self, key: &RecordKey, outcome: &Outcome, now: DateTime<Utc>) {
        let State { records, templates, report, .. } = self;
        let Some(record) = records.get_mut(key) else { return };
        if !matches!(record.outcome, Some(Outcome::Issued { .. })) {
            record.outcome = Some(outcome.clone());
        }
        let Outcome::Issued { code } = outcome else { return };
        if let Some(held) = &record.coupon {
            // Answers to takes are compared elsewhere; this one differs from what a sync said.
            if held.origin == Origin::Sync && held.code != *code {
                report.violations.push(Violation::OtherCode {
                    record_id: record.id.clone(),
                    first: held.code.clone(),
                    then: code.clone(),
                });
            }
            return;
        }
        let Some(template) = templates.get_mut(&record.template_id) else { return };
        record.coupon = Some(Coupon {
            code: code.clone(),
            origin: Origin::Take,
            valid_from: template.terms.effect_time,
            valid_until: template.terms.expire_time,
            used_at: None,
        });
        let today = template.today(now);
        today.taken += 1;
        today.takers.insert(record.open_id.clone());
    }

    fn compare(&mut self, key: &RecordKey, attempt: &Attempt) {
        let Some(record) = self.records.get_mut(key) else {
            return;
        };
        let body = attempt.body.clone().unwrap_or_default();
        let Some((first, first_body)) = &record.answer else {
            record.answer = Some((attempt.verdict.clone(), body));
            let template_id = record.template_id;
            if let Verdict::Issued { code } = &attempt.verdict {
                self.own_code(template_id, code, &attempt.record_id);
            }
            return;
        };
        record.same_bytes &= *first_body == body;
        if first.agrees_with(&attempt.verdict) {
            return;
        }
        record.consistent = false;
        let violation = Violation::Inconsistent {
            record_id: attempt.record_id.clone(),
            first: first_body.clone(),
            then: body,
        };
        self.report.violations.push(violation);
    }

    /// One code of a template belongs to one record.
    pub fn own_code(&mut self, template_id: i64, code: &str, record_id: &str) {
        let key = (template_id, code.to_owned());
        let owner = self.codes.entry(key).or_insert_with(|| record_id.to_owned());
        if *owner != record_id {
            let violation = Violation::CodeGivenTwice {
                first: owner.clone(),
                then: record_id.to_owned(),
                code: code.to_owned(),
            };
            self.report.violations.push(violation);
        }
    }
}
