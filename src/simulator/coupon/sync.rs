//! `POST /rest/2.0/smartapp/coupon/sync`: a coupon that was taken with the developer.

use serde_json::Value;

use super::check_own;
use crate::simulator::effects::{Came, EffectKind};
use crate::simulator::record::{Coupon, Origin, Record};
use crate::simulator::reply::Trouble;
use crate::simulator::sent::Sent;
use crate::simulator::state::RecordKey;
use crate::simulator::switches::Choice;
use crate::simulator::turn::Turn;

/// The page bounds the record and the code.
const MOST_TEXT: usize = 32;

/// What is told about one coupon.
struct Told<'a> {
    open_id: &'a str,
    record_id: &'a str,
    template_id: i64,
    coupon: Coupon,
}

/// Puts the coupon into the wallet, once for each record.
pub(in crate::simulator) fn sync(turn: &mut Turn<'_>, sent: &Sent<'_>) -> Result<Value, Trouble> {
    let told = read(&sent.json)?;
    let record_id = told.record_id.to_owned();
    let came = enter(turn, told);
    turn.tally(EffectKind::Sync, &record_id, &came);
    came.map(|_| Value::Null)
}

fn read(body: &Value) -> Result<Told<'_>, Trouble> {
    let coupon = &body["coupon"];
    let told = Told {
        open_id: text(&body["openid"], "openid")?,
        record_id: text(&coupon["record_id"], "record_id")?,
        template_id: integer(&coupon["coupon_template_id"], "coupon_template_id")?,
        coupon: Coupon {
            code: text(&coupon["code"], "code")?.to_owned(),
            origin: Origin::Sync,
            valid_from: integer(&coupon["effect_time"], "effect_time")?,
            valid_until: integer(&coupon["expire_time"], "expire_time")?,
            used_at: None,
        },
    };
    if told.record_id.len() > MOST_TEXT || told.coupon.code.len() > MOST_TEXT {
        return Err(Trouble::parameter("record_id or code is longer than 32 bytes"));
    }
    let (from, until) = (told.coupon.valid_from, told.coupon.valid_until);
    // The page gives both as int32.
    if from <= 0 || until <= from || until > i64::from(i32::MAX) {
        return Err(Trouble::parameter("effect_time and expire_time are not a span in seconds"));
    }
    Ok(told)
}

fn enter(turn: &mut Turn<'_>, told: Told<'_>) -> Result<Came, Trouble> {
    let key = (turn.app_key.clone(), told.record_id.to_owned());
    if let Some(record) = turn.state.records.get(&key) {
        if record.open_id != told.open_id || record.template_id != told.template_id {
            return Err(taken());
        }
        return match record.coupon.clone() {
            Some(held) => repeat(turn, &key, told, &held),
            None => after_a_take(turn, &key, told),
        };
    }
    check_own(turn, told.template_id)?;
    check_time(turn, &told.coupon)?;
    let pays = turn.state.switches.sync_takes_stock;
    if pays {
        pay(turn, told.template_id)?;
    }
    let record = Record {
        id: key.1.clone(),
        app_key: key.0.clone(),
        template_id: told.template_id,
        open_id: told.open_id.to_owned(),
        taken_at: turn.now,
        outcome: None,
        holds_stock: pays,
        answer: None,
        consistent: true,
        same_bytes: true,
        coupon: None,
    };
    turn.state.add_record(record);
    give(turn, &key, told);
    Ok(Came::Applied)
}

/// The record has its coupon: the same changes nothing, another is refused.
fn repeat(
    turn: &mut Turn<'_>,
    key: &RecordKey,
    told: Told<'_>,
    held: &Coupon,
) -> Result<Came, Trouble> {
    let span = |coupon: &Coupon| (coupon.valid_from, coupon.valid_until);
    // The validity of a take is the template's; whoever tells it again need not know it.
    let same_span = held.origin == Origin::Take || span(held) == span(&told.coupon);
    if held.code != told.coupon.code || !same_span {
        return Err(taken());
    }
    if turn.state.switches.forgets_records {
        give(turn, key, told);
        return Ok(Came::Applied);
    }
    turn.undocumented("what a repeated record is told");
    Ok(Came::Repeated)
}

/// The platform asked and saw no code; now the developer says that there is one.
fn after_a_take(turn: &mut Turn<'_>, key: &RecordKey, told: Told<'_>) -> Result<Came, Trouble> {
    turn.undocumented("a sync under the record of a take that brought no coupon");
    if turn.state.switches.sync_of_failed_take == Choice::Refuse {
        return Err(taken());
    }
    check_time(turn, &told.coupon)?;
    let holds = turn.state.records.get(key).is_some_and(|record| record.holds_stock);
    if !holds {
        if let Some(template) = turn.state.templates.get_mut(&told.template_id) {
            template.set_stock(template.stock - 1, turn.now);
        }
        if let Some(record) = turn.state.records.get_mut(key) {
            record.holds_stock = true;
        }
    }
    give(turn, key, told);
    Ok(Came::Applied)
}

/// Into the wallet, the statistics and the register of codes.
fn give(turn: &mut Turn<'_>, key: &RecordKey, told: Told<'_>) {
    turn.state.own_code(told.template_id, &told.coupon.code, &key.1);
    if let Some(record) = turn.state.records.get_mut(key) {
        record.coupon = Some(told.coupon);
    }
    if let Some(template) = turn.state.templates.get_mut(&told.template_id) {
        let today = template.today(turn.now);
        today.synced += 1;
        today.receivers.insert(told.open_id.to_owned());
    }
}

fn pay(turn: &mut Turn<'_>, template_id: i64) -> Result<(), Trouble> {
    let template = turn.state.templates.get_mut(&template_id).ok_or_else(Trouble::no_coupon)?;
    if template.stock <= 0 {
        return Err(Trouble::Business(-1024, "库存不足".to_owned()));
    }
    template.set_stock(template.stock - 1, turn.now);
    Ok(())
}

fn check_time(turn: &mut Turn<'_>, coupon: &Coupon) -> Result<(), Trouble> {
    if coupon.valid_until > turn.now.timestamp() {
        return Ok(());
    }
    turn.undocumented("a sync of a coupon whose time is over");
    if turn.state.switches.sync_refuses_expired {
        return Err(Trouble::parameter("expire_time is over"));
    }
    Ok(())
}

fn taken() -> Trouble {
    Trouble::Business(40000, "记录已存在".to_owned())
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, Trouble> {
    value.as_str().ok_or_else(|| Trouble::wrong_type(format!("{name} is not a string")))
}

fn integer(value: &Value, name: &str) -> Result<i64, Trouble> {
    value.as_i64().ok_or_else(|| Trouble::wrong_type(format!("{name} is not an integer")))
}
