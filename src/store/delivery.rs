//! What is owed to the platforms. Leasing and settling are the worker's, the rest is everybody's.

pub mod cancel;
pub mod list;
pub mod owe;
pub mod replay;
pub mod show;
pub mod wake;
