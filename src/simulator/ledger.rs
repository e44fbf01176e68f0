//! What a take changes in the platform's memory: the record, the stock, the wallet.

use super::fault::Fault;
use super::letter::Ask;
use super::record::{Attempt, Held, NotOffered, Outcome, Record, TakeReport, Verdict};
use super::report::Violation;
use super::state::{State, World};
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
        if state.records.contains_key(&record_id) {
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
        template.stock -= 1;
        let ask = Ask {
            record_id,
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
            outcome: Outcome::Failed,
            holds_stock: true,
            answer: None,
            consistent: true,
            same_bytes: true,
        };
        state.records.insert(ask.record_id.clone(), record);
        Ok(Begun::Ask(ask))
    }

    /// Finds the record, and takes its place in the stock again when it had lost it.
    pub fn begin_again(&self, record_id: &str) -> Result<Ask, TakeError> {
        let mut guard = self.lock();
        let State { records, templates, .. } = &mut *guard;
        let record = records.get_mut(record_id).ok_or(TakeError::NoSuchRecord)?;
        let template = templates.get_mut(&record.template_id).ok_or(TakeError::NoSuchTemplate)?;
        if !record.holds_stock && template.stock > 0 {
            template.stock -= 1;
            record.holds_stock = true;
        }
        Ok(Ask {
            record_id: record.id.clone(),
            open_id: record.open_id.clone(),
            template_id: record.template_id,
            // The address may have moved since.
            url: template.terms.callback_url.clone(),
        })
    }

    /// Keeps an attempt, and checks that the record always hears the same.
    pub fn note(&self, attempt: &Attempt, departures: &[&str]) {
        let mut state = self.lock();
        for departure in departures {
            state.report.deviation(departure);
        }
        state.remember(attempt.clone(), self.settings.most_attempts_kept);
        if attempt.genuine && attempt.verdict.is_clear() {
            state.compare(attempt);
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
        let mut guard = self.lock();
        let State { records, templates, .. } = &mut *guard;
        let mut report = TakeReport {
            record_id: ask.record_id.clone(),
            open_id: ask.open_id.clone(),
            outcome,
            consistent: true,
            same_bytes: true,
            tries,
        };
        let Some(record) = records.get_mut(&ask.record_id) else {
            return report;
        };
        // A coupon in the wallet stays there, and a forged call puts none into it.
        if genuine && !matches!(record.outcome, Outcome::Issued { .. }) {
            record.outcome = report.outcome.clone();
        }
        let held = matches!(record.outcome, Outcome::Issued { .. });
        if record.holds_stock && !held {
            record.holds_stock = false;
            if let Some(template) = templates.get_mut(&record.template_id) {
                template.stock += 1;
            }
        }
        report.consistent = record.consistent;
        report.same_bytes = record.same_bytes;
        report
    }

    /// A person's coupons, oldest first.
    pub fn wallet(&self, open_id: &str) -> Vec<Held> {
        let state = self.lock();
        let theirs = state.records.values().filter(|record| record.open_id == open_id);
        let mut wallet: Vec<Held> = theirs.filter_map(|record| state.held(record)).collect();
        wallet.sort_by(|one, two| {
            (one.taken_at, &one.record_id).cmp(&(two.taken_at, &two.record_id))
        });
        wallet
    }
}

impl State {
    fn held(&self, record: &Record) -> Option<Held> {
        let Outcome::Issued { code } = &record.outcome else {
            return None;
        };
        let template = self.templates.get(&record.template_id);
        Some(Held {
            app_key: record.app_key.clone(),
            record_id: record.id.clone(),
            coupon_template_id: record.template_id,
            title: template.map(|template| template.terms.title.clone()).unwrap_or_default(),
            code: code.clone(),
            taken_at: record.taken_at,
        })
    }

    fn compare(&mut self, attempt: &Attempt) {
        let Some(record) = self.records.get_mut(&attempt.record_id) else {
            return;
        };
        let body = attempt.body.clone().unwrap_or_default();
        let Some((first, first_body)) = &record.answer else {
            record.answer = Some((attempt.verdict.clone(), body));
            let template_id = record.template_id;
            self.own_code(template_id, attempt);
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
    fn own_code(&mut self, template_id: i64, attempt: &Attempt) {
        let Verdict::Issued { code } = &attempt.verdict else {
            return;
        };
        let key = (template_id, code.clone());
        let owner = self.codes.entry(key).or_insert_with(|| attempt.record_id.clone());
        if *owner != attempt.record_id {
            let violation = Violation::CodeGivenTwice {
                first: owner.clone(),
                then: attempt.record_id.clone(),
                code: code.clone(),
            };
            self.report.violations.push(violation);
        }
    }
}
