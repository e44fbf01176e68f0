//! What only a platform's own room can judge, asked in one place for all of them.

use serde_json::Value;

use crate::domain::{
    app::PlatformKind,
    problem::{Problem, Problems},
};

/// Checks the settings of an app.
pub fn check_settings(platform: PlatformKind, settings: &Value) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    match platform {
        PlatformKind::Baidu => problems.expect(
            settings.as_object().is_some_and(|settings| {
                settings.iter().all(|(key, value)| {
                    key == "sign_reading"
                        && matches!(value.as_str(), Some("either" | "documented" | "mirrored"))
                })
            }),
            "settings",
            "an object; `sign_reading` is either, documented or mirrored",
        ),
        PlatformKind::Wechat | PlatformKind::Own => problems.expect(
            settings.as_object().is_some_and(serde_json::Map::is_empty),
            "settings",
            "an empty object: this platform has no settings",
        ),
    }
    problems.into_result()
}

/// Checks the platform's id of a placement.
pub fn check_platform_ref(
    platform: PlatformKind,
    platform_ref: Option<&str>,
) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    let Some(platform_ref) = platform_ref else {
        return Ok(());
    };
    let (holds, expected) = match platform {
        // No sign and no leading zeros: one number, one spelling.
        PlatformKind::Baidu => (
            platform_ref
                .parse::<i64>()
                .is_ok_and(|n| n > 0 && n.to_string() == platform_ref),
            "the couponTemplateId: a number above zero, in decimal digits",
        ),
        PlatformKind::Wechat => (
            (1..=64).contains(&platform_ref.len())
                && platform_ref.bytes().all(|byte| byte.is_ascii_graphic()),
            "1 to 64 visible ASCII characters",
        ),
        PlatformKind::Own => (
            false,
            "left out: our own front ends have no ids of their own",
        ),
    };
    problems.expect(holds, "platform_ref", expected);
    problems.into_result()
}
