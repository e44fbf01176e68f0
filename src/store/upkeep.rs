//! What happens because time passes: locks end, coupons end, stocks run low, and what is old is forgotten.

pub mod cards;
pub mod ends;
pub mod forget;
pub mod locks;
pub mod stock;
pub mod walk;
