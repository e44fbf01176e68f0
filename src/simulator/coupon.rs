//! The coupon service of the first generation, one call per file.

pub(super) mod add_stock;
pub(super) mod create;
pub(super) mod list;
