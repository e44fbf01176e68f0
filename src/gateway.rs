//! The protocols that merchants' systems already speak, each spoken over our own use cases.

pub mod yoho;
pub mod zvcms;
