//! The rules, each a function from a file to what is wrong with it.

use crate::{
    rooms::{self, Room, room_of},
    source::{Name, Source, tokens},
};

/// What is wrong, where, and against which rule.
#[derive(Debug)]
pub struct Finding {
    pub rule: &'static str,
    pub place: String,
    pub detail: String,
}

type Rule = (&'static str, fn(&Source) -> Vec<(usize, String)>);

/// Every rule that looks at one file of `src`.
pub const RULES: &[Rule] = &[
    ("imports run one way", imports),
    ("a room never does this", never),
    ("domain names few crates", domain_crates),
    ("SQL lives in store", sql),
    ("api and console only read the store", reads),
    ("the environment is read in main", environment),
    ("a file opens with its job", opening),
    ("at most 400 lines, better below 300", length),
    ("no module for odds and ends", odds_and_ends),
    ("expect with a reason instead of allow", allow),
];

/// Everything that is wrong with a file.
pub fn check(path: &str, text: &str) -> Vec<Finding> {
    let source = Source::read(path, text);
    let found = RULES.iter().flat_map(|(rule, look)| {
        let look = look(&source).into_iter();
        look.map(move |(line, detail)| (*rule, line, detail))
    });
    found
        .map(|(rule, line, detail)| Finding { rule, place: format!("{path}:{line}"), detail })
        .collect()
}

fn table(room: &str) -> Option<&'static Room> {
    rooms::ROOMS.iter().find(|known| known.name == room)
}

fn imports(source: &Source) -> Vec<(usize, String)> {
    let module = source.module();
    let (name, x) = room_of(&module);
    // `lib.rs` only lists the rooms.
    if name == "lib" {
        return Vec::new();
    }
    let Some(room) = table(&name) else {
        return vec![(1, format!("`{name}` is not in the table of tests/architecture/rooms.rs"))];
    };
    let allowed = |used: &Name| {
        let (other, other_x) = room_of(&used.parts);
        let itself = other == name && other_x == x;
        itself || room.may_use.iter().any(|may| begins(&used.parts, &may.replace("::x", &under(x))))
    };
    let ours = source.names.iter().filter(|used| used.ours && !used.parts.is_empty());
    ours.filter(|used| !allowed(used))
        .map(|used| {
            let detail = format!("`{name}` must not use `{}`: {}", used.parts.join("::"), room.why);
            (used.line, detail)
        })
        .collect()
}

fn under(x: Option<&str>) -> String {
    format!("::{}", x.unwrap_or("x"))
}

/// Whether the name is `path` or something inside it.
fn begins(parts: &[String], path: &str) -> bool {
    let path: Vec<&str> = path.split("::").collect();
    parts.len() >= path.len() && parts.iter().zip(path).all(|(part, wanted)| part == wanted)
}

fn excepted(source: &Source, what: &str) -> bool {
    rooms::EXCEPTIONS.iter().any(|(path, said, _)| *path == source.path && *said == what)
}

fn never(source: &Source) -> Vec<(usize, String)> {
    let module = source.module();
    let (name, _) = room_of(&module);
    let Some(room) = table(&name) else { return Vec::new() };
    let mut found = Vec::new();
    for banned in room.never.iter().filter(|banned| !excepted(source, banned)) {
        let words = tokens(banned);
        let words: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        let is_said = words[0] == "." || ["async", "await"].contains(&words[0]);
        let lines: Vec<usize> = if is_said {
            source.lines_with(&words).filter(|token| !token.in_test).map(|t| t.line).collect()
        } else {
            let names = source.names.iter().filter(|name| !name.ours && !name.in_test);
            names.filter(|name| begins(&name.parts, banned)).map(|name| name.line).collect()
        };
        found.extend(
            lines
                .into_iter()
                .map(|line| (line, format!("`{name}` must never name `{banned}`: {}", room.why))),
        );
    }
    found
}

fn domain_crates(source: &Source) -> Vec<(usize, String)> {
    let module = source.module();
    let is_test = module.last().is_some_and(|file| file == "tests");
    if is_test || module.first().is_none_or(|room| room != "domain") {
        return Vec::new();
    }
    let manifest = include_str!("../../Cargo.toml");
    let dependencies: Vec<String> = manifest
        .lines()
        .filter_map(|l| l.split_once(" = "))
        .map(|(k, _)| k.replace('-', "_"))
        .collect();
    let names = source.names.iter().filter(|name| !name.ours && !name.in_test);
    names
        .filter(|name| dependencies.contains(&name.parts[0]))
        .filter(|name| !rooms::DOMAIN_CRATES.iter().any(|known| begins(&name.parts, known)))
        .map(|name| (name.line, format!("`{}`: rules need no such thing", name.parts.join("::"))))
        .collect()
}

fn sql(source: &Source) -> Vec<(usize, String)> {
    let module = source.module();
    if module.first().is_some_and(|room| room == "store") || excepted(source, "SQL") {
        return Vec::new();
    }
    let named = source.names.iter().filter(|name| {
        let last = name.parts.last().map_or("", String::as_str);
        let sql = last.starts_with("query")
            || ["raw_sql", "QueryBuilder", "Executor", "AssertSqlSafe", "migrate"].contains(&last);
        !name.in_test && name.parts[0] == "sqlx" && sql
    });
    let macros = source.tokens.windows(2).filter(|pair| {
        pair[0].text.starts_with("query") && pair[1].text == "!" && !pair[0].in_test
    });
    let mut lines: Vec<usize> = named.map(|name| name.line).collect();
    lines.extend(macros.map(|pair| pair[0].line));
    lines.into_iter().map(|line| (line, "a statement outside of `store`".to_owned())).collect()
}

fn reads(source: &Source) -> Vec<(usize, String)> {
    if !source.module().first().is_some_and(|room| rooms::READERS.contains(&room.as_str())) {
        return Vec::new();
    }
    let called = source.names.iter().filter(|name| match name.parts.as_slice() {
        [room, _, function] => {
            let is_function = function.starts_with(|first: char| first.is_lowercase());
            let reads = rooms::READS.iter().any(|read| function.starts_with(read));
            room == "store" && is_function && !reads
        }
        _ => false,
    });
    called.map(|name| (name.line, format!("`{}` is no read", name.parts.join("::")))).collect()
}

fn environment(source: &Source) -> Vec<(usize, String)> {
    if source.path == "src/main.rs" {
        return Vec::new();
    }
    let read = source.names.iter().filter(|name| {
        let parts: Vec<&str> = name.parts.iter().map(String::as_str).collect();
        matches!(parts.as_slice(), ["std", "env", what] | ["env", what] if what.starts_with("var"))
    });
    read.map(|name| (name.line, "settings come from `config`".to_owned())).collect()
}

fn opening(source: &Source) -> Vec<(usize, String)> {
    let opens = source.text.starts_with("//! ");
    if opens { Vec::new() } else { vec![(1, "the first line must be `//! …`".to_owned())] }
}

fn length(source: &Source) -> Vec<(usize, String)> {
    let lines = source.text.lines().count();
    if lines <= 400 {
        Vec::new()
    } else {
        vec![(lines, format!("{lines} lines: split it by noun"))]
    }
}

fn odds_and_ends(source: &Source) -> Vec<(usize, String)> {
    const NAMES: [&str; 7] = ["util", "utils", "helper", "helpers", "common", "misc", "shared"];
    let file = source.module().into_iter().map(|part| (1, part));
    let inline = source.tokens.windows(2).filter(|pair| pair[0].text == "mod");
    let inline = inline.map(|pair| (pair[1].line, pair[1].text.clone()));
    file.chain(inline)
        .filter(|(_, part)| NAMES.contains(&part.as_str()))
        .map(|(line, part)| (line, format!("`{part}` says nothing about its job")))
        .collect()
}

fn allow(source: &Source) -> Vec<(usize, String)> {
    let allows = source.tokens.windows(3).filter(|words| {
        ["[", ","].contains(&words[0].text.as_str())
            && words[1].text == "allow"
            && words[2].text == "("
    });
    allows.map(|words| (words[1].line, "`#[expect(…, reason = …)]`".to_owned())).collect()
}
