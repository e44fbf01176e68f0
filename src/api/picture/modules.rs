//! Dark and light modules of a QR code or a barcode, with the quiet zone that readers need, as SVG or PNG.

use std::fmt::Write as _;

use barcoders::sym::code128::Code128;
use qrcode::{Color, EcLevel, QrCode};

/// Rows of modules, all of one length, without the quiet zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modules {
    /// Each `true` is dark.
    rows: Vec<Vec<bool>>,
    /// How tall a row is, in modules.
    row_height: usize,
    /// Light modules on every side.
    quiet: usize,
    /// Pixels to a module.
    scale: usize,
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The text does not fit a QR code.
    #[error(transparent)]
    QrCode(#[from] qrcode::types::QrError),
    /// The text cannot be a barcode.
    #[error("no barcode for this text: {0}")]
    Barcode(barcoders::error::Error),
    /// The picture could not be written.
    #[error(transparent)]
    Png(#[from] png::EncodingError),
}

/// What stands before a text of Code 128 that begins in its character set B: all of visible ASCII.
const SET_B: char = '\u{0181}';

impl Modules {
    /// Readable with 15 % of it lost.
    pub fn qr_code(text: &str) -> Result<Self, PictureError> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M)?;
        let width = code.width();
        let modules: Vec<bool> =
            code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
        let rows = modules.chunks(width).map(<[bool]>::to_vec).collect();
        Ok(Self { rows, row_height: 1, quiet: 4, scale: 8 })
    }

    /// Bars that laser readers take, too.
    pub fn code_128(text: &str) -> Result<Self, PictureError> {
        let code = Code128::new(format!("{SET_B}{text}")).map_err(PictureError::Barcode)?;
        let bars = code.encode().into_iter().map(|module| module == 1).collect();
        Ok(Self { rows: vec![bars], row_height: 60, quiet: 10, scale: 3 })
    }

    /// Sharp at any size.
    pub fn svg(&self) -> String {
        let (width, height) = self.size();
        let mut bars = String::new();
        for (y, row) in self.rows.iter().enumerate() {
            let y = self.quiet + y * self.row_height;
            let mut x = self.quiet;
            for run in row.chunk_by(|one, next| one == next) {
                if run[0] {
                    let (length, tall) = (run.len(), self.row_height);
                    // Writing to a text cannot fail.
                    let _written = write!(bars, "M{x} {y}h{length}v{tall}h-{length}z");
                }
                x += run.len();
            }
        }
        let (wide, tall) = (width * self.scale, height * self.scale);
        format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{tall}" viewBox="0 0 {width} {height}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{width}v{height}h-{width}z"/><path fill="#000" d="{bars}"/></svg>"##
        )
    }

    /// In black and white, one bit to a pixel.
    pub fn png(&self) -> Result<Vec<u8>, PictureError> {
        let (width, height) = self.size();
        let mut pixels = Vec::new();
        for y in 0..height * self.scale {
            let line = (0..width * self.scale)
                .map(|x| self.is_dark(x / self.scale, y / self.scale))
                .collect::<Vec<_>>();
            pixels.extend(line.chunks(8).map(|eight| {
                eight
                    .iter()
                    .enumerate()
                    .fold(0u8, |byte, (place, is_dark)| byte | u8::from(!is_dark) << (7 - place))
            }));
        }
        let side = |modules: usize| u32::try_from(modules * self.scale).unwrap_or(u32::MAX);
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, side(width), side(height));
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        encoder.write_header()?.write_image_data(&pixels)?;
        Ok(file)
    }

    /// In modules, with the quiet zone.
    fn size(&self) -> (usize, usize) {
        let width = self.rows.first().map_or(0, Vec::len);
        (width + 2 * self.quiet, self.rows.len() * self.row_height + 2 * self.quiet)
    }

    fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = |place: usize| place.checked_sub(self.quiet);
        let row = inside(y).and_then(|y| self.rows.get(y / self.row_height));
        row.zip(inside(x)).is_some_and(|(row, x)| row.get(x).copied().unwrap_or_default())
    }
}
