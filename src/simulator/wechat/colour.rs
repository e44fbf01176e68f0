//! The colours that have a name, and the values under which they come back.

use serde_json::{Value, json};

const COLOURS: [(&str, &str); 14] = [
    ("Color010", "#63b359"),
    ("Color020", "#2c9f67"),
    ("Color030", "#509fc9"),
    ("Color040", "#5885cf"),
    ("Color050", "#9062c0"),
    ("Color060", "#d09a45"),
    ("Color070", "#e4b138"),
    ("Color080", "#ee903c"),
    ("Color081", "#f08500"),
    ("Color082", "#a9d92d"),
    ("Color090", "#dd6549"),
    ("Color100", "#cc463d"),
    ("Color101", "#cf3e36"),
    ("Color102", "#5E6671"),
];

/// Whether the name is one of the table.
pub(super) fn is_known(name: &str) -> bool {
    COLOURS.iter().any(|(known, _)| *known == name)
}

/// The value of a name; an unknown name stays as it is.
pub(super) fn value(name: &str) -> &str {
    COLOURS.iter().find(|(known, _)| *known == name).map_or(name, |(_, value)| value)
}

/// As `/card/getcolors` once listed them.
pub(super) fn all() -> Value {
    let all = COLOURS.map(|(name, value)| json!({ "name": name, "value": value }));
    json!({ "colors": all })
}
