//! What the merchant's own servers and tills ask, for people: everything under `/v1` that has no other place.

use super::Route;

/// For servers and tills.
pub const MERCHANT: &[Route] = super::routes! {};
