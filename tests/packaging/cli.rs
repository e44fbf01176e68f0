//! Asks the program which commands and flags it has.

use std::process::Command;

/// Fails unless `line`, the words after `kaquan`, is a command with flags that the program knows.
pub fn assert_known(line: &[String], seen_in: &str) {
    let mut path: Vec<&str> = Vec::new();
    let mut rest = line.iter().map(String::as_str).peekable();
    let mut page = help(&path);
    while let Some(word) = rest.next_if(|word| !word.starts_with('-')) {
        let commands = subcommands(&page);
        if commands.is_empty() {
            break;
        }
        assert!(
            commands.contains(&word),
            "{seen_in}: `kaquan {}` is not a command; there are {commands:?}",
            line.join(" ")
        );
        path.push(word);
        page = help(&path);
    }

    // What follows `--` is another program's business.
    for flag in rest.take_while(|word| *word != "--").filter(|word| word.starts_with("--")) {
        let name = flag.split('=').next().unwrap();
        assert!(
            flags(&page).any(|known| known == name),
            "{seen_in}: `kaquan {}` has no flag {name}",
            path.join(" ")
        );
    }
}

fn help(path: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_kaquan")).args(path).arg("--help").output().unwrap();
    assert!(output.status.success(), "kaquan {} --help: {output:?}", path.join(" "));
    String::from_utf8(output.stdout).unwrap()
}

/// The names under "Commands:"; wrapped descriptions are indented deeper.
fn subcommands(page: &str) -> Vec<&str> {
    page.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next())
        .collect()
}

fn flags(page: &str) -> impl Iterator<Item = &str> {
    page.split(|letter: char| letter.is_whitespace() || ",[]<>=`.".contains(letter))
        .filter(|word| word.starts_with("--"))
}
