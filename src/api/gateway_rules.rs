//! What only a merchant protocol's own room can judge, asked in one place for all of them.

use serde_json::Value;

use crate::domain::{
    gateway::Protocol,
    problem::{Problem, Problems},
};

/// Checks the settings of a client.
pub fn check_settings(protocol: Protocol, settings: &Value) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    problems.expect(settings.is_object(), "settings", "an object");
    problems.into_result()?;
    match protocol {
        // Each room says here what it makes of them.
        Protocol::Zvcms | Protocol::Yoho => Ok(()),
    }
}

/// Checks what a grant is to allow.
pub fn check_actions(protocol: Protocol, _actions: &[String]) -> Result<(), Vec<Problem>> {
    match protocol {
        // Each room says here which actions it has.
        Protocol::Zvcms | Protocol::Yoho => Ok(()),
    }
}
