//! What a coupon must be, by what was said of it so far: a model that knows nothing of the rules' code.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, prop_oneof},
};

use super::admin::Reply;

#[derive(Debug, Clone)]
pub enum Act {
    Lock {
        minutes: i64,
    },
    Unlock,
    /// With so many lines in the cart, each worth as much of a discount; none without a cart.
    Redeem {
        lines: i32,
    },
    /// By a person: the holder of the first coupon.
    RedeemOwn,
    GiveBack {
        lines: Option<Vec<i32>>,
    },
    Void,
}

pub fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (1..=60i64).prop_map(|minutes| Act::Lock { minutes }),
        3 => Just(Act::Unlock),
        5 => prop_oneof![3 => Just(0), 3 => Just(2), 1 => Just(3)].prop_map(|lines| Act::Redeem { lines }),
        1 => Just(Act::RedeemOwn),
        4 => proptest::option::of(vec(1..=3i32, 1..3)).prop_map(|lines| Act::GiveBack { lines }),
        1 => Just(Act::Void),
    ]
}

/// Status, code of a refusal, and whether anything changed where the answer says so.
pub type Heard = (u16, Option<String>, Option<bool>);

fn yes(status: u16) -> Heard {
    (status, None, None)
}

fn changed(changed: bool) -> Heard {
    (200, None, Some(changed))
}

fn no(status: u16, code: &str) -> Heard {
    (status, Some(code.to_owned()), None)
}

pub fn heard(reply: &Reply) -> Heard {
    let code = reply.body["code"].as_str().map(str::to_owned);
    (reply.status.as_u16(), code, reply.body["changed"].as_bool())
}

/// One use: its lines, each with whether it is back, and whether all of it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Use {
    lines: BTreeMap<i32, bool>,
    over: bool,
}

/// One coupon.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Model {
    void: bool,
    /// Its row, also when the lock has passed.
    lock: Option<(u8, DateTime<Utc>)>,
    uses: BTreeMap<u8, Use>,
    until: DateTime<Utc>,
}

impl Model {
    pub fn fresh(until: DateTime<Utc>) -> Self {
        Self { until, ..Self::default() }
    }

    fn user(&self) -> Option<u8> {
        self.uses.iter().find(|(_, one)| !one.over).map(|(order, _)| *order)
    }

    fn keeper(&self, now: DateTime<Utc>) -> Option<u8> {
        self.lock.filter(|(_, until)| now < *until).map(|(order, _)| order)
    }

    /// Whoever looks after locks comes by.
    pub fn upkeep(&mut self, now: DateTime<Utc>) {
        self.lock = self.lock.filter(|(_, until)| now < *until);
    }

    /// Whether it goes when all that is unused of its template goes; what has ended by itself stays what it is.
    pub fn void_unused(&mut self, now: DateTime<Utc>) -> bool {
        let goes = !self.void && self.user().is_none() && (now < self.until || self.lock.is_some());
        if goes {
            (self.void, self.lock) = (true, None);
        }
        goes
    }

    pub fn hear(&mut self, order: u8, act: &Act, is_own: bool, now: DateTime<Utc>) -> Heard {
        let hidden = no(404, "no_such_coupon");
        match act {
            Act::Void if self.void => changed(false),
            Act::RedeemOwn if !is_own => hidden,
            _ if self.void => hidden,
            Act::Void | Act::Unlock if self.user().is_some() => no(409, "already_redeemed"),
            Act::Void if self.keeper(now).is_none() && self.until <= now => no(409, "expired"),
            Act::Void => {
                (self.void, self.lock) = (true, None);
                changed(true)
            }
            Act::Lock { minutes } => {
                if self.keeper(now) == Some(order) {
                    return yes(200);
                }
                if let Some(refusal) = self.refusal(order, now) {
                    return refusal;
                }
                self.lock = Some((order, now + TimeDelta::minutes(*minutes)));
                yes(201)
            }
            Act::Unlock => match self.keeper(now) {
                None => changed(false),
                Some(keeper) if keeper != order => no(409, "locked"),
                Some(_) => {
                    self.lock = None;
                    changed(true)
                }
            },
            Act::Redeem { .. } | Act::RedeemOwn => {
                let lines = if let Act::Redeem { lines } = act { *lines } else { 0 };
                if self.user() == Some(order) {
                    return self.uses[&order].again(lines);
                }
                if self.keeper(now) != Some(order)
                    && let Some(refusal) = self.refusal(order, now)
                {
                    return refusal;
                }
                let lines = (1..=lines).map(|line| (line, false)).collect();
                self.uses.insert(order, Use { lines, over: false });
                self.lock = None;
                yes(201)
            }
            Act::GiveBack { lines } => match self.uses.get_mut(&order) {
                None => no(409, "not_redeemed"),
                Some(one) => one.give_back(lines.as_deref()),
            },
        }
    }

    /// Why an order may not have it that has nothing to do with it.
    fn refusal(&self, order: u8, now: DateTime<Utc>) -> Option<Heard> {
        if self.keeper(now).is_some() {
            return Some(no(409, "locked"));
        }
        if self.user().is_some() {
            return Some(no(409, "already_redeemed"));
        }
        if self.uses.contains_key(&order) {
            return Some(no(409, "given_back"));
        }
        (self.until <= now).then(|| no(409, "expired"))
    }
}

impl Use {
    /// What the same order hears under another key; another cart would take something else off.
    fn again(&self, lines: i32) -> Heard {
        let known = i32::try_from(self.lines.len()).unwrap();
        let is_another = lines > 0 && known > 0 && lines != known;
        if is_another { no(409, "discount_differs") } else { yes(200) }
    }

    fn give_back(&mut self, wanted: Option<&[i32]>) -> Heard {
        let wanted = match wanted {
            Some(wanted) if wanted.iter().any(|line| !self.lines.contains_key(line)) => {
                return no(422, "invalid_values");
            }
            Some(wanted) => wanted.to_vec(),
            None => self.lines.keys().copied().collect(),
        };
        if self.over {
            return changed(false);
        }
        let whole = self.lines.is_empty();
        let fresh = wanted.iter().filter(|line| !self.lines[line]).count() > 0;
        for line in &wanted {
            self.lines.insert(*line, true);
        }
        self.over = whole || self.lines.values().all(|back| *back);
        changed(fresh || whole)
    }
}
