//! What the merchant's own servers and tills ask, for people: everything under `/v1` that has no other place.

use super::Route;
use crate::api::member::{self, HolderBody, MemberBody, MemberView};

/// For servers and tills.
pub const MERCHANT: &[Route] = super::routes! {
    get "/v1/members/{uid}" Read => member::get, "A member", gives 200 MemberView;
    put "/v1/members/{uid}" Claim => member::save,
        "Adds or changes a member", takes MemberBody, gives 200 MemberView;
    post "/v1/members/{uid}/holders" Claim => member::link,
        "Says which member a person is", takes HolderBody, gives 200 MemberView;
};
