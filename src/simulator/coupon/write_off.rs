//! `POST /rest/2.0/smartapp/coupon/writeOffCoupon`: a coupon was used with the developer.

use serde_json::Value;

use crate::simulator::effects::{Came, EffectKind};
use crate::simulator::record::HeldState;
use crate::simulator::reply::Trouble;
use crate::simulator::sent::Sent;
use crate::simulator::switches::Second;
use crate::simulator::turn::Turn;

/// Marks the coupon of a record of either origin as used.
pub(in crate::simulator) fn write_off(
    turn: &mut Turn<'_>,
    sent: &Sent<'_>,
) -> Result<Value, Trouble> {
    let record_id = sent.fields.get("recordId")?;
    let came = mark(turn, record_id, sent.fields.get("openId")?);
    turn.tally(EffectKind::WriteOff, record_id, &came);
    came.map(|_| Value::Null)
}

fn mark(turn: &mut Turn<'_>, record_id: &str, open_id: &str) -> Result<Came, Trouble> {
    let key = (turn.app_key.clone(), record_id.to_owned());
    let record = turn.state.records.get_mut(&key);
    let record = record.ok_or_else(|| Trouble::parameter("recordId is not known"))?;
    if record.open_id != open_id {
        return Err(Trouble::parameter("openId is not the record's"));
    }
    let template_id = record.template_id;
    let coupon = record.coupon.as_mut();
    let coupon = coupon.ok_or_else(|| Trouble::parameter("the record has no coupon"))?;
    let early = turn.now.timestamp() < coupon.valid_from;
    match coupon.state(turn.now) {
        HeldState::Used if !turn.state.switches.forgets_records => {
            let second = turn.state.switches.write_off_twice;
            turn.undocumented("what a second write-off is told");
            return match second {
                Second::Refuse => Err(Trouble::Business(-1024, "优惠券已核销".to_owned())),
                Second::Succeed => Ok(Came::Repeated),
            };
        }
        HeldState::Expired => return Err(Trouble::Business(-1024, "优惠券已过期".to_owned())),
        HeldState::Used | HeldState::Unused => coupon.used_at = Some(turn.now),
    }
    if early {
        turn.undocumented("a write-off before the validity begins");
    }
    if let Some(template) = turn.state.templates.get_mut(&template_id) {
        let today = template.today(turn.now);
        today.used += 1;
        today.users.insert(open_id.to_owned());
    }
    Ok(Came::Applied)
}
