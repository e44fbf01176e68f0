//! `base_info` on the wire: each field under the key and in the shape that the card pages give it.

use serde_json::{Map, Value, json};

use super::form::{BaseInfo, CodeMode, DateInfo, Jump, Places};

/// The three entries of `base_info` that lead into a mini-program, with their keys.
pub(super) struct JumpKeys {
    pub label: &'static str,
    pub sub_label: &'static str,
    pub user_name: &'static str,
    pub page: &'static str,
}

pub(super) const CENTER: JumpKeys = JumpKeys {
    label: "center_title",
    sub_label: "center_sub_title",
    user_name: "center_app_brand_user_name",
    page: "center_app_brand_pass",
};
pub(super) const CUSTOM: JumpKeys = JumpKeys {
    label: "custom_url_name",
    sub_label: "custom_url_sub_title",
    user_name: "custom_app_brand_user_name",
    page: "custom_app_brand_pass",
};
pub(super) const PROMOTION: JumpKeys = JumpKeys {
    label: "promotion_url_name",
    sub_label: "promotion_url_sub_title",
    user_name: "promotion_app_brand_user_name",
    page: "promotion_app_brand_pass",
};

impl BaseInfo {
    /// All of it, as a new card has it.
    pub(super) fn wire(&self) -> Map<String, Value> {
        let mut wire = self.changeable();
        let mut put = |key: &str, value: Value| wire.insert(key.to_owned(), value);
        put("brand_name", json!(self.brand_name));
        put("title", json!(self.title));
        put("date_info", self.date.wire());
        put("sku", json!({ "quantity": self.quantity }));
        put("use_custom_code", json!(self.code_mode.needs_the_card()));
        if self.code_mode == CodeMode::Deposit {
            put("get_custom_code_mode", json!("GET_CUSTOM_CODE_MODE_DEPOSIT"));
        }
        put("bind_openid", json!(false));
        if self.places == Places::All {
            put("use_all_locations", json!(true));
        }
        if let Some(source) = &self.source {
            put("source", json!(source));
        }
        wire
    }

    /// What can be changed later, but for the dates.
    pub(super) fn changeable(&self) -> Map<String, Value> {
        let mut wire = Map::new();
        let mut put = |key: &str, value: Value| wire.insert(key.to_owned(), value);
        put("logo_url", json!(self.logo_url));
        put("notice", json!(self.notice));
        put("description", json!(self.description));
        put("color", json!(self.colour.name()));
        put("code_type", json!(self.code_type.name()));
        put("get_limit", json!(self.get_limit));
        put("can_share", json!(self.can_share));
        put("can_give_friend", json!(self.can_give_friend));
        if let Some(phone) = &self.service_phone {
            put("service_phone", json!(phone));
        }
        if let Places::Some(places) = &self.places {
            put("location_id_list", json!(places));
        }
        for (jump, keys) in
            [(&self.center, CENTER), (&self.custom, CUSTOM), (&self.promotion, PROMOTION)]
        {
            if let Some(jump) = jump {
                wire.extend(jump.wire(&keys));
            }
        }
        wire
    }
}

impl Jump {
    pub(super) fn wire(&self, keys: &JumpKeys) -> Map<String, Value> {
        let mut wire = Map::new();
        wire.insert(keys.label.to_owned(), json!(self.label));
        if let Some(sub_label) = &self.sub_label {
            wire.insert(keys.sub_label.to_owned(), json!(sub_label));
        }
        wire.insert(keys.user_name.to_owned(), json!(self.user_name));
        wire.insert(keys.page.to_owned(), json!(self.page));
        wire
    }
}

impl DateInfo {
    /// A number, where others write texts: both are read.
    pub(super) fn wire(self) -> Value {
        match self {
            Self::Range { begin, end } => json!({
                "type": "DATE_TYPE_FIX_TIME_RANGE", "begin_timestamp": begin, "end_timestamp": end,
            }),
            Self::Term { days, starts_after_days } => json!({
                "type": "DATE_TYPE_FIX_TERM", "fixed_term": days, "fixed_begin_term": starts_after_days,
            }),
            Self::Permanent => json!({ "type": "DATE_TYPE_PERMANENT" }),
        }
    }
}
