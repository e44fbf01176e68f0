//! What is owed to the platforms. Leasing and settling are the worker's, the rest is everybody's.

pub mod breaker;
pub mod call;
pub mod lease;
pub mod owe;
pub mod presence;
pub mod settle;
