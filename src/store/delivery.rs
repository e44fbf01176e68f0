//! What is owed to the platforms. Leasing and settling are the worker's, the rest is everybody's.

pub mod owe;
pub mod release;
