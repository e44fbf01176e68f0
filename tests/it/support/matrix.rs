//! What each route asks of its caller, written down a second time, and what becomes of somebody else's things there.
//!
//! A route that stands here differently, or not at all, fails `api_matrix`.

use kaquan::domain::access::{
    Asks,
    Permission::{Claim, ManageAccess, ManageApps, ManageOrders, Read, Redeem, RunCampaigns},
};

/// What a request names, and whom that belongs to.
#[derive(Debug, Clone, Copy)]
pub enum Foreign {
    /// Nothing that is anybody's.
    Nothing,
    /// What is the merchant's as a whole: whoever is let in at all sees all of it.
    Merchants,
    /// A coupon in somebody's wallet, in place of `{coupon}` in the path. A holder who names another's hears what they
    /// hear of one that nobody has.
    CouponInPath,
    /// The same in place of `{coupon}` in this body.
    CouponInBody(&'static str),
    /// Leave that was given to somebody: `card_claims` asks for another's.
    CardClaim,
}

use Foreign::{CardClaim, CouponInBody, CouponInPath, Merchants, Nothing};

/// One line for each route.
pub const ROWS: &[(&str, Asks, Foreign)] = &[
    // admin
    ("GET /v1/admin/apps", Asks::Staff(Read), Nothing),
    ("POST /v1/admin/apps", Asks::Staff(ManageApps), Nothing),
    ("GET /v1/admin/apps/{app}", Asks::Staff(Read), Merchants),
    ("PATCH /v1/admin/apps/{app}", Asks::Staff(ManageApps), Merchants),
    ("GET /v1/admin/apps/{app}/channel", Asks::Staff(Read), Merchants),
    ("PATCH /v1/admin/apps/{app}/channel", Asks::Staff(ManageApps), Merchants),
    ("POST /v1/admin/apps/{app}/channel/pause", Asks::Staff(RunCampaigns), Merchants),
    ("POST /v1/admin/apps/{app}/channel/resume", Asks::Staff(RunCampaigns), Merchants),
    ("POST /v1/admin/apps/{app}/imports", Asks::Staff(RunCampaigns), Merchants),
    ("GET /v1/admin/apps/{app}/push-address", Asks::Staff(Read), Merchants),
    ("PUT /v1/admin/apps/{app}/push-address", Asks::Staff(ManageApps), Merchants),
    ("DELETE /v1/admin/apps/{app}/push-address", Asks::Staff(ManageApps), Merchants),
    ("GET /v1/admin/apps/{app}/platform-templates", Asks::Staff(Read), Merchants),
    ("POST /v1/admin/apps/{app}/reconciliations", Asks::Staff(RunCampaigns), Merchants),
    ("GET /v1/admin/reconciliations", Asks::Staff(Read), Nothing),
    ("GET /v1/admin/reconciliations/{reconciliation}", Asks::Staff(Read), Merchants),
    ("GET /v1/admin/templates", Asks::Staff(Read), Nothing),
    ("POST /v1/admin/templates", Asks::Staff(RunCampaigns), Nothing),
    ("GET /v1/admin/templates/{template}", Asks::Staff(Read), Merchants),
    ("PATCH /v1/admin/templates/{template}", Asks::Staff(RunCampaigns), Merchants),
    ("POST /v1/admin/templates/{template}/pause", Asks::Staff(RunCampaigns), Merchants),
    ("POST /v1/admin/templates/{template}/resume", Asks::Staff(RunCampaigns), Merchants),
    ("POST /v1/admin/templates/{template}/end", Asks::Staff(RunCampaigns), Merchants),
    ("GET /v1/admin/templates/{template}/codes", Asks::Staff(Read), Merchants),
    ("GET /v1/admin/templates/{template}/code-imports", Asks::Staff(Read), Merchants),
    ("POST /v1/admin/templates/{template}/code-imports", Asks::Staff(RunCampaigns), Merchants),
    ("GET /v1/admin/templates/{template}/code-imports/{import}", Asks::Staff(Read), Merchants),
    ("GET /v1/admin/placements", Asks::Staff(Read), Nothing),
    ("POST /v1/admin/placements", Asks::Staff(RunCampaigns), Nothing),
    ("GET /v1/admin/placements/{placement}", Asks::Staff(Read), Merchants),
    ("PATCH /v1/admin/placements/{placement}", Asks::Staff(RunCampaigns), Merchants),
    ("POST /v1/admin/placements/{placement}/pause", Asks::Staff(RunCampaigns), Merchants),
    ("POST /v1/admin/placements/{placement}/resume", Asks::Staff(RunCampaigns), Merchants),
    ("POST /v1/admin/placements/{placement}/publish", Asks::Staff(RunCampaigns), Merchants),
    ("POST /v1/admin/placements/{placement}/update", Asks::Staff(RunCampaigns), Merchants),
    ("POST /v1/admin/placements/{placement}/withdraw", Asks::Staff(RunCampaigns), Merchants),
    (
        "POST /v1/admin/placements/{placement}/callback-token-rotations",
        Asks::Staff(RunCampaigns),
        Merchants,
    ),
    ("GET /v1/admin/placements/{placement}/stock-additions", Asks::Staff(Read), Merchants),
    ("POST /v1/admin/placements/{placement}/stock-additions", Asks::Staff(RunCampaigns), Merchants),
    ("GET /v1/admin/placements/{placement}/banners", Asks::Staff(Read), Merchants),
    ("POST /v1/admin/placements/{placement}/banners", Asks::Staff(RunCampaigns), Merchants),
    ("DELETE /v1/admin/banners/{banner}", Asks::Staff(RunCampaigns), Merchants),
    ("GET /v1/admin/pages", Asks::Staff(Read), Nothing),
    ("POST /v1/admin/pages", Asks::Staff(RunCampaigns), Nothing),
    ("GET /v1/admin/pages/{page}", Asks::Staff(Read), Merchants),
    ("PUT /v1/admin/pages/{page}", Asks::Staff(RunCampaigns), Merchants),
    ("DELETE /v1/admin/pages/{page}", Asks::Staff(RunCampaigns), Merchants),
    ("GET /v1/admin/coupons/{coupon}", Asks::Staff(Read), Merchants),
    ("POST /v1/admin/sessions", Asks::Nothing, Nothing),
    ("GET /v1/admin/sessions/current", Asks::Operator, Nothing),
    ("DELETE /v1/admin/sessions/current", Asks::Operator, Nothing),
    ("POST /v1/admin/sessions/current/password", Asks::Operator, Nothing),
    ("GET /v1/admin/operators", Asks::Staff(ManageAccess), Nothing),
    ("POST /v1/admin/operators", Asks::Staff(ManageAccess), Nothing),
    ("GET /v1/admin/operators/{operator}", Asks::Staff(ManageAccess), Merchants),
    ("PATCH /v1/admin/operators/{operator}", Asks::Staff(ManageAccess), Merchants),
    ("GET /v1/admin/keys", Asks::Staff(ManageAccess), Nothing),
    ("POST /v1/admin/keys", Asks::Staff(ManageAccess), Nothing),
    ("POST /v1/admin/keys/{key}/rotate", Asks::Staff(ManageAccess), Merchants),
    ("POST /v1/admin/keys/{key}/revoke", Asks::Staff(ManageAccess), Merchants),
    ("POST /v1/admin/holders/{holder}/revoke-sessions", Asks::Staff(RunCampaigns), Merchants),
    ("GET /v1/admin/deliveries", Asks::Staff(Read), Nothing),
    ("GET /v1/admin/deliveries/{delivery}", Asks::Staff(Read), Merchants),
    ("POST /v1/admin/deliveries/{delivery}/replay", Asks::Staff(RunCampaigns), Merchants),
    ("POST /v1/admin/deliveries/{delivery}/cancel", Asks::Staff(RunCampaigns), Merchants),
    ("POST /v1/admin/delivery-replays", Asks::Staff(RunCampaigns), Nothing),
    // merchant
    ("GET /v1/members/{uid}", Asks::Staff(Read), Merchants),
    ("PUT /v1/members/{uid}", Asks::Staff(Claim), Merchants),
    ("POST /v1/members/{uid}/holders", Asks::Staff(Claim), Merchants),
    ("GET /openapi.json", Asks::Nothing, Nothing),
    ("GET /docs", Asks::Nothing, Nothing),
    ("GET /docs/reader.js", Asks::Nothing, Nothing),
    ("POST /v1/coupon-lookups", Asks::Staff(Redeem), Nothing),
    ("POST /v1/locks", Asks::Staff(ManageOrders), Nothing),
    ("POST /v1/unlocks", Asks::Staff(ManageOrders), Nothing),
    ("POST /v1/redemptions", Asks::Staff(Redeem), Nothing),
    ("GET /v1/redemptions/{redemption}", Asks::Staff(Redeem), Merchants),
    ("POST /v1/give-backs", Asks::Staff(ManageOrders), Nothing),
    ("GET /v1/offers", Asks::Staff(Read), Nothing),
    ("POST /v1/claims", Asks::Staff(Claim), Nothing),
    ("POST /v1/claim-batches", Asks::Staff(Claim), Nothing),
    ("GET /v1/coupons", Asks::Staff(Read), Nothing),
    ("GET /v1/coupons/{coupon}", Asks::Staff(Read), Merchants),
    ("POST /v1/cart-matches", Asks::Staff(Read), Nothing),
    ("GET /v1/admin/stats", Asks::Staff(Read), Nothing),
    ("GET /v1/admin/webhook-endpoints", Asks::Staff(ManageAccess), Nothing),
    ("POST /v1/admin/webhook-endpoints", Asks::Staff(ManageAccess), Nothing),
    ("GET /v1/admin/webhook-endpoints/{endpoint}", Asks::Staff(ManageAccess), Merchants),
    ("PATCH /v1/admin/webhook-endpoints/{endpoint}", Asks::Staff(ManageAccess), Merchants),
    ("DELETE /v1/admin/webhook-endpoints/{endpoint}", Asks::Staff(ManageAccess), Merchants),
    (
        "POST /v1/admin/webhook-endpoints/{endpoint}/rotate-secret",
        Asks::Staff(ManageAccess),
        Merchants,
    ),
    ("POST /v1/admin/webhook-endpoints/{endpoint}/test", Asks::Staff(ManageAccess), Merchants),
    ("GET /v1/admin/gateway-clients", Asks::Staff(ManageAccess), Nothing),
    ("POST /v1/admin/gateway-clients", Asks::Staff(ManageAccess), Nothing),
    ("GET /v1/admin/gateway-clients/{client}", Asks::Staff(ManageAccess), Merchants),
    ("PATCH /v1/admin/gateway-clients/{client}", Asks::Staff(ManageAccess), Merchants),
    (
        "POST /v1/admin/gateway-clients/{client}/secret-rotations",
        Asks::Staff(ManageAccess),
        Merchants,
    ),
    ("GET /v1/admin/gateway-clients/{client}/grants", Asks::Staff(ManageAccess), Merchants),
    ("POST /v1/admin/gateway-clients/{client}/grants", Asks::Staff(ManageAccess), Merchants),
    ("POST /v1/admin/gateway-grants/{grant}/revoke", Asks::Staff(ManageAccess), Merchants),
    ("POST /v1/admin/coupons/{coupon}/void", Asks::Staff(RunCampaigns), Merchants),
    ("GET /v1/admin/coupons/{coupon}/events", Asks::Staff(Read), Merchants),
    ("POST /v1/admin/templates/{template}/void-unused", Asks::Staff(RunCampaigns), Merchants),
    ("GET /v1/admin/exports/coupons", Asks::Staff(Read), Nothing),
    ("GET /v1/admin/exports/stats", Asks::Staff(Read), Nothing),
    // mini
    ("POST /v1/mini/sessions", Asks::Nothing, Nothing),
    ("GET /v1/mini/sessions/current", Asks::Holder, Nothing),
    ("DELETE /v1/mini/sessions/current", Asks::Holder, Nothing),
    ("GET /v1/mini/offers", Asks::Holder, Nothing),
    ("POST /v1/mini/claims", Asks::Holder, Nothing),
    ("POST /v1/mini/claim-batches", Asks::Holder, Nothing),
    ("GET /v1/mini/coupons", Asks::Holder, Nothing),
    ("GET /v1/mini/coupons/{coupon}", Asks::Holder, CouponInPath),
    ("GET /v1/mini/coupons/{coupon}/qr-code", Asks::Holder, CouponInPath),
    ("GET /v1/mini/coupons/{coupon}/barcode", Asks::Holder, CouponInPath),
    ("POST /v1/mini/cart-matches", Asks::Holder, Nothing),
    ("POST /v1/mini/cards/claims", Asks::Holder, Nothing),
    ("POST /v1/mini/cards/claims/{claim}/result", Asks::Holder, CardClaim),
    ("POST /v1/mini/cards/open", Asks::Holder, Nothing),
    ("POST /v1/mini/cards/lookup", Asks::Holder, Nothing),
    (
        "POST /v1/mini/redemptions",
        Asks::Holder,
        CouponInBody(r#"{ "coupon_id": "{coupon}", "order_no": "1" }"#),
    ),
];

const SOME_UUID: &str = "00000000000070008000000000000001";

/// A path with every variable part filled in with an id that belongs to nobody.
pub fn concrete(path: &str) -> String {
    let mut path = path.to_owned();
    for (part, kind) in [
        ("app", "app"),
        ("template", "tpl"),
        ("page", "pag"),
        ("placement", "plc"),
        ("coupon", "cpn"),
        ("redemption", "rdm"),
        ("claim", "ccl"),
        ("import", "imp"),
        ("delivery", "dlv"),
        ("banner", "ban"),
        ("reconciliation", "rcn"),
        ("operator", "opr"),
        ("key", "key"),
        ("holder", "hld"),
        ("endpoint", "app"),
        ("client", "gwc"),
        ("grant", "gwg"),
    ] {
        path = path.replace(&format!("{{{part}}}"), &format!("{kind}_{SOME_UUID}"));
    }
    path.replace("{uid}", "nobody")
}

/// A coupon that nobody has.
pub fn nobodys_coupon() -> String {
    format!("cpn_{SOME_UUID}")
}
