//! Reading to the letter where a derived reader is lenient.

use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Beside a tag that says it all, nothing else may stand: a derived reader would pass over it.
pub fn nothing_else<'de, D: Deserializer<'de>>(rest: D) -> Result<(), D::Error> {
    Nothing::deserialize(rest).map(|Nothing {}| ())
}
