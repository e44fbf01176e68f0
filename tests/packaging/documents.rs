//! The front pages say the same in both languages and name only what exists.

use std::collections::BTreeSet;

use crate::{at, cli, config, read};

const FRONT_PAGES: [&str; 2] = ["README.md", "README.zh-CN.md"];

/// A document in parts: fenced code by its language, and the lines around it.
#[derive(Default)]
struct Page {
    code: Vec<(String, String)>,
    prose: Vec<String>,
}

impl Page {
    fn open(name: &str) -> Self {
        let mut page = Self::default();
        let mut inside = false;
        for line in read(name).lines() {
            if let Some(language) = line.strip_prefix("```") {
                inside = !inside;
                if inside {
                    page.code.push((language.to_owned(), String::new()));
                }
            } else if inside {
                let (_, body) = page.code.last_mut().unwrap();
                body.push_str(line);
                body.push('\n');
            } else {
                page.prose.push(line.to_owned());
            }
        }
        assert!(!inside, "{name}: a code block has no end");
        page
    }

    /// How deep each heading is, in order.
    fn headings(&self) -> Vec<usize> {
        let headings = self.prose.iter().filter(|line| line.starts_with('#'));
        headings.map(|line| line.chars().take_while(|letter| *letter == '#').count()).collect()
    }

    /// Every command line: those in shell blocks and those quoted in a sentence.
    fn command_lines(&self) -> Vec<Vec<String>> {
        let shell = self.code.iter().filter(|(language, _)| language == "sh");
        let blocks = shell.map(|(_, body)| body.replace("\\\n", " "));
        let quotes = self.prose.iter().flat_map(|line| line.split('`').skip(1).step_by(2));
        let quotes = quotes.map(str::to_owned);
        let lines: Vec<String> = blocks.chain(quotes).collect();
        lines
            .iter()
            .flat_map(|text| text.lines())
            .flat_map(|line| line.split("$(").flat_map(|part| part.split(['|', ';'])))
            .map(command_line)
            .filter(|words| !words.is_empty())
            .collect()
    }
}

/// The words of a command without what stands before it: settings, and the way into a container.
fn command_line(text: &str) -> Vec<String> {
    let text = text.trim().trim_end_matches(')');
    let text = text.strip_prefix("docker compose exec kaquan ").unwrap_or(text);
    let words = text.split_whitespace().map(str::to_owned);
    words.skip_while(|word| word.contains('=') && !word.starts_with('-')).collect()
}

/// The targets that `make help` lists.
fn make_targets() -> BTreeSet<String> {
    let makefile = read("Makefile");
    let documented = makefile.lines().filter(|line| line.contains(" ## "));
    documented.filter_map(|line| line.split_once(':')).map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn both_front_pages_have_the_same_headings() {
    let [english, chinese] = FRONT_PAGES.map(|name| Page::open(name).headings());

    assert_eq!(english, chinese);
}

#[test]
fn both_front_pages_show_the_same_code() {
    let [english, chinese] = FRONT_PAGES.map(|name| Page::open(name).code);

    assert_eq!(english.len(), chinese.len());
    for ((language, body), (other_language, other_body)) in english.iter().zip(&chinese) {
        assert_eq!(language, other_language);
        if language == "mermaid" {
            // A picture is translated, so only its size can be compared.
            assert_eq!(body.lines().count(), other_body.lines().count());
        } else {
            assert_eq!(body, other_body);
        }
    }
}

#[test]
fn every_make_target_that_is_named_exists() {
    let targets = make_targets();

    for name in ["README.md", "README.zh-CN.md", "CONTRIBUTING.md"] {
        for words in Page::open(name).command_lines() {
            let [make, target, ..] = words.as_slice() else {
                continue;
            };
            if make == "make" {
                assert!(targets.contains(target), "{name}: `make {target}` is not in {targets:?}");
            }
        }
    }
    for line in read(".ci/run").lines() {
        let Some((_, target)) = line.split_once(" make ") else {
            continue;
        };
        assert!(targets.contains(target), ".ci/run: make {target}");
    }
}

#[test]
fn every_make_target_is_listed_by_help() {
    let makefile = read("Makefile");
    let phony = makefile.lines().find_map(|line| line.strip_prefix(".PHONY: ")).unwrap();

    let phony: BTreeSet<String> = phony.split_whitespace().map(str::to_owned).collect();
    assert_eq!(phony, make_targets());
}

#[test]
fn every_command_that_is_named_exists() {
    for name in FRONT_PAGES {
        let lines = Page::open(name).command_lines();
        let ours = lines.iter().filter(|words| words[0] == "kaquan");
        for words in ours {
            cli::assert_known(&words[1..], name);
        }
    }
    for line in read("Makefile").lines().filter(|line| line.contains("/kaquan ")) {
        let (_, rest) = line.split_once("/kaquan ").unwrap();
        let words: Vec<String> = rest.split_whitespace().map(str::to_owned).collect();
        cli::assert_known(&words, "Makefile");
    }
    for line in read("Makefile").lines() {
        let Some((_, rest)) = line.split_once("$(BIN) ") else {
            continue;
        };
        let words: Vec<String> = rest.split_whitespace().map(str::to_owned).collect();
        cli::assert_known(&words, "Makefile");
    }
}

#[test]
fn every_setting_that_is_named_is_documented() {
    for name in FRONT_PAGES {
        let text = read(name);
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        for word in words.filter(|word| word.starts_with("KAQUAN__")) {
            if word != "KAQUAN__SECTION__KEY" {
                config::assert_documented(word, name);
            }
        }
    }
}

#[test]
fn every_linked_file_exists() {
    for name in ["README.md", "README.zh-CN.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        for line in Page::open(name).prose {
            for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let outside = target.starts_with("http") || target.starts_with('#');
                assert!(outside || at(target).exists(), "{name} links to {target}");
            }
        }
    }
}
