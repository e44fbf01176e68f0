//! Pictures as the coupon service takes them: PNG or JPEG, up to 2 MiB.

use bytes::Bytes;

use super::limits::{Texts, problem};
use crate::{domain::problem::Problem, outgoing::picture::PictureKind};

/// A picture that can be uploaded.
#[derive(Debug, Clone)]
pub struct Image {
    bytes: Bytes,
    kind: PictureKind,
}

/// Ours; the coupon pages name none.
pub const MOST_BYTES: usize = 2 * 1024 * 1024;

impl Image {
    /// Takes a picture, or says why Baidu would not.
    pub fn read(bytes: Bytes) -> Result<Self, Problem> {
        if bytes.len() > MOST_BYTES {
            return Err(problem("image", TOO_LARGE));
        }
        let kind = PictureKind::of(&bytes).ok_or_else(|| problem("image", NO_IMAGE))?;
        Ok(Self { bytes, kind })
    }

    /// The file.
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What it is.
    pub const fn kind(&self) -> PictureKind {
        self.kind
    }
}

const TOO_LARGE: Texts = ("图片不能超过 2 MiB", "image: up to 2 MiB");
const NO_IMAGE: Texts = ("图片必须是 PNG 或 JPEG", "image: PNG or JPEG");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_up_to_two_mebibytes() {
        let of_size = |size: usize| {
            let mut bytes = vec![0; size];
            bytes[..3].copy_from_slice(b"\xff\xd8\xff");
            Image::read(bytes.into())
        };

        assert!(of_size(MOST_BYTES).is_ok());
        assert_eq!(Image::read(Bytes::from_static(b"GIF89a")).unwrap_err().param, "image");
        let problem = of_size(MOST_BYTES + 1).unwrap_err();
        assert_eq!(problem.message, "图片不能超过 2 MiB · image: up to 2 MiB");
    }
}
