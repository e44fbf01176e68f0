//! Which settings `config.example.toml` documents, also those it shows commented out.

use std::collections::BTreeSet;

use crate::read;

/// Fails unless `variable`, such as `KAQUAN__SERVER__LISTEN`, is a documented setting.
pub fn assert_documented(variable: &str, seen_in: &str) {
    if variable == "DATABASE_URL" {
        return;
    }
    let key = variable
        .strip_prefix("KAQUAN__")
        .unwrap_or_else(|| panic!("{seen_in}: kaquan does not read {variable}"))
        .to_lowercase()
        .replace("__", ".");
    assert!(
        documented().contains(&key),
        "{seen_in}: {variable} is not in config.example.toml as {key}"
    );
}

fn documented() -> BTreeSet<String> {
    let mut section = String::new();
    let mut keys = BTreeSet::new();
    for line in read("config.example.toml").lines() {
        let line = line.trim_start_matches(['#', ':', ' ']);
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            name.clone_into(&mut section);
        } else if let Some((key, _)) = line.split_once('=') {
            keys.insert(format!("{section}.{}", key.trim()));
        }
    }
    keys
}
