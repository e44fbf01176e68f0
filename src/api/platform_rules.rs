//! What only a platform's own room can judge, asked in one place for all of them.

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::{
    domain::{
        app::PlatformKind,
        problem::{Problem, Problems},
        terms::Terms,
    },
    platform::{baidu, webhooks::target::Reach, wechat},
    service::secret::Fresh,
};

/// Checks the settings of an app.
pub fn check_settings(platform: PlatformKind, settings: &Value) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    problems.expect(settings.is_object(), "settings", "an object");
    problems.into_result()?;
    match platform {
        PlatformKind::Baidu => baidu::settings::check(settings),
        PlatformKind::Wechat | PlatformKind::WechatMini | PlatformKind::Own => {
            let mut problems = Problems::default();
            let empty = settings.as_object().is_some_and(serde_json::Map::is_empty);
            problems.expect(empty, "settings", "empty: this platform has no settings");
            problems.into_result()
        }
    }
}

/// Checks whether the platform could show the terms, so that what is owed to it is not refused there.
pub fn check_terms(platform: PlatformKind, terms: &Terms) -> Result<(), Vec<Problem>> {
    match platform {
        PlatformKind::Baidu => baidu::draft::check(terms),
        PlatformKind::Wechat | PlatformKind::WechatMini | PlatformKind::Own => Ok(()),
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
        PlatformKind::Wechat | PlatformKind::WechatMini => problems.expect(
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

/// Checks where a webhook is to go.
pub fn check_webhook(allow_private: bool, url: &str) -> Result<(), Vec<Problem>> {
    Reach::new(allow_private).check_field(url)
}
