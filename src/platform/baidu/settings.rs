//! What can be set for one Baidu app.

use serde::Deserialize;
use serde_json::Value;

use super::sign::Reading;
use crate::domain::problem::{Problem, Problems};

/// The settings of one app, stored with it.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Pins one reading of the sign; both are accepted when absent.
    pub sign_reading: Option<Reading>,
}

impl Settings {
    /// Reads stored settings; what is not understood counts as absent, since it was checked when it was stored.
    pub fn read(stored: &Value) -> Self {
        Self::deserialize(stored).unwrap_or_default()
    }

    /// The readings of the sign that are accepted.
    pub const fn readings(self) -> &'static [Reading] {
        match self.sign_reading {
            None => &[Reading::Documented, Reading::Mirrored],
            Some(Reading::Documented) => &[Reading::Documented],
            Some(Reading::Mirrored) => &[Reading::Mirrored],
        }
    }
}

/// Whether the settings can be stored with an app.
pub fn check(settings: &Value) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    if let Err(error) = Settings::deserialize(settings) {
        problems.expect(false, "settings", error.to_string());
    }
    problems.into_result()
}

/// Whether the text can be Baidu's `couponTemplateId`: a decimal number that fits in 63 bits.
pub fn check_platform_ref(text: &str) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    let plain = super::wire::template_id(text).is_some();
    problems.expect(plain, "platform_ref", "Baidu's couponTemplateId: decimal digits");
    problems.into_result()
}
