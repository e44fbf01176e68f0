//! The documented calls: one row each, so that the gate can check what all of them share.

use axum::http::Method;
use serde_json::Value;

use super::coupon;
use super::person;
use super::reply::{Shape, Trouble};
use super::sent::Sent;
use super::turn::Turn;

/// What a call does; the data of its answer, or null when its page shows none.
type Act = fn(&mut Turn<'_>, &Sent<'_>) -> Result<Value, Trouble>;

/// One call of the platform's documents.
#[derive(Debug)]
pub(super) struct Call {
    /// How reports, faults and the journal name it.
    pub name: &'static str,
    pub path: &'static str,
    pub method: Method,
    pub place: Place,
    pub shape: Shape,
    pub required: &'static [&'static str],
    pub optional: &'static [&'static str],
    pub act: Act,
}

impl Call {
    /// Whether the documents name this parameter for this call.
    pub fn documents(&self, field: &str) -> bool {
        field == "access_token" || self.required.contains(&field) || self.optional.contains(&field)
    }
}

/// Where the parameters are documented to be, next to the token in the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Query,
    Form,
    Json,
    /// A picture in the body, everything else in the query.
    Multipart,
    /// The pages ask for a form; the platform's own libraries use the query.
    QueryOrForm,
}

/// The calls that end before the table: they need no access token.
pub(super) const TOKEN: &str = "token";
pub(super) const OLD_SESSION: &str = "jscode2sessionkey";

const TERMS: [&str; 9] = [
    "bgColor",
    "couponType",
    "title",
    "effectTime",
    "expireTime",
    "introduce",
    "sill",
    "takeLimit",
    "callbackUrl",
];
const TERMS_OF_ONE: [&str; 10] = [
    "couponTemplateId",
    "bgColor",
    "couponType",
    "title",
    "effectTime",
    "expireTime",
    "introduce",
    "sill",
    "takeLimit",
    "callbackUrl",
];

static CALLS: [Call; 13] = [
    Call {
        name: "create",
        path: "/rest/2.0/smartapp/coupon/create",
        method: Method::POST,
        place: Place::Query,
        shape: Shape::DATA,
        required: &TERMS,
        optional: &["description"],
        act: coupon::create::create,
    },
    Call {
        name: "update",
        path: "/rest/2.0/smartapp/coupon/update",
        method: Method::POST,
        place: Place::Query,
        shape: Shape::DATA,
        required: &TERMS_OF_ONE,
        optional: &["description"],
        act: coupon::update::update,
    },
    Call {
        name: "delete",
        path: "/rest/2.0/smartapp/coupon/delete",
        method: Method::POST,
        place: Place::Query,
        shape: Shape::DATA,
        required: &["couponTemplateId"],
        optional: &[],
        act: coupon::delete::delete,
    },
    Call {
        name: "list",
        path: "/rest/2.0/smartapp/coupon/list",
        method: Method::GET,
        place: Place::Query,
        shape: Shape::DATA,
        required: &[],
        optional: &["couponType", "page", "pageSize"],
        act: coupon::list::list,
    },
    Call {
        name: "bannerCreate",
        path: "/file/2.0/smartapp/coupon/banner/create",
        method: Method::POST,
        place: Place::Multipart,
        shape: Shape::DATA,
        required: &["couponTemplateId", "destUrl", "title"],
        optional: &[],
        act: coupon::banner::create,
    },
    Call {
        name: "bannerDelete",
        path: "/rest/2.0/smartapp/coupon/banner/delete",
        method: Method::POST,
        place: Place::Query,
        shape: Shape::DATA,
        required: &["couponBannerId", "couponTemplateId"],
        optional: &[],
        act: coupon::banner::delete,
    },
    Call {
        name: "bannerList",
        path: "/rest/2.0/smartapp/coupon/banner/list",
        method: Method::GET,
        place: Place::Query,
        shape: Shape::DATA,
        required: &[],
        optional: &["couponTemplateId", "page", "pageSize"],
        act: coupon::banner::list,
    },
    Call {
        name: "addStock",
        path: "/rest/2.0/smartapp/coupon/addStock",
        method: Method::POST,
        place: Place::Form,
        shape: Shape::PLAIN,
        required: &["couponTemplateId", "stockName", "stock", "createTime"],
        optional: &[],
        act: coupon::add_stock::add_stock,
    },
    Call {
        name: "sync",
        path: "/rest/2.0/smartapp/coupon/sync",
        method: Method::POST,
        place: Place::Json,
        shape: Shape::SYNC,
        required: &[
            "openid",
            "coupon.record_id",
            "coupon.coupon_template_id",
            "coupon.effect_time",
            "coupon.expire_time",
            "coupon.code",
        ],
        optional: &[],
        act: coupon::sync::sync,
    },
    Call {
        name: "writeOffCoupon",
        path: "/rest/2.0/smartapp/coupon/writeOffCoupon",
        method: Method::POST,
        place: Place::Form,
        shape: Shape::PLAIN,
        required: &["recordId", "openId"],
        optional: &[],
        act: coupon::write_off::write_off,
    },
    Call {
        name: "couponStat",
        path: "/rest/2.0/smartapp/coupon/couponStat",
        method: Method::POST,
        place: Place::Query,
        shape: Shape::DATA,
        required: &["statDateStart", "statDateEnd"],
        // The page marks the size as required and gives a default for it.
        optional: &["pageNo", "pageSize"],
        act: coupon::stat::stat,
    },
    Call {
        name: "getsessionkey",
        path: "/rest/2.0/smartapp/getsessionkey",
        method: Method::POST,
        place: Place::QueryOrForm,
        shape: Shape::PERSON,
        required: &["code"],
        optional: &[],
        act: person::session_key,
    },
    Call {
        name: "getunionid",
        path: "/rest/2.0/smartapp/getunionid",
        method: Method::POST,
        place: Place::Form,
        shape: Shape::PERSON,
        required: &["openid"],
        optional: &[],
        act: person::union_id,
    },
];

/// The call at a path.
pub(super) fn at(path: &str) -> Option<&'static Call> {
    CALLS.iter().find(|call| call.path == path)
}

/// Whether a fault may be aimed at this name.
pub(super) fn is_known(name: &str) -> bool {
    [TOKEN, OLD_SESSION].contains(&name) || CALLS.iter().any(|call| call.name == name)
}
