//! What is owed to the platforms. Leasing and settling are the worker's, the rest is everybody's.

pub mod breaker;
pub mod call;
pub mod cancel;
pub mod lease;
pub mod list;
pub mod open;
pub mod owe;
pub mod presence;
pub mod replay;
pub mod settle;
pub mod show;
pub mod wake;
