//! Baidu smart mini-programs, the legacy coupon service (小程序优惠券服务接口).

pub mod address;
pub mod call;
pub mod callback;
pub mod client;
pub mod colour;
pub mod comparison;
pub mod draft;
pub mod envelope;
pub mod errno;
pub mod error;
pub mod form;
pub mod image;
pub mod limits;
pub mod login;
pub mod outcome;
pub mod paging;
pub mod reply;
pub mod settings;
pub mod shown;
pub mod sign;
pub mod wire;
pub mod wording;
