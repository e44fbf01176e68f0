//! What calls to the outside have in common, whoever is called: which addresses are dialled, what is kept of an answer,
//! and what was told us in confidence.

pub mod address;
pub mod answer;
pub mod palette;
pub mod parameters;
pub mod picture;
pub mod secret;
pub mod transport;
