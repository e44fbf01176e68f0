//! What `card/get` shows of a card. Read leniently, for old cards and new fields are answered in their own ways.

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};

pub use super::status::{CardStatus, UserCardStatus};
use super::{
    base_info::{CENTER, CUSTOM, JumpKeys, PROMOTION},
    colour::COLOURS,
    form::{CardKind, CodeMode, DateInfo, Jump, MiniPage},
    json::{Fields, integer},
    member_card::{Activation, MemberCard},
};
use crate::outgoing::palette::Colour;

/// A card as it stands at WeChat.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownCard {
    /// WeChat's id of it.
    pub id: Option<String>,
    /// `GROUPON` and the like, also types that we do not make.
    pub card_type: String,
    /// Type and worth; `None` where it is of a type that we do not make, or not all of it is shown.
    pub kind: Option<CardKind>,
    /// Where it is in its life.
    pub status: CardStatus,
    /// The title.
    pub title: String,
    /// Whose.
    pub brand_name: String,
    /// A picture on WeChat's host.
    pub logo_url: String,
    /// What the holder is told to do at a till.
    pub notice: String,
    /// All there is to say about using it.
    pub description: String,
    /// A look that is not always one of the table, so two are never compared.
    pub colour: String,
    /// `CODE_TYPE_…`.
    pub code_type: String,
    /// When it can be used; `None` where it is said in no way that we know.
    pub date: Option<DateInfo>,
    /// What is left.
    pub quantity: Option<i64>,
    /// What was ever added.
    pub total_quantity: Option<i64>,
    /// Who chooses codes.
    pub code_mode: CodeMode,
    /// Whether only one person can take each.
    pub bind_openid: bool,
    /// How many one user can take.
    pub get_limit: Option<i64>,
    /// Whether the page on which it is taken can be passed on.
    pub can_share: Option<bool>,
    /// Whether the card itself can be passed on.
    pub can_give_friend: Option<bool>,
    /// Whom to call.
    pub service_phone: Option<String>,
    /// Where it can be used.
    pub location_id_list: Vec<i64>,
    /// At all places of the account.
    pub use_all_locations: bool,
    /// The button in the middle.
    pub center: Option<Jump>,
    /// The first row.
    pub custom: Option<Jump>,
    /// The second row.
    pub promotion: Option<Jump>,
    /// `None` where nothing sensible is said.
    pub created_at: Option<DateTime<Utc>>,
    /// `None` where nothing sensible is said.
    pub updated_at: Option<DateTime<Utc>>,
}

impl ShownCard {
    /// Reads the `card` of an answer; `None` when it is none.
    pub(super) fn read(card: Fields<'_>) -> Option<Self> {
        let card_type = card.text("card_type")?;
        let own = card.object(&card_type.to_ascii_lowercase())?;
        let base = own.object("base_info")?;
        let text = |key| base.text(key).unwrap_or_default();
        let sku = base.object("sku");
        let places = base.list("location_id_list").unwrap_or_default();
        Some(Self {
            id: base.text("id"),
            kind: kind(&card_type, own),
            card_type,
            status: CardStatus::read(&text("status")),
            title: text("title"),
            brand_name: text("brand_name"),
            logo_url: text("logo_url"),
            notice: text("notice"),
            description: text("description"),
            colour: text("color"),
            code_type: text("code_type"),
            date: base.object("date_info").and_then(date),
            quantity: sku.and_then(|sku| sku.integer("quantity")),
            total_quantity: sku.and_then(|sku| sku.integer("total_quantity")),
            code_mode: code_mode(base),
            bind_openid: base.boolean("bind_openid").unwrap_or_default(),
            get_limit: base.integer("get_limit"),
            can_share: base.boolean("can_share"),
            can_give_friend: base.boolean("can_give_friend"),
            service_phone: base.text("service_phone"),
            location_id_list: places.iter().filter_map(integer).filter(|id| *id != 0).collect(),
            use_all_locations: base.boolean("use_all_locations").unwrap_or_default(),
            center: jump(base, &CENTER),
            custom: jump(base, &CUSTOM),
            promotion: jump(base, &PROMOTION),
            created_at: base.moment("create_time"),
            updated_at: base.moment("update_time"),
        })
    }

    /// The colour by its name, where the table knows its look.
    pub fn known_colour(&self) -> Option<Colour> {
        COLOURS.read(&self.colour)
    }
}

fn code_mode(base: Fields<'_>) -> CodeMode {
    let deposit = base.text("get_custom_code_mode");
    if deposit.as_deref() == Some("GET_CUSTOM_CODE_MODE_DEPOSIT") {
        return CodeMode::Deposit;
    }
    let ours = base.boolean("use_custom_code").unwrap_or_default();
    if ours { CodeMode::Custom } else { CodeMode::Wechat }
}

/// Types have names; older cards have numbers, or texts of them.
fn date(date: Fields<'_>) -> Option<DateInfo> {
    let number = |key| date.integer(key);
    let days = |key| number(key).and_then(|days| u32::try_from(days).ok());
    match date.text("type")?.as_str() {
        "DATE_TYPE_FIX_TIME_RANGE" | "1" => Some(DateInfo::Range {
            begin: number("begin_timestamp")?,
            end: number("end_timestamp")?,
        }),
        "DATE_TYPE_FIX_TERM" | "2" => Some(DateInfo::Term {
            days: days("fixed_term")?,
            starts_after_days: days("fixed_begin_term").unwrap_or_default(),
        }),
        "DATE_TYPE_PERMANENT" => Some(DateInfo::Permanent),
        _ => None,
    }
}

/// A row that leads into a mini-program; one that leads elsewhere is none of ours.
fn jump(base: Fields<'_>, keys: &JumpKeys) -> Option<Jump> {
    Some(Jump {
        label: base.text(keys.label)?,
        sub_label: base.text(keys.sub_label),
        user_name: base.text(keys.user_name)?,
        page: base.text(keys.page)?,
    })
}

fn kind(card_type: &str, own: Fields<'_>) -> Option<CardKind> {
    Some(match card_type {
        "GROUPON" => CardKind::Groupon { deal_detail: own.text("deal_detail")? },
        "CASH" => CardKind::Cash {
            least_cost: own.integer("least_cost").unwrap_or_default(),
            reduce_cost: own.integer("reduce_cost")?,
        },
        "DISCOUNT" => CardKind::Discount { discount: own.integer("discount")? },
        "GIFT" => CardKind::Gift { gift: own.text("gift")? },
        "GENERAL_COUPON" => CardKind::GeneralCoupon { default_detail: own.text("default_detail")? },
        "MEMBER_CARD" => CardKind::MemberCard(MemberCard {
            prerogative: own.text("prerogative")?,
            supply_bonus: own.boolean("supply_bonus").unwrap_or_default(),
            supply_balance: own.boolean("supply_balance").unwrap_or_default(),
            bonus_cleared: own.text("bonus_cleared"),
            bonus_rules: own.text("bonus_rules"),
            balance_rules: own.text("balance_rules"),
            activation: activation(own),
        }),
        _ => return None,
    })
}

fn activation(own: Fields<'_>) -> Activation {
    let page = own.text("activate_app_brand_user_name").zip(own.text("activate_app_brand_pass"));
    let page = page.map(|(user_name, page)| MiniPage { user_name, page });
    if own.boolean("wx_activate") == Some(true) {
        return Activation::Form { then: page };
    }
    page.map_or(Activation::Auto, |page| Activation::Page { page })
}
