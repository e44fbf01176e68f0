//! What only a merchant protocol's own room can judge, asked in one place for all of them.

use serde_json::Value;

use crate::{
    domain::{
        gateway::Protocol,
        problem::{Problem, Problems},
    },
    gateway::{yoho, zvcms},
};

/// Checks the settings of a client.
pub fn check_settings(protocol: Protocol, settings: &Value) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    problems.expect(settings.is_object(), "settings", "an object");
    problems.into_result()?;
    match protocol {
        Protocol::Zvcms => zvcms::settings::check(settings).map(drop),
        Protocol::Yoho => yoho::settings::check(settings).map(drop),
    }
}

/// Checks what a grant is to allow.
pub fn check_actions(protocol: Protocol, actions: &[String]) -> Result<(), Vec<Problem>> {
    match protocol {
        Protocol::Zvcms => zvcms::action::check(actions),
        // Its clients have no grants.
        Protocol::Yoho => Ok(()),
    }
}
