//! What people ask through a mini-program: everything under `/v1/mini`.

use super::Route;

/// For people.
pub const MINI: &[Route] = super::routes! {};
