//! An account on a platform.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::problem::{Problem, Problems};

/// Where an app lives.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum PlatformKind {
    /// Baidu smart mini-programs.
    Baidu,
    /// WeChat official accounts, to which cards belong.
    Wechat,
    /// WeChat mini-programs, in which people take the cards of an official account.
    WechatMini,
    /// The merchant's own front ends.
    Own,
}

/// Whether what was used on an app may be given back.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum ReturnRule {
    /// Where an order is cancelled, its coupon can be used again, whatever the platform shows.
    Allowed,
    /// A use is final.
    Refused,
}

impl ReturnRule {
    /// Where nobody says: no promise that the platform's own pages break.
    pub const fn usual(platform: PlatformKind) -> Self {
        if platform.shows_uses_for_ever() { Self::Refused } else { Self::Allowed }
    }
}

impl PlatformKind {
    /// Whether the platform calls an address of ours for each placement, which then needs a secret one.
    pub const fn calls_back(self) -> bool {
        match self {
            Self::Baidu => true,
            Self::Wechat | Self::WechatMini | Self::Own => false,
        }
    }

    /// Whether the platform keeps a wallet for its users, and hears of what becomes of the coupons in it.
    pub const fn keeps_a_wallet(self) -> bool {
        match self {
            Self::Baidu | Self::Wechat => true,
            Self::WechatMini | Self::Own => false,
        }
    }

    /// Whether what stands on the platform already can be taken over from there.
    pub const fn takes_imports(self) -> bool {
        match self {
            Self::Baidu => true,
            Self::Wechat | Self::WechatMini | Self::Own => false,
        }
    }

    /// Whether the platform shows banners that lead to placements.
    pub const fn has_banners(self) -> bool {
        match self {
            Self::Baidu => true,
            Self::Wechat | Self::WechatMini | Self::Own => false,
        }
    }

    /// Whether the platform hands out coupons by itself and tells us afterwards: then nobody can be given one through us.
    pub const fn gives_by_itself(self) -> bool {
        match self {
            Self::Wechat => true,
            Self::Baidu | Self::WechatMini | Self::Own => false,
        }
    }

    /// Whether its people take the cards of another account.
    pub const fn takes_cards_of_another(self) -> bool {
        match self {
            Self::WechatMini => true,
            Self::Baidu | Self::Wechat | Self::Own => false,
        }
    }

    /// Whether people log in on it with a code that the platform gave them.
    pub const fn has_logins(self) -> bool {
        match self {
            Self::Baidu | Self::WechatMini => true,
            Self::Wechat | Self::Own => false,
        }
    }

    /// Whether templates can be placed on it.
    pub const fn has_placements(self) -> bool {
        match self {
            Self::Baidu | Self::Wechat | Self::Own => true,
            Self::WechatMini => false,
        }
    }

    /// Whether the platform is to hear of coupons that are taken out of use.
    pub const fn hears_of_voids(self) -> bool {
        match self {
            Self::Wechat => true,
            Self::Baidu | Self::WechatMini | Self::Own => false,
        }
    }

    /// Whether a use of which the platform has heard can be undone there. Where it cannot and the platform shows the use
    /// for ever, the merchant says whether coupons are given back all the same.
    pub const fn shows_uses_for_ever(self) -> bool {
        match self {
            Self::Wechat => true,
            Self::Baidu | Self::WechatMini | Self::Own => false,
        }
    }
}

/// Checks what a person wrote about an app; limits are ours, generous over the platforms' own.
pub fn check(name: &str, app_key: &str, secret: Option<&str>) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    problems.expect(
        (1..=100).contains(&name.chars().count()) && name.trim() == name,
        "name",
        "1 to 100 characters without blanks around them",
    );
    problems.expect(
        (1..=64).contains(&app_key.len()) && app_key.bytes().all(|byte| byte.is_ascii_graphic()),
        "app_key",
        "1 to 64 visible ASCII characters",
    );
    let fits = |secret: &str| {
        (1..=256).contains(&secret.len()) && secret.bytes().all(|byte| byte.is_ascii_graphic())
    };
    problems.expect(secret.is_none_or(fits), "secret", "1 to 256 visible ASCII characters");
    problems.into_result()
}
