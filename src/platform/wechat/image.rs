//! Pictures as WeChat takes them: PNG or JPEG, below 1 MB.

use bytes::Bytes;

use super::limits::{Texts, problem};
use crate::domain::problem::Problem;

/// A picture that can be uploaded.
#[derive(Debug, Clone)]
pub struct Image {
    bytes: Bytes,
    kind: ImageKind,
}

/// What a picture is, by its first bytes; what somebody calls it does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageKind {
    /// `image/png`.
    Png,
    /// `image/jpeg`.
    Jpeg,
}

/// WeChat takes less than 1 MB.
pub const MOST_BYTES: usize = 1_000_000 - 1;

impl Image {
    /// Takes a picture, or says why WeChat would not.
    pub fn read(bytes: Bytes) -> Result<Self, Problem> {
        if bytes.len() > MOST_BYTES {
            return Err(problem("image", TOO_LARGE));
        }
        let kind = ImageKind::of(&bytes).ok_or_else(|| problem("image", NO_IMAGE))?;
        Ok(Self { bytes, kind })
    }

    /// The file.
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What it is.
    pub const fn kind(&self) -> ImageKind {
        self.kind
    }
}

const TOO_LARGE: Texts = ("图片必须小于 1 MB", "image: less than 1 MB");
const NO_IMAGE: Texts = ("图片必须是 PNG 或 JPEG", "image: PNG or JPEG");

impl ImageKind {
    fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            _ => None,
        }
    }

    /// The content type.
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }

    /// How the file is called on the wire.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Png => "picture.png",
            Self::Jpeg => "picture.jpg",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_first_bytes() {
        let kind = |bytes: &'static [u8]| Image::read(Bytes::from_static(bytes)).map(|i| i.kind());

        assert_eq!(kind(b"\x89PNG\r\n\x1a\n..."), Ok(ImageKind::Png));
        assert_eq!(kind(b"\xff\xd8\xff\xe0.."), Ok(ImageKind::Jpeg));
        for other in [&b""[..], b"\x89PNG", b"GIF89a", b"<svg xmlns=''/>", b"RIFF....WEBP"] {
            assert_eq!(kind(other).unwrap_err().param, "image");
        }
    }

    #[test]
    fn a_picture_has_less_than_a_megabyte() {
        let of_size = |size: usize| {
            let mut bytes = vec![0; size];
            bytes[..3].copy_from_slice(b"\xff\xd8\xff");
            Image::read(bytes.into())
        };

        assert!(of_size(MOST_BYTES).is_ok());
        let problem = of_size(MOST_BYTES + 1).unwrap_err();
        assert_eq!(problem.message, "图片必须小于 1 MB · image: less than 1 MB");
    }
}
