//! The documented calls: one row each, so that the gate can check what all of them share.

use axum::http::Method;

use super::reply::Errno;

/// One call of the platform's documents.
#[derive(Debug)]
pub(super) struct Call {
    pub what: What,
    /// How reports name it.
    pub name: &'static str,
    pub path: &'static str,
    pub method: Method,
    pub place: Place,
    pub errno: Errno,
    pub required: &'static [&'static str],
    pub optional: &'static [&'static str],
}

impl Call {
    /// Whether the documents name this parameter for this call.
    pub fn documents(&self, field: &str) -> bool {
        field == "access_token" || self.required.contains(&field) || self.optional.contains(&field)
    }
}

/// Which call it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Create,
    List,
    AddStock,
}

/// Where the parameters are documented to be, next to the token in the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Query,
    Form,
}

static CALLS: [Call; 3] = [
    Call {
        what: What::Create,
        name: "create",
        path: "/rest/2.0/smartapp/coupon/create",
        method: Method::POST,
        place: Place::Query,
        errno: Errno::Number,
        required: &[
            "bgColor",
            "couponType",
            "title",
            "effectTime",
            "expireTime",
            "introduce",
            "sill",
            "takeLimit",
            "callbackUrl",
        ],
        optional: &["description"],
    },
    Call {
        what: What::List,
        name: "list",
        path: "/rest/2.0/smartapp/coupon/list",
        method: Method::GET,
        place: Place::Query,
        errno: Errno::Number,
        required: &[],
        optional: &["couponType", "page", "pageSize"],
    },
    Call {
        what: What::AddStock,
        name: "addStock",
        path: "/rest/2.0/smartapp/coupon/addStock",
        method: Method::POST,
        place: Place::Form,
        errno: Errno::Text,
        required: &["couponTemplateId", "stockName", "stock", "createTime"],
        optional: &[],
    },
];

/// The call at a path.
pub(super) fn at(path: &str) -> Option<&'static Call> {
    CALLS.iter().find(|call| call.path == path)
}
