//! Where Baidu lives.

use std::sync::LazyLock;

use url::Url;

/// Where Baidu's open API lives.
pub static OPEN_API: LazyLock<Url> = LazyLock::new(|| known("https://openapi.baidu.com"));
/// Where login codes were changed for sessions before the open API could.
pub static SESSION_API: LazyLock<Url> = LazyLock::new(|| known("https://spapi.baidu.com"));

#[expect(clippy::expect_used, reason = "both texts stand above and are read by a test")]
fn known(text: &str) -> Url {
    Url::parse(text).expect("a URL that we wrote")
}
