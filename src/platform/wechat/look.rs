//! How cards look: set once for an account, and otherwise for a placement.

use serde::{Deserialize, Serialize};

use super::{
    form::{AdvancedInfo, CodeType, Jump},
    member_card::MemberCard,
    placing::PlacementSettings,
};

/// What terms do not say about a card. There is no room for links into web pages: WeChat refuses cards that have one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CardLook {
    /// Up to 36 bytes; it never changes on a card that is there.
    pub brand_name: Option<String>,
    /// A picture on WeChat's own host.
    pub logo_url: Option<String>,
    /// What the holder is told to do at a till, up to 48 bytes.
    pub notice: Option<String>,
    /// How a code is shown.
    pub code_type: Option<CodeType>,
    /// Up to 24 bytes.
    pub service_phone: Option<String>,
    /// Whether the page on which it is taken can be passed on; when absent, what is for everyone can.
    pub can_share: Option<bool>,
    /// Whether the card itself can be passed on; when absent, what is for everyone can.
    pub can_give_friend: Option<bool>,
    /// Where it can be used, by WeChat's own numbers; not together with `use_all_locations`.
    pub location_id_list: Option<Vec<i64>>,
    /// At all places of the account.
    pub use_all_locations: Option<bool>,
    /// The button in the middle.
    pub center: Option<Jump>,
    /// The first row.
    pub custom: Option<Jump>,
    /// The second row.
    pub promotion: Option<Jump>,
    /// What stands below.
    pub advanced_info: Option<AdvancedInfo>,
    /// What a group gets, what a gift is, what a general coupon is good for; made of the terms when absent.
    pub deal_detail: Option<String>,
    /// Of which platform for merchants it comes.
    pub source: Option<String>,
    /// Makes a member card of it, whatever it is worth.
    pub member_card: Option<MemberCard>,
}

/// The account's look with what the placement says otherwise.
pub fn merge(app: &CardLook, placement: &PlacementSettings) -> CardLook {
    let (app, own) = (app.clone(), placement.card.clone());
    // One answers the other: who names some places does not mean all.
    let says_where = own.location_id_list.is_some() || own.use_all_locations.is_some();
    let (location_id_list, use_all_locations) = if says_where {
        (own.location_id_list, own.use_all_locations)
    } else {
        (app.location_id_list, app.use_all_locations)
    };
    CardLook {
        brand_name: own.brand_name.or(app.brand_name),
        logo_url: own.logo_url.or(app.logo_url),
        notice: own.notice.or(app.notice),
        code_type: own.code_type.or(app.code_type),
        service_phone: own.service_phone.or(app.service_phone),
        can_share: own.can_share.or(app.can_share),
        can_give_friend: own.can_give_friend.or(app.can_give_friend),
        location_id_list,
        use_all_locations,
        center: own.center.or(app.center),
        custom: own.custom.or(app.custom),
        promotion: own.promotion.or(app.promotion),
        advanced_info: own.advanced_info.or(app.advanced_info),
        deal_detail: own.deal_detail.or(app.deal_detail),
        source: own.source.or(app.source),
        member_card: own.member_card.or(app.member_card),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn look(value: serde_json::Value) -> CardLook {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_placement_says_otherwise_field_by_field() {
        let app = look(json!({ "brand_name": "店", "notice": "出示", "use_all_locations": true }));
        let own = look(json!({ "notice": "扫码", "location_id_list": [1] }));

        let of = |card| PlacementSettings { card, ..PlacementSettings::default() };

        let merged = merge(&app, &of(own.clone()));

        assert_eq!(merged.brand_name.as_deref(), Some("店"));
        assert_eq!(merged.notice.as_deref(), Some("扫码"));
        assert_eq!((merged.location_id_list, merged.use_all_locations), (Some(vec![1]), None));
        assert_eq!(merge(&app, &of(CardLook::default())), app);
        assert_eq!(merge(&CardLook::default(), &of(own.clone())), own);
    }

    #[test]
    fn links_into_web_pages_cannot_be_set() {
        for key in ["center_url", "custom_url", "promotion_url"] {
            let set = json!({ key: "https://m.example/" });
            assert!(serde_json::from_value::<CardLook>(set).is_err(), "{key}");
        }
        let inside = json!({ "center": {
            "label": "用", "user_name": "gh_1@app", "page": "p", "url": "https://m.example/"
        } });
        assert!(serde_json::from_value::<CardLook>(inside).is_err());
    }
}
