//! What only a platform's own room can judge, asked in one place for all of them.

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::{
    domain::{
        app::PlatformKind,
        foresight::{Foresight, Question},
        problem::{Problem, Problems},
    },
    platform::{
        baidu,
        webhooks::target::Reach,
        wechat::{self, placing::CodeMode},
    },
    service::secret::Fresh,
};

/// Checks the settings of an app.
pub fn check_settings(platform: PlatformKind, settings: &Value) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    problems.expect(settings.is_object(), "settings", "an object");
    problems.into_result()?;
    match platform {
        PlatformKind::Baidu => baidu::settings::check(settings),
        PlatformKind::Wechat => wechat::settings::check(settings),
        PlatformKind::WechatMini => wechat::settings::check_mini(settings),
        PlatformKind::Own => {
            let mut problems = Problems::default();
            let empty = settings.as_object().is_some_and(serde_json::Map::is_empty);
            problems.expect(empty, "settings", "empty: this platform has no settings");
            problems.into_result()
        }
    }
}

/// Whether the platform could show a placement, so that what is owed to it is not refused there; and what it makes of it.
pub fn foresee(question: &Question<'_>) -> Result<Foresight, Vec<Problem>> {
    match question.platform {
        PlatformKind::Baidu => {
            baidu::draft::check(question.now.terms).map(|()| Foresight::default())
        }
        PlatformKind::Wechat => wechat::foresight::foresee(question),
        PlatformKind::WechatMini | PlatformKind::Own => Ok(Foresight::default()),
    }
}

/// Checks the settings of a placement.
pub fn check_placement_settings(
    platform: PlatformKind,
    settings: &Value,
) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    problems.expect(settings.is_object(), "settings", "an object");
    problems.into_result()?;
    match platform {
        PlatformKind::Wechat => wechat::placing::check(settings),
        PlatformKind::Baidu | PlatformKind::WechatMini | PlatformKind::Own => {
            let mut problems = Problems::default();
            let empty = settings.as_object().is_some_and(serde_json::Map::is_empty);
            problems.expect(empty, "settings", "empty: placements have none on this platform");
            problems.into_result()
        }
    }
}

/// Checks settings that take the place of others, of a placement that the platform may know.
pub fn check_settings_change(
    platform: PlatformKind,
    (old, new): (&Value, &Value),
    is_known: bool,
) -> Result<(), Vec<Problem>> {
    check_placement_settings(platform, new)?;
    let mut problems = Problems::default();
    let same = code_mode(platform, old) == code_mode(platform, new);
    problems.expect(
        same || !is_known,
        "settings",
        "code_mode never changes on a card that is there",
    );
    problems.into_result()
}

/// Who chooses the codes of a placement, where that can be chosen.
pub fn code_mode(platform: PlatformKind, settings: &Value) -> Option<&'static str> {
    match platform {
        PlatformKind::Wechat => {
            Some(match wechat::placing::PlacementSettings::read(settings).code_mode {
                CodeMode::Wechat => "wechat",
                CodeMode::Custom => "custom",
                CodeMode::Deposit => "deposit",
            })
        }
        PlatformKind::Baidu | PlatformKind::WechatMini | PlatformKind::Own => None,
    }
}

/// The address to give to the platform, where the platform calls one; in the clear, for it is shown once.
pub fn callback_url(platform: PlatformKind, base: &Url, secret: &Fresh) -> Option<String> {
    match platform {
        PlatformKind::Baidu => {
            let address = baidu::callback::address(base, secret.reveal());
            Some(address.expose_secret().to_owned())
        }
        PlatformKind::Wechat | PlatformKind::WechatMini | PlatformKind::Own => None,
    }
}

/// Checks what pushes are to be proved with. One platform pushes.
pub fn check_push_secrets(token: Option<&str>, key: Option<&str>) -> Result<(), Vec<Problem>> {
    wechat::push::check(token, key)
}

/// The address to paste into the console of the platform that pushes.
pub fn push_url(base: &Url, secret: &SecretString) -> String {
    wechat::callback::address(base, secret.expose_secret()).expose_secret().to_owned()
}

/// Checks a banner and its picture, and says what kind of picture that is; nothing where there are no banners.
pub fn check_banner(
    platform: PlatformKind,
    title: &str,
    dest_url: &str,
    image: Bytes,
) -> Result<&'static str, Vec<Problem>> {
    match platform {
        PlatformKind::Baidu => baidu::limits::read_banner(title, dest_url, image)
            .map(|banner| banner.image.kind().mime()),
        PlatformKind::Wechat | PlatformKind::WechatMini | PlatformKind::Own => Ok(""),
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
        PlatformKind::Wechat => return wechat::placing::check_platform_ref(platform_ref),
        PlatformKind::WechatMini | PlatformKind::Own => {
            problems.expect(false, "platform_ref", "left out: our own front ends have no such ids");
        }
    }
    problems.into_result()
}

/// Checks where a webhook is to go.
pub fn check_webhook(allow_private: bool, url: &str) -> Result<(), Vec<Problem>> {
    Reach::new(allow_private).check_field(url)
}
