//! A card as WeChat is to be told of it at its creation: every type of card that we make.
//!
//! Links into web pages cannot be told: WeChat refuses any card that names one, even an empty one. A row of a card leads
//! into a mini-program, or nowhere.

#[cfg(test)]
pub(super) mod tests;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::member_card::MemberCard;
use crate::outgoing::palette::Colour;

/// A card that does not exist yet.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCard {
    /// What all types have.
    pub base: BaseInfo,
    /// What stands below it.
    pub advanced: AdvancedInfo,
    /// What it is worth.
    pub kind: CardKind,
}

/// The type of a card with what only that type has.
#[derive(Debug, Clone, PartialEq)]
pub enum CardKind {
    /// `GROUPON`, 团购券.
    Groupon {
        /// What the group gets.
        deal_detail: String,
    },
    /// `CASH`, 代金券; money in fen.
    Cash {
        /// From which amount on; 0 for any.
        least_cost: i64,
        /// What is taken off.
        reduce_cost: i64,
    },
    /// `DISCOUNT`, 折扣券.
    Discount {
        /// Percent taken off: 30 leaves 70 to pay.
        discount: i64,
    },
    /// `GIFT`, 兑换券.
    Gift {
        /// What it is handed in for.
        gift: String,
    },
    /// `GENERAL_COUPON`, 优惠券.
    GeneralCoupon {
        /// What it is good for.
        default_detail: String,
    },
    /// `MEMBER_CARD`, 会员卡.
    MemberCard(MemberCard),
}

/// What all types of cards have.
#[derive(Debug, Clone, PartialEq)]
pub struct BaseInfo {
    /// On WeChat's own picture host.
    pub logo_url: String,
    /// Never changes.
    pub brand_name: String,
    /// How a code is shown.
    pub code_type: CodeType,
    /// Never changes.
    pub title: String,
    /// One of fourteen.
    pub colour: Colour,
    /// How it is shown at a till, in a few words.
    pub notice: String,
    /// All there is to say about using it.
    pub description: String,
    /// When it can be used.
    pub date: DateInfo,
    /// How many there are; none at first where codes are deposited.
    pub quantity: i64,
    /// Who chooses codes.
    pub code_mode: CodeMode,
    /// Whom to call.
    pub service_phone: Option<String>,
    /// Where it can be used.
    pub places: Places,
    /// The button in the middle.
    pub center: Option<Jump>,
    /// The first row.
    pub custom: Option<Jump>,
    /// The second row.
    pub promotion: Option<Jump>,
    /// How many one user can take; 1 to 50.
    pub get_limit: i64,
    /// Whether the page on which it is taken can be passed on.
    pub can_share: bool,
    /// Whether the card itself can be passed on.
    pub can_give_friend: bool,
    /// Of which platform for merchants it comes.
    pub source: Option<String>,
}

/// Who chooses codes: it decides how a card is created, signed and redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeMode {
    /// WeChat: twelve digits.
    #[default]
    Wechat,
    /// We, when somebody is about to take it.
    Custom,
    /// We, beforehand: WeChat draws one of those that lie with it.
    Deposit,
}

impl CodeMode {
    /// Whether calls about a code have to name its card.
    pub const fn needs_the_card(self) -> bool {
        matches!(self, Self::Custom | Self::Deposit)
    }
}

/// How a code is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeType {
    /// As text.
    Text,
    /// As a bar code with its text.
    Barcode,
    /// As a QR code with its text.
    #[default]
    Qrcode,
    /// As a QR code alone.
    OnlyQrcode,
    /// As a bar code alone.
    OnlyBarcode,
    /// Not at all: it is used online.
    None,
}

impl CodeType {
    /// WeChat's word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "CODE_TYPE_TEXT",
            Self::Barcode => "CODE_TYPE_BARCODE",
            Self::Qrcode => "CODE_TYPE_QRCODE",
            Self::OnlyQrcode => "CODE_TYPE_ONLY_QRCODE",
            Self::OnlyBarcode => "CODE_TYPE_ONLY_BARCODE",
            Self::None => "CODE_TYPE_NONE",
        }
    }
}

/// When a card can be used; moments in Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateInfo {
    /// From the first to the last second, for everybody.
    Range {
        /// The first second.
        begin: i64,
        /// The last second.
        end: i64,
    },
    /// So many days of Chinese calendars.
    Term {
        /// At least one; the first day counts.
        days: u32,
        /// So many days after it was taken.
        starts_after_days: u32,
    },
    /// For ever; member cards only.
    Permanent,
}

/// Where a card can be used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Places {
    /// Nothing is said.
    #[default]
    Unsaid,
    /// All places of the account.
    All,
    /// These, by WeChat's own numbers.
    Some(Vec<i64>),
}

/// A row or button that opens a page of a mini-program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jump {
    /// What stands on it.
    pub label: String,
    /// What stands beside it.
    #[serde(default)]
    pub sub_label: Option<String>,
    /// `gh_…@app`: a mini-program that is bound to the account.
    pub user_name: String,
    /// A path inside it, perhaps with a query.
    pub page: String,
}

/// A page of a mini-program that is bound to the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MiniPage {
    /// `gh_…@app`.
    pub user_name: String,
    /// A path inside it, perhaps with a query.
    pub page: String,
}

/// What stands below a card.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdvancedInfo {
    /// What it is good for, and for what not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_condition: Option<UseCondition>,
    /// A picture with a line.
    #[serde(rename = "abstract", skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
    /// Pictures with texts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub text_image_list: Vec<TextImage>,
    /// When it can be used; WeChat only shows it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub time_limit: Vec<TimeLimit>,
    /// What the place offers besides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub business_service: Vec<Service>,
}

/// What a card is good for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UseCondition {
    /// Of `CASH`: for these goods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept_category: Option<String>,
    /// Of `CASH`: not for these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reject_category: Option<String>,
    /// Of `CASH` and `GIFT`: from this many fen on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_cost: Option<i64>,
    /// Of `GIFT`: with these goods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_use_for: Option<String>,
    /// Whether other discounts may stand beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_use_with_other_discount: Option<bool>,
}

/// A picture with a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// The line.
    #[serde(rename = "abstract")]
    pub text: String,
    /// One picture on WeChat's host.
    pub icon_url_list: Vec<String>,
}

/// A picture with a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextImage {
    /// On WeChat's host.
    pub image_url: String,
    /// The text.
    pub text: String,
}

/// Hours of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeLimit {
    /// Which day.
    #[serde(rename = "type")]
    pub day: Day,
    /// From this hour on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begin_hour: Option<u8>,
    /// And this minute of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begin_minute: Option<u8>,
    /// Until this hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_hour: Option<u8>,
    /// And this minute of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_minute: Option<u8>,
}

/// A day of the week, or all holidays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
    Holiday,
}

/// What a place offers besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Service {
    /// 外卖服务.
    #[serde(rename = "BIZ_SERVICE_DELIVER")]
    Delivery,
    /// 停车位.
    #[serde(rename = "BIZ_SERVICE_FREE_PARK")]
    Parking,
    /// 可带宠物.
    #[serde(rename = "BIZ_SERVICE_WITH_PET")]
    Pets,
    /// 免费 wifi.
    #[serde(rename = "BIZ_SERVICE_FREE_WIFI")]
    Wifi,
}

impl NewCard {
    /// The body of `card/create`.
    pub fn body(&self) -> Value {
        let mut own = self.kind.own_fields();
        own.insert("base_info".to_owned(), self.base.wire().into());
        if self.advanced != AdvancedInfo::default() {
            // Texts under fixed keys can always be written.
            let advanced = serde_json::to_value(&self.advanced).unwrap_or_default();
            own.insert("advanced_info".to_owned(), advanced);
        }
        json!({ "card": { "card_type": self.kind.name(), self.kind.key(): own } })
    }
}

impl CardKind {
    /// WeChat's word.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Groupon { .. } => "GROUPON",
            Self::Cash { .. } => "CASH",
            Self::Discount { .. } => "DISCOUNT",
            Self::Gift { .. } => "GIFT",
            Self::GeneralCoupon { .. } => "GENERAL_COUPON",
            Self::MemberCard(_) => "MEMBER_CARD",
        }
    }

    /// Under which key the card stands: the word in lower case.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Groupon { .. } => "groupon",
            Self::Cash { .. } => "cash",
            Self::Discount { .. } => "discount",
            Self::Gift { .. } => "gift",
            Self::GeneralCoupon { .. } => "general_coupon",
            Self::MemberCard(_) => "member_card",
        }
    }

    fn own_fields(&self) -> Map<String, Value> {
        let fields = match self {
            Self::Groupon { deal_detail } => json!({ "deal_detail": deal_detail }),
            Self::Cash { least_cost, reduce_cost } => {
                json!({ "least_cost": least_cost, "reduce_cost": reduce_cost })
            }
            Self::Discount { discount } => json!({ "discount": discount }),
            Self::Gift { gift } => json!({ "gift": gift }),
            Self::GeneralCoupon { default_detail } => json!({ "default_detail": default_detail }),
            Self::MemberCard(card) => return card.wire(),
        };
        fields.as_object().cloned().unwrap_or_default()
    }
}
