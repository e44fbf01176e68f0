//! Pictures as WeChat takes them: PNG or JPEG, below 1 MB.

use bytes::Bytes;

use super::limits::{Texts, problem};
use crate::{domain::problem::Problem, outgoing::picture::PictureKind};

/// A picture that can be uploaded.
#[derive(Debug, Clone)]
pub struct Image {
    bytes: Bytes,
    kind: PictureKind,
}

/// WeChat takes less than 1 MB.
pub const MOST_BYTES: usize = 1_000_000 - 1;

impl Image {
    /// Takes a picture, or says why WeChat would not.
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

const TOO_LARGE: Texts = ("图片必须小于 1 MB", "image: less than 1 MB");
const NO_IMAGE: Texts = ("图片必须是 PNG 或 JPEG", "image: PNG or JPEG");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_less_than_a_megabyte() {
        let of_size = |size: usize| {
            let mut bytes = vec![0; size];
            bytes[..3].copy_from_slice(b"\xff\xd8\xff");
            Image::read(bytes.into())
        };

        assert!(of_size(MOST_BYTES).is_ok());
        assert_eq!(Image::read(Bytes::from_static(b"GIF89a")).unwrap_err().param, "image");
        let problem = of_size(MOST_BYTES + 1).unwrap_err();
        assert_eq!(problem.message, "图片必须小于 1 MB · image: less than 1 MB");
    }
}
