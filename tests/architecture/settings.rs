//! `config.example.toml` says of every setting what its doc comment says, word for word.

use std::collections::BTreeMap;

/// The sentence of each key.
pub type Sentences = BTreeMap<String, String>;

/// The settings of the example, also those that are commented out with `#:`.
pub fn example(text: &str) -> Sentences {
    let (mut found, mut section, mut comment) = (Sentences::new(), String::new(), Vec::new());
    for line in text.lines() {
        let setting = line.strip_prefix("#: ").unwrap_or(line);
        if let Some(said) = line.strip_prefix("# ") {
            comment.push(said.to_owned());
        } else if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
            comment.clear();
        } else if let Some((key, _)) = setting.split_once(" = ") {
            found.insert(format!("{section}.{key}"), comment.join(" "));
            comment.clear();
        } else {
            comment.clear();
        }
    }
    found
}

/// The settings of one section's file: the public fields of the structure that refuses unknown ones.
pub fn code(section: &str, text: &str) -> Sentences {
    let (mut found, mut inside, mut comment) = (Sentences::new(), false, Vec::new());
    for line in text.lines() {
        if line.starts_with("pub struct ") {
            inside = true;
        } else if line == "}" {
            inside = false;
        }
        let line = line.trim();
        if let Some(said) = line.strip_prefix("/// ") {
            comment.push(said.to_owned());
        } else if let Some((key, _)) = line.strip_prefix("pub ").and_then(|l| l.split_once(": ")) {
            if inside {
                found.insert(format!("{section}.{key}"), comment.join(" "));
            }
            comment.clear();
        } else if !line.starts_with('#') {
            comment.clear();
        }
    }
    found
}
