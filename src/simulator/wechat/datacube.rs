//! `POST /datacube/getcardbizuininfo` and `POST /datacube/getcardcardinfo`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use serde_json::{Value, json};

use super::coupon::Life;
use super::day;
use super::fact::What;
use super::fields::Fields;
use super::request::Incoming;
use super::trouble::Trouble;
use super::turn::Turn;

/// At what o'clock in UTC+8 the figures of the day before are there; the documents say "the next morning".
const MORNING: u32 = 8;
const MOST_DAYS: i64 = 62;

/// How often, and by how many people.
#[derive(Debug, Default)]
struct Count {
    times: u64,
    people: BTreeSet<String>,
}

impl Count {
    fn add(&mut self, openid: &str) {
        self.times += 1;
        self.people.insert(openid.to_owned());
    }
}

/// One row: views, takes, redemptions, gifts, ends.
#[derive(Debug, Default)]
struct Row {
    views: Count,
    takes: Count,
    uses: Count,
    gifts: Count,
    ends: Count,
}

impl Row {
    fn shown(&self, day: NaiveDate) -> Value {
        json!({
            "ref_date": day.to_string(),
            "view_cnt": self.views.times, "view_user": self.views.people.len(),
            "receive_cnt": self.takes.times, "receive_user": self.takes.people.len(),
            "verify_cnt": self.uses.times, "verify_user": self.uses.people.len(),
            "given_cnt": self.gifts.times, "given_user": self.gifts.people.len(),
            "expire_cnt": self.ends.times, "expire_user": self.ends.people.len(),
        })
    }
}

/// Each day of the whole account.
pub(super) fn of_account(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Value, Trouble> {
    let fields = Fields::root(&incoming.json);
    turn.note_undocumented(&fields, &["begin_date", "end_date", "cond_source"]);
    let rows = rows(turn, &fields, |_| String::new())?;
    let list: Vec<Value> = rows.iter().map(|((day, _), row)| row.shown(*day)).collect();
    Ok(json!({ "list": list }))
}

/// Each day of each card.
pub(super) fn of_cards(turn: &mut Turn<'_>, incoming: &Incoming) -> Result<Value, Trouble> {
    let fields = Fields::root(&incoming.json);
    turn.note_undocumented(&fields, &["begin_date", "end_date", "cond_source", "card_id"]);
    let only = fields.find_text("card_id")?.filter(|card_id| !card_id.is_empty());
    let rows = rows(turn, &fields, str::to_owned)?;
    let list = rows.iter().filter(|((_, card_id), _)| only.is_none_or(|only| only == card_id));
    let list: Vec<Value> = list
        .map(|((day, card_id), row)| {
            let mut shown = row.shown(*day);
            let kind = turn.state.cards.get(card_id).map_or(-1, |card| card.kind.number());
            shown["card_id"] = json!(card_id);
            shown["card_type"] = json!(kind);
            shown["is_pay"] = json!(0);
            shown
        })
        .collect();
    Ok(json!({ "list": list }))
}

type Rows = BTreeMap<(NaiveDate, String), Row>;

fn rows(
    turn: &Turn<'_>,
    fields: &Fields<'_>,
    named: impl Fn(&str) -> String,
) -> Result<Rows, Trouble> {
    let (first, last) = range(turn.now, fields)?;
    let mut rows = Rows::new();
    match fields.integer("cond_source")? {
        1 => {}
        // Nothing here was made in the console.
        0 => return Ok(rows),
        _ => return Err(Trouble::parameter("cond_source")),
    }
    let last = last.min(newest(turn.now));
    let asked = first..=last;
    let mine = turn.state.facts.iter().filter(|fact| fact.appid == turn.appid);
    for fact in mine.filter(|fact| asked.contains(&fact.day)) {
        let row = rows.entry((fact.day, named(&fact.card_id))).or_default();
        match fact.what {
            What::View => row.views.add(&fact.openid),
            What::Receive => row.takes.add(&fact.openid),
            What::Verify => row.uses.add(&fact.openid),
            What::Given => row.gifts.add(&fact.openid),
        }
    }
    let open = turn.state.coupons.values().filter(|coupon| {
        coupon.appid == turn.appid && matches!(coupon.life, Life::Normal | Life::Gifting { .. })
    });
    for coupon in open {
        let end = DateTime::from_timestamp(coupon.end, 0).map(day::of);
        if let Some(end) = end.filter(|end| asked.contains(end)) {
            rows.entry((end, named(&coupon.card_id))).or_default().ends.add(&coupon.openid);
        }
    }
    Ok(rows)
}

/// The newest day whose figures are there.
fn newest(now: DateTime<Utc>) -> NaiveDate {
    let today = day::of(now);
    let behind = if day::local(now).hour() < MORNING { 2 } else { 1 };
    NaiveDate::from_num_days_from_ce_opt(today.num_days_from_ce() - behind).unwrap_or(today)
}

fn range(now: DateTime<Utc>, fields: &Fields<'_>) -> Result<(NaiveDate, NaiveDate), Trouble> {
    let read = |name| {
        let text = fields.text(name)?;
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        date.filter(|date| date.to_string() == text)
            .ok_or_else(|| Trouble::new(61500, "date format error"))
    };
    let (first, last) = (read("begin_date")?, read("end_date")?);
    let days = (last - first).num_days() + 1;
    if !(1..=MOST_DAYS).contains(&days) || last >= day::of(now) {
        return Err(Trouble::new(61501, "date range error"));
    }
    Ok((first, last))
}
