//! Pictures that lead to a coupon on a platform.

use serde::{Deserialize, Serialize};

use super::problem::{Problem, Problems};

/// How far a banner has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum BannerState {
    /// The platform is to show it.
    Owed,
    /// The platform shows it.
    Live,
    /// The platform is to take it away.
    Removing,
    /// Nobody sees it any more.
    Removed,
}

impl BannerState {
    /// As the database spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owed => "owed",
            Self::Live => "live",
            Self::Removing => "removing",
            Self::Removed => "removed",
        }
    }
}

/// Larger ones do not fit into what platforms take in one request.
pub const LARGEST_IMAGE: usize = 1_000_000;

/// The type of a picture by its first bytes, whatever its name says.
pub fn image_type(image: &[u8]) -> Option<&'static str> {
    match image {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        _ => None,
    }
}

/// Checks what a person wrote about a banner, and its picture.
pub fn check(title: &str, dest_url: &str, image: &[u8]) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    problems.expect(
        (1..=40).contains(&title.chars().count()) && title.trim() == title,
        "title",
        "1 to 40 characters without blanks around them",
    );
    let inside = !dest_url.contains("://") && !dest_url.starts_with("//");
    let plain = dest_url.bytes().all(|byte| byte.is_ascii_graphic());
    problems.expect(
        (1..=500).contains(&dest_url.len()) && inside && plain,
        "dest_url",
        "a path inside the mini-program, like /pages/index/index",
    );
    problems.expect(
        image.len() <= LARGEST_IMAGE && image_type(image).is_some(),
        "image",
        "a PNG or JPEG of at most 1 MB",
    );
    problems.into_result()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_banner_has_a_title_a_path_inside_and_a_real_picture() {
        let png = b"\x89PNG\r\n\x1a\n";

        assert_eq!(check("双十一", "/pages/index?from=banner", png), Ok(()));
        let problems = check(" ", "https://example.com/", b"GIF89a").unwrap_err();

        let params: Vec<_> = problems.iter().map(|problem| problem.param).collect();
        assert_eq!(params, ["title", "dest_url", "image"]);
        assert_eq!(image_type(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
    }
}
