//! The one list of routes: what each asks of its caller stands beside it, and a route that is not here does not exist.

use axum::routing::MethodRouter;
use schemars::{Schema, SchemaGenerator};

use super::ApiState;
use crate::domain::access::Asks;

pub mod admin;
pub mod keeping;
pub mod merchant;
pub mod mini;

/// One method on one path.
pub struct Route {
    /// In lower case.
    pub method: &'static str,
    /// With variable parts in braces.
    pub path: &'static str,
    /// What the caller must be, or be allowed.
    pub asks: Asks,
    /// What answers.
    pub handler: fn() -> MethodRouter<ApiState>,
    /// What readers of the documentation are told.
    pub doc: Option<RouteDoc>,
}

/// What a route is for, what it takes and what it gives.
pub struct RouteDoc {
    /// A short sentence without a full stop.
    pub summary: &'static str,
    /// The parameters behind the question mark.
    pub query: Option<DescribeType>,
    /// The JSON body.
    pub takes: Option<DescribeType>,
    /// The status of success.
    pub status: u16,
    /// Its JSON body; none where there is none.
    pub gives: Option<DescribeType>,
}

/// Describes a type as the readers of the documentation see it.
pub type DescribeType = fn(&mut SchemaGenerator) -> Schema;

impl Route {
    /// Whether something is read behind the question mark. Rows without documentation are listed.
    pub fn takes_query(&self) -> bool {
        self.doc.as_ref().map_or(UNDOCUMENTED_LISTS.contains(&(self.method, self.path)), |doc| {
            doc.query.is_some()
        })
    }
}

/// Rows that have no documentation and take a query.
const UNDOCUMENTED_LISTS: &[(&str, &str)] = &[
    ("get", "/v1/admin/apps"),
    ("get", "/v1/admin/deliveries"),
    ("get", "/v1/admin/placements"),
    ("get", "/v1/admin/placements/{placement}/banners"),
    ("get", "/v1/admin/placements/{placement}/stock-additions"),
    ("get", "/v1/admin/reconciliations"),
    ("get", "/v1/admin/templates"),
    ("get", "/v1/admin/templates/{template}/code-imports"),
];

/// All routes of our own API.
pub fn all() -> impl Iterator<Item = &'static Route> {
    [admin::ADMIN, merchant::MERCHANT, mini::MINI].into_iter().flatten()
}

/// One line for each route:
///
/// ```text
/// post "/v1/claims" Claim => claim::create, "Gives a coupon to somebody", takes ClaimBody, gives 201 ClaimedView;
/// get "/v1/mini/coupons" [Holder] => wallet::list, "My coupons", query WalletQuery, gives 200 WalletView;
/// ```
///
/// The word before the arrow is a `Permission` of those at work, or in brackets one of the other `Asks`.
macro_rules! routes {
    (@asks [$asks:ident]) => { crate::domain::access::Asks::$asks };
    (@asks $permission:ident) => {
        crate::domain::access::Asks::Staff(crate::domain::access::Permission::$permission)
    };
    (@type) => { None };
    (@type $type:ty) => { Some(|generator| generator.subschema_for::<$type>()) };
    (@doc) => { None };
    (@doc $summary:literal [$($query:ty)?] [$($takes:ty)?] $status:literal [$($gives:ty)?]) => {
        Some($crate::api::route::RouteDoc {
            summary: $summary,
            query: $crate::api::route::routes!(@type $($query)?),
            takes: $crate::api::route::routes!(@type $($takes)?),
            status: $status,
            gives: $crate::api::route::routes!(@type $($gives)?),
        })
    };
    ($(
        $method:ident $path:literal $asks:tt => $handler:path
        $(, $summary:literal $(, query $query:ty)? $(, takes $takes:ty)?, gives $status:literal $($gives:ty)?)?;
    )*) => {
        &[$($crate::api::route::Route {
            method: stringify!($method),
            path: $path,
            asks: $crate::api::route::routes!(@asks $asks),
            handler: || axum::routing::$method($handler),
            doc: $crate::api::route::routes!(
                @doc $($summary [$($query)?] [$($takes)?] $status [$($gives)?])?
            ),
        }),*]
    };
}
pub(crate) use routes;
