//! What people ask through a mini-program: everything under `/v1/mini`.

use super::Route;
use crate::{
    api::{
        card, cart_match, claim,
        mini_session::{self, LoginBody, OpenedView, VisitorView},
        offer, picture, redemption, wallet,
    },
    domain::cart::Cart,
    http::page::Page,
};

/// For people.
pub const MINI: &[Route] = super::routes! {
    post "/v1/mini/sessions" [Nothing] => mini_session::open,
        "Logs somebody in", takes LoginBody, gives 201 OpenedView;
    get "/v1/mini/sessions/current" [Holder] => mini_session::current,
        "Who I am", gives 200 VisitorView;
    delete "/v1/mini/sessions/current" [Holder] => mini_session::close, "Logs out", gives 204;

    post "/v1/mini/redemptions" [Holder] => redemption::create_own, "Uses one of my coupons for an order", takes redemption::OwnRedemptionBody, gives 201 | 200 redemption::RedemptionView;

    get "/v1/mini/offers" [Holder] => offer::list_own, "What I may claim", query offer::OwnOffersQuery, gives 200 Page<offer::OfferView>;
    post "/v1/mini/claims" [Holder] => claim::create_own, "Claim a coupon", takes claim::OwnClaimBody, gives 201 claim::ClaimedView;
    post "/v1/mini/claim-batches" [Holder] => claim::batch::create_own, "Claim several coupons", takes claim::batch::OwnClaimBatchBody, gives 200 claim::batch::ClaimBatchView;
    get "/v1/mini/coupons" [Holder] => wallet::list_own, "My coupons", query wallet::OwnWalletQuery, gives 200 Page<wallet::HeldView>;
    get "/v1/mini/coupons/{coupon}" [Holder] => wallet::get_own, "One of my coupons", gives 200 wallet::HeldView;
    get "/v1/mini/coupons/{coupon}/qr-code" [Holder] => picture::qr_code, "The code as a QR code, an SVG or PNG picture", query picture::PictureQuery, gives 200 "image/svg+xml, image/png" String;
    get "/v1/mini/coupons/{coupon}/barcode" [Holder] => picture::barcode, "The code as Code 128, an SVG or PNG picture", query picture::PictureQuery, gives 200 "image/svg+xml, image/png" String;
    post "/v1/mini/cards/claims" [Holder] => card::claim, "Leave to take a card on its platform", takes card::CardClaimBody, gives 201 card::CardClaimView;
    post "/v1/mini/cards/claims/{claim}/result" [Holder] => card::result, "What came of taking a card", takes card::CardResultBody, gives 200 card::CardResultView;
    post "/v1/mini/cards/open" [Holder] => card::open, "What opens cards of mine on their platform", takes card::OpenCardsBody, gives 200 card::OpenCardsView;
    post "/v1/mini/cards/lookup" [Holder] => card::look_up, "The coupon whose card has opened the mini-program", takes card::CardLookupBody, gives 200 wallet::HeldView;
    post "/v1/mini/cart-matches" [Holder] => cart_match::create_own, "Which of my coupons fit a cart", takes Cart, gives 200 cart_match::MatchesView;
};
