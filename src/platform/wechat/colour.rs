//! The fourteen colours of cards: sent by name, shown by a look that is not always that of the table.

/// One of the fourteen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(usize);

const COLOURS: [(&str, [u8; 3]); 14] = [
    ("Color010", [0x63, 0xB3, 0x59]),
    ("Color020", [0x2C, 0x9F, 0x67]),
    ("Color030", [0x50, 0x9F, 0xC9]),
    ("Color040", [0x58, 0x85, 0xCF]),
    ("Color050", [0x90, 0x62, 0xC0]),
    ("Color060", [0xD0, 0x9A, 0x45]),
    ("Color070", [0xE4, 0xB1, 0x38]),
    ("Color080", [0xEE, 0x90, 0x3C]),
    ("Color081", [0xF0, 0x85, 0x00]),
    ("Color082", [0xA9, 0xD9, 0x2D]),
    ("Color090", [0xDD, 0x65, 0x49]),
    ("Color100", [0xCC, 0x46, 0x3D]),
    ("Color101", [0xCF, 0x3E, 0x36]),
    ("Color102", [0x5E, 0x66, 0x71]),
];

impl Default for Colour {
    /// `Color010`, the documents' own sample.
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

    /// As requests say it: `Color010`.
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
        for unknown in ["", "Color10", "color010", "Color110", "#10AD61", "63b359", "#63b35"] {
            assert_eq!(Colour::read(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn any_look_has_a_nearest_colour() {
        for (look, name) in [
            ("#FF0000", "Color101"),
            ("#000000", "Color102"),
            ("#0000FF", "Color040"),
            ("#63b35a", "Color010"),
            ("#9857AE", "Color050"),
        ] {
            assert_eq!(Colour::nearest(look).map(Colour::name), Some(name), "{look}");
        }
        assert_eq!(Colour::nearest("red"), None);
    }
}
