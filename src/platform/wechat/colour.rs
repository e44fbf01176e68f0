//! The fourteen colours of cards: sent by name, shown by a look that is not always that of the table.

use crate::outgoing::palette::{Colour, Palette};

/// All of them; `Color010` is the documents' own sample.
pub static COLOURS: Palette<14> = Palette([
    Colour::new("Color010", [0x63, 0xB3, 0x59]),
    Colour::new("Color020", [0x2C, 0x9F, 0x67]),
    Colour::new("Color030", [0x50, 0x9F, 0xC9]),
    Colour::new("Color040", [0x58, 0x85, 0xCF]),
    Colour::new("Color050", [0x90, 0x62, 0xC0]),
    Colour::new("Color060", [0xD0, 0x9A, 0x45]),
    Colour::new("Color070", [0xE4, 0xB1, 0x38]),
    Colour::new("Color080", [0xEE, 0x90, 0x3C]),
    Colour::new("Color081", [0xF0, 0x85, 0x00]),
    Colour::new("Color082", [0xA9, 0xD9, 0x2D]),
    Colour::new("Color090", [0xDD, 0x65, 0x49]),
    Colour::new("Color100", [0xCC, 0x46, 0x3D]),
    Colour::new("Color101", [0xCF, 0x3E, 0x36]),
    Colour::new("Color102", [0x5E, 0x66, 0x71]),
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_look_has_a_nearest_colour() {
        for (look, name) in [
            ("#FF0000", "Color101"),
            ("#000000", "Color102"),
            ("#0000FF", "Color040"),
            ("#63b35a", "Color010"),
            ("#9857AE", "Color050"),
        ] {
            assert_eq!(COLOURS.nearest(Some(look)).name(), name, "{look}");
        }
        for known in COLOURS.0 {
            assert_eq!(COLOURS.nearest(Some(&known.look())), known);
            assert_eq!(COLOURS.read(known.name()), Some(known));
        }
        for unknown in ["", "Color10", "color010", "Color110", "#10AD61", "63b359", "#63b35"] {
            assert_eq!(COLOURS.read(unknown), None, "{unknown}");
        }
    }
}
