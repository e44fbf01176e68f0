//! What only a platform's own room can judge, asked in one place for all of them.

use serde_json::Value;

use crate::{
    domain::{
        app::PlatformKind,
        problem::{Problem, Problems},
    },
    platform::baidu,
};

/// Checks the settings of an app.
pub fn check_settings(platform: PlatformKind, settings: &Value) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    problems.expect(settings.is_object(), "settings", "an object");
    problems.into_result()?;
    match platform {
        PlatformKind::Baidu => baidu::settings::check(settings),
        PlatformKind::Wechat | PlatformKind::Own => {
            let mut problems = Problems::default();
            let empty = settings.as_object().is_some_and(serde_json::Map::is_empty);
            problems.expect(empty, "settings", "empty: this platform has no settings");
            problems.into_result()
        }
    }
}

/// Checks the platform's id of a placement, which need not be there yet.
pub fn check_platform_ref(
    platform: PlatformKind,
    platform_ref: Option<&str>,
) -> Result<(), Vec<Problem>> {
    let Some(platform_ref) = platform_ref else { return Ok(()) };
    let mut problems = Problems::default();
    match platform {
        PlatformKind::Baidu => return baidu::settings::check_platform_ref(platform_ref),
        PlatformKind::Wechat => problems.expect(
            (1..=64).contains(&platform_ref.len())
                && platform_ref.bytes().all(|byte| byte.is_ascii_graphic()),
            "platform_ref",
            "1 to 64 visible ASCII characters",
        ),
        PlatformKind::Own => {
            problems.expect(false, "platform_ref", "left out: our own front ends have no such ids");
        }
    }
    problems.into_result()
}
