//! The seventeen colours of the coupon service: sent by name, shown by name or by look.

use crate::outgoing::palette::{Colour, Palette};

/// All of them; `B010` is the documents' own sample.
pub static COLOURS: Palette<17> = Palette([
    Colour::new("B010", [0x98, 0x57, 0xAE]),
    Colour::new("B020", [0x58, 0x54, 0xBE]),
    Colour::new("B030", [0x48, 0x7F, 0xCC]),
    Colour::new("B040", [0x28, 0x8D, 0xAF]),
    Colour::new("B050", [0x28, 0x91, 0x5E]),
    Colour::new("B060", [0x44, 0x90, 0x45]),
    Colour::new("B070", [0x95, 0xB2, 0x50]),
    Colour::new("B080", [0xB8, 0x2C, 0x28]),
    Colour::new("B090", [0xB8, 0x50, 0x29]),
    Colour::new("B100", [0xB7, 0x62, 0x29]),
    Colour::new("B110", [0xB8, 0x70, 0x29]),
    Colour::new("B120", [0xB4, 0x82, 0x28]),
    Colour::new("B130", [0xB8, 0x90, 0x28]),
    Colour::new("B140", [0xC5, 0xAE, 0x34]),
    Colour::new("B150", [0x28, 0x28, 0x28]),
    Colour::new("B160", [0x5F, 0x60, 0x62]),
    Colour::new("B170", [0xCC, 0xCC, 0xCC]),
]);

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(COLOURS.nearest(Some(look)).name(), name, "{look}");
        }
        for known in COLOURS.0 {
            assert_eq!(COLOURS.nearest(Some(&known.look())), known);
            assert_eq!(COLOURS.read(known.name()), Some(known));
        }
        for unknown in ["", "B10", "b010", "B180", "#9857AF", "9857AE", "#9857A"] {
            assert_eq!(COLOURS.read(unknown), None, "{unknown}");
        }
    }
}
