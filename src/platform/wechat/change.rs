//! What is told of a card that is there already: only what can be changed, and only what is other than before.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use super::{
    base_info::{CENTER, CUSTOM, JumpKeys, PROMOTION},
    form::{AdvancedInfo, BaseInfo, CardKind, DateInfo, Jump, NewCard, Places, UseCondition},
    limits::problem,
    shown::ShownCard,
};
use crate::domain::problem::Problem;

/// What changes; nothing at all when it [`CardChange::is_empty`].
#[derive(Debug, Clone, PartialEq)]
pub struct CardChange {
    key: &'static str,
    base: Map<String, Value>,
    own: Map<String, Value>,
}

/// After a change of these a card is reviewed anew, and nobody can take it until it has passed.
const REVIEWED: [&str; 8] = [
    "logo_url",
    "notice",
    "description",
    "color",
    "bonus_cleared",
    "bonus_rules",
    "balance_rules",
    "prerogative",
];

/// How a card stood before.
struct Before<'a> {
    base: Map<String, Value>,
    own: Map<String, Value>,
    date: Option<DateInfo>,
    jumps: [Option<&'a Jump>; 3],
}

impl CardChange {
    /// From what was told to what is to be.
    pub fn between(old: &NewCard, new: &NewCard) -> Self {
        let before = Before {
            base: old.base.changeable(),
            own: own_changeable(&old.kind),
            date: Some(old.base.date),
            jumps: jumps(&old.base),
        };
        Self::since(&before, new)
    }

    /// From what stands at WeChat to what is to be. Looks of colours say little, so a colour never differs here.
    pub fn of_shown(shown: &ShownCard, new: &NewCard) -> Self {
        let mut base = shown_base(shown);
        base.insert("color".to_owned(), json!(new.base.colour.name()));
        let before = Before {
            base,
            own: shown.kind.as_ref().map(own_changeable).unwrap_or_default(),
            date: shown.date,
            jumps: [shown.center.as_ref(), shown.custom.as_ref(), shown.promotion.as_ref()],
        };
        Self::since(&before, new)
    }

    fn since(before: &Before<'_>, new: &NewCard) -> Self {
        let mut base = other(&before.base, &new.base.changeable());
        for (keys, (old, new)) in
            [CENTER, CUSTOM, PROMOTION].iter().zip(before.jumps.iter().zip(jumps(&new.base)))
        {
            tell_jump(&mut base, keys, *old, new);
        }
        // What was set and is no more has to be wiped.
        for (key, wiped) in [("service_phone", json!("")), ("location_id_list", json!(0))] {
            let is_set = new.base.changeable().contains_key(key);
            if before.base.contains_key(key) && !is_set {
                base.insert(key.to_owned(), wiped);
            }
        }
        if let (Some(DateInfo::Range { .. }), DateInfo::Range { .. }) = (before.date, new.base.date)
            && before.date != Some(new.base.date)
        {
            base.insert("date_info".to_owned(), new.base.date.wire());
        }
        let own = other(&before.own, &own_changeable(&new.kind));
        Self { key: new.kind.key(), base, own }
    }

    /// With the colour of another change of the same card.
    #[must_use]
    pub fn with_colour_of(mut self, other: &Self) -> Self {
        if let Some(colour) = other.base.get("color") {
            self.base.insert("color".to_owned(), colour.clone());
        }
        self
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.base.is_empty() && self.own.is_empty()
    }

    /// Whether the card is reviewed anew.
    pub fn needs_review(&self) -> bool {
        !self.review_fields().is_empty()
    }

    /// Because of which fields, as WeChat calls them.
    pub fn review_fields(&self) -> Vec<&'static str> {
        let told = |key: &&str| self.base.contains_key(*key) || self.own.contains_key(*key);
        REVIEWED.into_iter().filter(told).collect()
    }

    /// The body of `card/update`.
    pub fn body(&self, card_id: &str) -> Value {
        let mut own = self.own.clone();
        if !self.base.is_empty() {
            own.insert("base_info".to_owned(), self.base.clone().into());
        }
        json!({ "card_id": card_id, self.key: own })
    }
}

fn other(old: &Map<String, Value>, new: &Map<String, Value>) -> Map<String, Value> {
    let changed = new.iter().filter(|(key, value)| old.get(*key) != Some(*value));
    changed.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn own_changeable(kind: &CardKind) -> Map<String, Value> {
    match kind {
        CardKind::MemberCard(card) => card.changeable(),
        CardKind::Groupon { .. }
        | CardKind::Cash { .. }
        | CardKind::Discount { .. }
        | CardKind::Gift { .. }
        | CardKind::GeneralCoupon { .. } => Map::new(),
    }
}

const fn jumps(base: &BaseInfo) -> [Option<&Jump>; 3] {
    [base.center.as_ref(), base.custom.as_ref(), base.promotion.as_ref()]
}

/// Label, mini-program and page go together or not at all.
fn tell_jump(
    base: &mut Map<String, Value>,
    keys: &JumpKeys,
    old: Option<&Jump>,
    new: Option<&Jump>,
) {
    for key in [keys.label, keys.sub_label, keys.user_name, keys.page] {
        base.remove(key);
    }
    let Some(jump) = new.filter(|jump| old != Some(jump)) else { return };
    base.extend(jump.wire(keys));
    if jump.sub_label.is_none() && old.is_some_and(|old| old.sub_label.is_some()) {
        base.insert(keys.sub_label.to_owned(), json!(""));
    }
}

fn shown_base(shown: &ShownCard) -> Map<String, Value> {
    let mut base = Map::new();
    let mut put = |key: &str, value: Value| base.insert(key.to_owned(), value);
    put("logo_url", json!(shown.logo_url));
    put("notice", json!(shown.notice));
    put("description", json!(shown.description));
    put("code_type", json!(shown.code_type));
    for (key, said) in [("can_share", shown.can_share), ("can_give_friend", shown.can_give_friend)]
    {
        if let Some(said) = said {
            put(key, json!(said));
        }
    }
    if let Some(limit) = shown.get_limit {
        put("get_limit", json!(limit));
    }
    if let Some(phone) = &shown.service_phone {
        put("service_phone", json!(phone));
    }
    if !shown.location_id_list.is_empty() {
        put("location_id_list", json!(shown.location_id_list));
    }
    base
}

/// What can never be told of a card that is there; for it, another card has to be made.
pub fn unchangeable(old: &NewCard, new: &NewCard) -> Vec<Problem> {
    let (before, after) = (&old.base, &new.base);
    let fixed = [
        ("kind", old.kind.name() == new.kind.name()),
        ("threshold", thresholds(old) == thresholds(new)),
        (worth_of(&old.kind), same_worth(&old.kind, &new.kind)),
        ("title", before.title == after.title),
        ("card.brand_name", before.brand_name == after.brand_name),
        ("card.source", before.source == after.source),
        ("code_mode", before.code_mode == after.code_mode),
        ("card.use_all_locations", (before.places == Places::All) == (after.places == Places::All)),
        ("card.advanced_info", advanced(old) == advanced(new)),
    ];
    let mut problems: Vec<_> = fixed
        .into_iter()
        .filter(|(_, same)| !same)
        .map(|(param, _)| {
            problem(
                param,
                ("微信卡券创建后不能修改", "WeChat does not change it on a card that is there"),
            )
        })
        .collect();
    if !is_widened(before.date, after.date) {
        let texts = (
            "微信卡券的有效期只能延长，且必须是固定日期",
            "WeChat only lengthens a validity, and only one between two dates",
        );
        problems.push(problem("validity", texts));
    }
    let params = ["card.center", "card.custom", "card.promotion"];
    for (param, (old, new)) in params.into_iter().zip(jumps(before).into_iter().zip(jumps(after))) {
        if old.is_some() && new.is_none() {
            let texts = ("入口可以更换，不能去掉", "it can lead elsewhere, but not nowhere");
            problems.push(problem(param, texts));
        }
    }
    problems
}

fn is_widened(old: DateInfo, new: DateInfo) -> bool {
    match (old, new) {
        (DateInfo::Range { begin, end }, DateInfo::Range { begin: new_begin, end: new_end }) => {
            new_begin <= begin && new_end >= end
        }
        (old, new) => old == new,
    }
}

fn thresholds(card: &NewCard) -> (i64, Option<i64>) {
    let least = match &card.kind {
        CardKind::Cash { least_cost, .. } => *least_cost,
        CardKind::Groupon { .. }
        | CardKind::Discount { .. }
        | CardKind::Gift { .. }
        | CardKind::GeneralCoupon { .. }
        | CardKind::MemberCard(_) => 0,
    };
    (least, card.advanced.use_condition.as_ref().and_then(|condition| condition.least_cost))
}

/// All of it but the threshold, which has a name of its own.
fn advanced(card: &NewCard) -> AdvancedInfo {
    let mut advanced = card.advanced.clone();
    if let Some(condition) = &mut advanced.use_condition {
        condition.least_cost = None;
    }
    advanced.use_condition =
        advanced.use_condition.filter(|condition| *condition != UseCondition::default());
    advanced
}

const fn worth_of(kind: &CardKind) -> &'static str {
    match kind {
        CardKind::Cash { .. } | CardKind::Discount { .. } => "benefit",
        CardKind::Groupon { .. } | CardKind::Gift { .. } | CardKind::GeneralCoupon { .. } => {
            "card.deal_detail"
        }
        CardKind::MemberCard(_) => "card.member_card",
    }
}

fn same_worth(old: &CardKind, new: &CardKind) -> bool {
    match (old, new) {
        (CardKind::Cash { reduce_cost: old, .. }, CardKind::Cash { reduce_cost: new, .. }) => {
            old == new
        }
        (CardKind::MemberCard(old), CardKind::MemberCard(new)) => {
            (old.supply_bonus, old.supply_balance, &old.activation)
                == (new.supply_bonus, new.supply_balance, &new.activation)
        }
        (old, new) => old.name() != new.name() || old == new,
    }
}
