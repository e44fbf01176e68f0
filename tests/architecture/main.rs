//! The house rules, checked: who may use whom, and what stands where. Needs no database.
//!
//! The table of rooms is in `rooms.rs`; `docs/architecture.md` explains it.
#![expect(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

mod documents;
mod migrations;
mod rooms;
mod rules;
mod samples;
mod settings;
mod source;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The files with this ending in a folder of the repository and below, by their path from its root.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut files) = (vec![root.join(folder)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    assert!(!files.is_empty(), "{folder} holds no .{ending}");
    files
}

#[test]
fn every_file_keeps_the_house_rules() {
    let sources = files("src", "rs");

    let findings: Vec<String> = sources
        .iter()
        .flat_map(|(path, text)| rules::check(path, text))
        .map(|found| format!("{}: {}: {}", found.place, found.rule, found.detail))
        .collect();

    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

/// What the rules are read from must not lose its way in a text or a comment.
#[test]
fn every_file_is_read_to_its_end() {
    for (path, text) in files("src", "rs") {
        let source = source::Source::read(&path, &text);
        let count = |sign: &str| source.tokens.iter().filter(|token| token.text == sign).count();
        let end = source.tokens.last().map_or("", |token| &token.text);

        assert_eq!(
            [count("{"), count("("), count("[")],
            [count("}"), count(")"), count("]")],
            "{path}"
        );
        assert!(["}", ";", ""].contains(&end), "{path} ends with {end}");
    }
}

#[test]
fn every_test_file_opens_with_its_job() {
    for (path, text) in files("tests", "rs") {
        assert!(text.starts_with("//! "), "{path}: the first line must be `//! …`");
    }
}

#[test]
fn every_constraint_of_a_migration_has_a_name() {
    let findings: Vec<String> = files("migrations", "sql")
        .iter()
        .flat_map(|(path, text)| migrations::unnamed(text).into_iter().map(move |f| (path, f)))
        .map(|(path, (line, detail))| format!("{path}:{line}: {detail}"))
        .collect();

    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

#[test]
fn the_example_says_of_each_setting_what_the_code_says() {
    let example = include_str!("../../config.example.toml");
    let mut code = settings::Sentences::new();
    for (path, text) in files("src/config", "rs") {
        let section = Path::new(&path).file_stem().unwrap().to_str().unwrap();
        code.extend(settings::code(section, &text));
    }

    let example = settings::example(example);
    for (key, sentence) in &code {
        assert_eq!(example.get(key), Some(sentence), "{key} in config.example.toml");
    }
    let unknown: Vec<_> = example.keys().filter(|key| !code.contains_key(*key)).collect();
    assert!(unknown.is_empty(), "no setting is called {unknown:?}");
}

#[test]
fn every_room_of_the_table_says_why_and_every_exception_is_needed() {
    for room in rooms::ROOMS {
        assert!(!room.why.is_empty(), "{}", room.name);
    }
    for (path, what, why) in rooms::EXCEPTIONS {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
        let elsewhere = path.replace(".rs", "_moved.rs");
        assert!(
            !rules::check(&elsewhere, &text).is_empty(),
            "{path} no longer needs {what}: {why}"
        );
    }
}
