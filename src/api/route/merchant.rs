//! What the merchant's own servers and tills ask, for people: everything under `/v1` that has no other place.

use super::Route;
use crate::{
    api::{
        cart_match, claim, give_back, lock, lookup,
        member::{self, HolderBody, MemberBody, MemberView},
        offer, redemption, wallet,
    },
    http::page::Page,
};

/// For servers and tills.
pub const MERCHANT: &[Route] = super::routes! {
    post "/v1/coupon-lookups" Redeem => lookup::create, "What the coupon is that shows this code", takes lookup::LookupBody, gives 200 lookup::LookupView;
    post "/v1/locks" ManageOrders => lock::create, "Keeps a coupon for an order", takes lock::LockBody, gives 201 | 200 lock::LockView;
    post "/v1/unlocks" ManageOrders => lock::remove, "Keeps a coupon for an order no longer", takes lock::UnlockBody, gives 200 lock::UnlockView;
    post "/v1/redemptions" Redeem => redemption::create, "Uses a coupon for an order", takes redemption::RedemptionBody, gives 201 | 200 redemption::RedemptionView;
    get "/v1/redemptions/{redemption}" Redeem => redemption::get, "One use of a coupon", gives 200 redemption::RedemptionView;
    post "/v1/give-backs" ManageOrders => give_back::create, "Gives the use of a coupon back, whole or line by line", takes give_back::GiveBackBody, gives 200 give_back::GiveBackView;

    get "/v1/offers" Read => offer::list, "What somebody may claim", query offer::OffersQuery, gives 200 Page<offer::OfferView>;
    post "/v1/claims" Claim => claim::create, "Give a coupon to somebody", takes claim::ClaimBody, gives 201 claim::ClaimedView;
    post "/v1/claim-batches" Claim => claim::batch::create, "Give several coupons to somebody", takes claim::batch::ClaimBatchBody, gives 200 claim::batch::ClaimBatchView;
    get "/v1/coupons" Read => wallet::list, "Somebody's coupons", query wallet::WalletQuery, gives 200 Page<wallet::HeldView>;
    get "/v1/coupons/{coupon}" Read => wallet::get, "One coupon", gives 200 wallet::HeldView;
    post "/v1/cart-matches" Read => cart_match::create, "Which of somebody's coupons fit a cart", takes cart_match::CartMatchBody, gives 200 cart_match::MatchesView;

    get "/v1/members/{uid}" Read => member::get, "A member", gives 200 MemberView;
    put "/v1/members/{uid}" Claim => member::save,
        "Adds or changes a member", takes MemberBody, gives 200 MemberView;
    post "/v1/members/{uid}/holders" Claim => member::link,
        "Says which member a person is", takes HolderBody, gives 200 MemberView;
};
