//! Baidu smart mini-programs, the legacy coupon service (小程序优惠券服务接口).

pub mod callback;
pub mod reply;
pub mod settings;
pub mod sign;
pub mod wire;
