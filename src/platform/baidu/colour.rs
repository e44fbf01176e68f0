//! The seventeen colours of the coupon service: sent by name, shown by name or by look.

/// One of the seventeen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(usize);

const COLOURS: [(&str, [u8; 3]); 17] = [
    ("B010", [0x98, 0x57, 0xAE]),
    ("B020", [0x58, 0x54, 0xBE]),
    ("B030", [0x48, 0x7F, 0xCC]),
    ("B040", [0x28, 0x8D, 0xAF]),
    ("B050", [0x28, 0x91, 0x5E]),
    ("B060", [0x44, 0x90, 0x45]),
    ("B070", [0x95, 0xB2, 0x50]),
    ("B080", [0xB8, 0x2C, 0x28]),
    ("B090", [0xB8, 0x50, 0x29]),
    ("B100", [0xB7, 0x62, 0x29]),
    ("B110", [0xB8, 0x70, 0x29]),
    ("B120", [0xB4, 0x82, 0x28]),
    ("B130", [0xB8, 0x90, 0x28]),
    ("B140", [0xC5, 0xAE, 0x34]),
    ("B150", [0x28, 0x28, 0x28]),
    ("B160", [0x5F, 0x60, 0x62]),
    ("B170", [0xCC, 0xCC, 0xCC]),
];

impl Default for Colour {
    /// `B010`, the documents' own sample.
    fn default() -> Self {
        Self(0)
    }
}

impl Colour {
    /// Reads a name or an exact look, as lists show it.
    pub fn read(text: &str) -> Option<Self> {
        let by_name = COLOURS.iter().position(|(name, _)| *name == text);
        let by_look = || {
            let look = look(text)?;
            COLOURS.iter().position(|(_, known)| *known == look)
        };
        by_name.or_else(by_look).map(Self)
    }

    /// The one that looks most like `#RRGGBB`; `None` when the text is no look.
    pub fn nearest(text: &str) -> Option<Self> {
        let wanted = look(text)?;
        (0..COLOURS.len()).min_by_key(|place| distance(COLOURS[*place].1, wanted)).map(Self)
    }

    /// `#RRGGBB`.
    pub fn look(self) -> String {
        format!("#{}", hex::encode_upper(COLOURS[self.0].1))
    }

    /// As requests say it.
    pub const fn name(self) -> &'static str {
        COLOURS[self.0].0
    }
}

fn look(text: &str) -> Option<[u8; 3]> {
    let mut look = [0; 3];
    hex::decode_to_slice(text.strip_prefix('#')?, &mut look).ok()?;
    Some(look)
}

/// The square of the distance.
fn distance(one: [u8; 3], other: [u8; 3]) -> u32 {
    one.iter().zip(other).map(|(one, other)| u32::from(one.abs_diff(other)).pow(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_read_by_its_name_and_by_its_look() {
        for (place, (name, [red, green, blue])) in COLOURS.iter().enumerate() {
            let look = format!("#{red:02X}{green:02x}{blue:02X}");
            assert_eq!(Colour::read(name), Some(Colour(place)));
            assert_eq!(Colour::read(&look), Some(Colour(place)));
            assert_eq!(Colour::nearest(&look), Some(Colour(place)));
        }
        for unknown in ["", "B10", "b010", "B180", "#9857AF", "9857AE", "#9857A"] {
            assert_eq!(Colour::read(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn any_look_has_a_nearest_colour() {
        for (look, name) in [
            ("#FF0000", "B080"),
            ("#000000", "B150"),
            ("#ffffff", "B170"),
            ("#0000FF", "B020"),
            ("#9857AF", "B010"),
            ("#808080", "B160"),
        ] {
            assert_eq!(Colour::nearest(look).map(Colour::name), Some(name), "{look}");
        }
        assert_eq!(Colour::nearest("red"), None);
    }
}
