//! The colours that a platform knows by name, and which of them is nearest to any other.

/// One of a platform's colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    name: &'static str,
    look: [u8; 3],
}

/// All that a platform knows; the first is what is sent where nobody chose.
#[derive(Debug)]
pub struct Palette<const N: usize>(pub [Colour; N]);

impl Colour {
    /// Red, green and blue go by this name.
    pub const fn new(name: &'static str, look: [u8; 3]) -> Self {
        Self { name, look }
    }

    /// As requests say it.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// `#RRGGBB`.
    pub fn look(self) -> String {
        format!("#{}", hex::encode_upper(self.look))
    }

    /// The square of the distance.
    fn distance(self, look: [u8; 3]) -> u32 {
        self.look.iter().zip(look).map(|(one, other)| u32::from(one.abs_diff(other)).pow(2)).sum()
    }
}

impl<const N: usize> Palette<N> {
    /// Reads a name or an exact look, as lists show it.
    pub fn read(&self, text: &str) -> Option<Colour> {
        let by_name = self.0.iter().find(|known| known.name == text);
        let by_look = || {
            let look = look(text)?;
            self.0.iter().find(|known| known.look == look)
        };
        by_name.or_else(by_look).copied()
    }

    /// The one that looks most like `#RRGGBB`; the first when the text is no look.
    pub fn nearest(&self, text: Option<&str>) -> Colour {
        let wanted = text.and_then(look);
        let nearest =
            wanted.and_then(|wanted| self.0.iter().min_by_key(|known| known.distance(wanted)));
        *nearest.unwrap_or(&self.0[0])
    }
}

fn look(text: &str) -> Option<[u8; 3]> {
    let mut look = [0; 3];
    hex::decode_to_slice(text.strip_prefix('#')?, &mut look).ok()?;
    Some(look)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: Colour = Colour::new("red", [0xF0, 0, 0]);
    const GREEN: Colour = Colour::new("green", [0, 0xF0, 0]);
    const PALETTE: Palette<2> = Palette([RED, GREEN]);

    #[test]
    fn a_colour_is_read_by_its_name_and_by_its_look() {
        for text in ["green", "#00F000", "#00f000"] {
            assert_eq!(PALETTE.read(text), Some(GREEN), "{text}");
        }
        for unknown in ["", "Green", "#00F001", "00f000", "#00f00"] {
            assert_eq!(PALETTE.read(unknown), None, "{unknown}");
        }
        assert_eq!(GREEN.look(), "#00F000");
    }

    #[test]
    fn any_look_has_a_nearest_colour_and_no_look_is_the_first() {
        for (look, nearest) in
            [(Some("#FF0000"), RED), (Some("#00ff10"), GREEN), (Some("green"), RED), (None, RED)]
        {
            assert_eq!(PALETTE.nearest(look), nearest, "{look:?}");
        }
    }
}
