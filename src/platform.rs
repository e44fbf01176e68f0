//! The platforms, each in a room of its own: wire format, signatures, incoming calls. A platform's words stay inside.

pub mod baidu;
pub mod webhooks;
pub mod wechat;
