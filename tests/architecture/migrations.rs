//! Every constraint and index of the migrations has a name that we chose.

use crate::source::{Token, tokens};

/// The lines of a migration on which Postgres would choose a name.
pub fn unnamed(migration: &str) -> Vec<(usize, String)> {
    let statements = without_comments_and_texts(migration);
    let words = tokens(&statements);
    let word = |place: usize| words.get(place).map_or("", |word: &Token| &word.text);
    let mut found = Vec::new();
    for place in 0..words.len() {
        let constraint = match (word(place), word(place + 1)) {
            ("primary" | "foreign", "key") | ("check", "(") | ("exclude", "using" | "(") => true,
            ("unique", next) => next != "index",
            ("references", _) => !closes_a_foreign_key(&words, place),
            _ => false,
        };
        let is_named = place >= 2 && word(place - 2) == "constraint";
        if constraint && !is_named {
            found.push((words[place].line, format!("`{}` without a name", word(place))));
        }
        if word(place) == "index" && ["on", "concurrently"].contains(&word(place + 1)) {
            let named_later = word(place + 1) == "concurrently" && word(place + 2) != "on";
            if !named_later {
                found.push((words[place].line, "an index without a name".to_owned()));
            }
        }
    }
    found
}

/// Whether the `references` here belongs to a `foreign key (…)` before it.
fn closes_a_foreign_key(words: &[Token], references: usize) -> bool {
    let before = &words[..references];
    if before.last().is_none_or(|word| word.text != ")") {
        return false;
    }
    let open = before.iter().rposition(|word| word.text == "(").unwrap_or_default();
    open >= 2 && words[open - 2].text == "foreign" && words[open - 1].text == "key"
}

/// In lower case; lines stay where they are.
fn without_comments_and_texts(migration: &str) -> String {
    let lines = migration.lines().map(|line| {
        let code = line.split("--").next().unwrap_or_default();
        code.split('\'').step_by(2).collect::<Vec<_>>().join("0").to_lowercase()
    });
    lines.collect::<Vec<_>>().join("\n")
}
