//! What the merchant's own servers and tills ask, for people: everything under `/v1` that has no other place.

use super::Route;
use crate::{
    api::{cart_match, claim, offer, wallet},
    http::page::Page,
};

/// For servers and tills.
pub const MERCHANT: &[Route] = super::routes! {
    get "/v1/offers" Read => offer::list, "What somebody may claim", query offer::OffersQuery, gives 200 Page<offer::OfferView>;
    post "/v1/claims" Claim => claim::create, "Give a coupon to somebody", takes claim::ClaimBody, gives 201 claim::ClaimedView;
    post "/v1/claim-batches" Claim => claim::batch::create, "Give several coupons to somebody", takes claim::batch::ClaimBatchBody, gives 200 claim::batch::ClaimBatchView;
    get "/v1/coupons" Read => wallet::list, "Somebody's coupons", query wallet::WalletQuery, gives 200 Page<wallet::HeldView>;
    get "/v1/coupons/{coupon}" Read => wallet::get, "One coupon", gives 200 wallet::HeldView;
    post "/v1/cart-matches" Read => cart_match::create, "Which of somebody's coupons fit a cart", takes cart_match::CartMatchBody, gives 200 cart_match::MatchesView;
};
