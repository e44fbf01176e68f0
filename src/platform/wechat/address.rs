//! Where WeChat lives, unless an app's settings say otherwise.

use std::sync::LazyLock;

use url::Url;

/// Where WeChat's API lives, for official accounts and mini-programs alike.
pub static API: LazyLock<Url> = LazyLock::new(|| known("https://api.weixin.qq.com"));

#[expect(clippy::expect_used, reason = "the text stands above and is read by a test")]
fn known(text: &str) -> Url {
    Url::parse(text).expect("a URL that we wrote")
}
