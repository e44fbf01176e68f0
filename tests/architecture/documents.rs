//! The map and the decisions name only what exists: rooms, functions, files, constraints, metrics, settings.

use std::collections::BTreeSet;

use crate::{files, rooms, source::tokens};

/// What stands between backticks, outside of code blocks.
fn quotes(text: &str) -> impl Iterator<Item = &str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|part| part.split('`').skip(1).step_by(2))
}

/// The words of a quote that must be found in the project: names with `::`, `_` or a dot in them.
fn names(quote: &str) -> Vec<&str> {
    let is_name = |text: &str| {
        text.chars().all(|letter| letter.is_ascii_alphanumeric() || "_:.".contains(letter))
    };
    let is_page = quote.split('.').next_back() == Some("md");
    if !is_name(quote) || !quote.contains(['_', ':', '.']) || is_page {
        return Vec::new();
    }
    quote.split(['.', ':']).filter(|part| !part.is_empty() && *part != "sql").collect()
}

#[test]
fn documents_name_only_what_exists() {
    let code = [files("src", "rs"), files("src", "sql"), files("migrations", "sql")].concat();
    let mut known: BTreeSet<String> = BTreeSet::new();
    for (path, text) in &code {
        known.extend(tokens(text).into_iter().map(|token| token.text));
        known.extend(path.split(['/', '.']).map(str::to_owned));
        // Metrics and settings are texts in the code.
        known.extend(text.split('"').filter(|part| part.len() < 60).map(str::to_owned));
    }
    // Those are Postgres's, PgBouncer's and the system's own.
    let foreign = ["max_connections", "ignore_startup_parameters"];
    known.extend(foreign.map(str::to_owned));
    known.extend(["initdb", "pg_ctl", "pg_dump", "pg_restore", "DATABASE_URL"].map(str::to_owned));

    let mut unknown = Vec::new();
    // Pages for callers name what is in their requests and answers.
    let for_callers =
        ["docs/admin-api.md", "docs/api.md", "docs/wechat.md", "docs/yoho.md", "docs/zvcms.md"];
    let pages = files("docs", "md");
    for (path, text) in pages.iter().filter(|(path, _)| !for_callers.contains(&path.as_str())) {
        for quote in quotes(text) {
            let missing = !known.contains(quote)
                && names(quote).into_iter().any(|name| !known.contains(name));
            if missing {
                unknown.push(format!("{path}: `{quote}`"));
            }
        }
    }
    assert!(unknown.is_empty(), "\n{}", unknown.join("\n"));
}

#[test]
fn the_map_shows_every_room() {
    let map = include_str!("../../docs/architecture.md");
    for (path, _) in files("src", "rs") {
        let room = path.split(['/', '.']).nth(1).unwrap_or_default();
        if room != "lib" {
            assert!(
                map.contains(&format!("| `{room}` |")),
                "docs/architecture.md: no room `{room}`"
            );
            assert!(rooms::ROOMS.iter().any(|known| known.name == room), "rooms.rs: no `{room}`");
        }
    }
}

#[test]
fn decisions_are_numbered_and_have_their_three_parts() {
    for (place, (path, text)) in files("docs/decisions", "md").iter().enumerate() {
        let number = format!("{:04}", place + 1);
        assert!(path.starts_with(&format!("docs/decisions/{number}-")), "{path} is not {number}");
        assert!(text.starts_with(&format!("# {number}: ")), "{path}: the title");
        for part in ["**Context.**", "**Decision.**", "**Consequence.**"] {
            assert!(text.contains(part), "{path}: no {part}");
        }
    }
}

#[test]
fn a_name_that_nobody_has_would_be_found() {
    assert_eq!(names("service::add_stock::add_stock"), ["service", "add_stock", "add_stock"]);
    assert_eq!(names("find_known.sql"), ["find_known"]);
    assert_eq!(names("issuing.deadline"), ["issuing", "deadline"]);
    assert!(names("kaquan bench").is_empty() && names("coupon").is_empty());
    assert_eq!(quotes("a `b` c\n```\n`d`\n```\n`e`").collect::<Vec<_>>(), ["b", "e"]);
}
