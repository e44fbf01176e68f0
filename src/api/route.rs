//! The one list of routes: what each asks of its caller stands beside it, and a route that is not here does not exist.

use axum::routing::MethodRouter;
use schemars::{Schema, SchemaGenerator};

use super::ApiState;
use crate::domain::access::Asks;

pub mod admin;
pub mod keeping;
pub mod merchant;
pub mod mini;
pub mod public;

/// One method on one path.
pub struct Route {
    /// In lower case.
    pub method: &'static str,
    /// With variable parts in braces.
    pub path: &'static str,
    /// What the caller must be, or be allowed.
    pub asks: Asks,
    /// The path of the function that answers, by which the contract calls the operation.
    pub name: &'static str,
    /// What answers.
    pub handler: fn() -> MethodRouter<ApiState>,
    /// What readers of the documentation are told.
    pub doc: RouteDoc,
}

/// What a route is for, what it takes and what it gives.
pub struct RouteDoc {
    /// A short sentence without a full stop.
    pub summary: &'static str,
    /// The parameters behind the question mark.
    pub query: Option<DescribeType>,
    /// The body.
    pub takes: Option<Content>,
    /// The status of success.
    pub status: u16,
    /// Another one with the same body: when it was done before, or when nobody is left to be told.
    pub or_status: Option<u16>,
    /// The body of success; none where there is none.
    pub gives: Option<Content>,
}

/// A body.
pub struct Content {
    /// What kind of body; several, with a comma and a blank between them, where the caller may choose.
    pub media_type: &'static str,
    /// What is in it.
    pub describe: DescribeType,
}

/// Describes a type as the readers of the documentation see it.
pub type DescribeType = fn(&mut SchemaGenerator) -> Schema;

impl Route {
    /// Whether something is read behind the question mark.
    pub const fn takes_query(&self) -> bool {
        self.doc.query.is_some()
    }
}

/// All routes of our own API.
pub fn all() -> impl Iterator<Item = &'static Route> {
    [public::PUBLIC, mini::MINI, merchant::MERCHANT, admin::ADMIN].into_iter().flatten()
}

/// One line for each route:
///
/// ```text
/// post "/v1/claims" Claim => claim::create, "Gives a coupon to somebody", takes ClaimBody, gives 201 ClaimedView;
/// get "/v1/mini/coupons" [Holder] => wallet::list, "My coupons", query WalletQuery, gives 200 WalletView;
/// post "/v1/locks" ManageOrders => lock::create, "Keeps a coupon", takes LockBody, gives 201 | 200 LockView;
/// get "/v1/admin/sheet" Read => sheet::get, "A sheet", gives 200 "text/csv" String;
/// ```
///
/// The word before the arrow is a `Permission` of those at work, or in brackets one of the other `Asks`. Bodies are JSON
/// unless a media type stands before the type, in what is taken as in what is given.
macro_rules! routes {
    (@asks [$asks:ident]) => { crate::domain::access::Asks::$asks };
    (@asks $permission:ident) => {
        crate::domain::access::Asks::Staff(crate::domain::access::Permission::$permission)
    };
    (@type) => { None };
    (@type $type:ty) => { Some(|generator| generator.subschema_for::<$type>()) };
    (@content) => { None };
    (@content $type:ty) => { $crate::api::route::routes!(@content "application/json" $type) };
    (@content $media:literal $type:ty) => {
        Some($crate::api::route::Content {
            media_type: $media,
            describe: |generator| generator.subschema_for::<$type>(),
        })
    };
    (@or) => { None };
    (@or $status:literal) => { Some($status) };
    ($(
        $method:ident $path:literal $asks:tt => $handler:path, $summary:literal
        $(, query $query:ty)?
        $(, takes $($taken:literal)? $takes:ty)?
        , gives $status:literal $(| $or:literal)? $($($given:literal)? $gives:ty)?;
    )*) => {
        &[$($crate::api::route::Route {
            method: stringify!($method),
            path: $path,
            asks: $crate::api::route::routes!(@asks $asks),
            name: stringify!($handler),
            handler: || axum::routing::$method($handler),
            doc: $crate::api::route::RouteDoc {
                summary: $summary,
                query: $crate::api::route::routes!(@type $($query)?),
                takes: $crate::api::route::routes!(@content $($($taken)? $takes)?),
                status: $status,
                or_status: $crate::api::route::routes!(@or $($or)?),
                gives: $crate::api::route::routes!(@content $($($given)? $gives)?),
            },
        }),*]
    };
}
pub(crate) use routes;
