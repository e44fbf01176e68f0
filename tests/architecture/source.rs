//! A file of Rust as the rules see it: words with their lines, without comments and texts.

use std::path::Path;

/// One word or sign.
#[derive(Debug, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    pub line: usize,
    /// Whether it stands in an item that only tests have.
    pub in_test: bool,
}

/// A name with `::` in it, or something a `use` brings in.
#[derive(Debug, PartialEq, Eq)]
pub struct Name {
    pub parts: Vec<String>,
    /// Whether it begins at our own crate; then `parts` begins with the room.
    pub ours: bool,
    pub line: usize,
    pub in_test: bool,
}

pub struct Source {
    /// From the root of the repository.
    pub path: String,
    pub text: String,
    pub tokens: Vec<Token>,
    pub names: Vec<Name>,
}

impl Source {
    pub fn read(path: &str, text: &str) -> Self {
        let mut tokens = tokens(text);
        mark_tests(&mut tokens);
        let names = Names { tokens: &tokens, found: Vec::new() }.collect(&module(path));
        Self { path: path.to_owned(), text: text.to_owned(), tokens, names }
    }

    /// The lines at which these words follow each other.
    pub fn lines_with<'a>(&'a self, words: &'a [&str]) -> impl Iterator<Item = &'a Token> {
        let windows = self.tokens.windows(words.len());
        windows
            .filter(move |window| window.iter().map(|t| &t.text).eq(words))
            .map(|window| &window[0])
    }

    /// Where in the house the file stands: `["platform", "baidu", "sign"]`.
    pub fn module(&self) -> Vec<String> {
        module(&self.path)
    }
}

fn module(path: &str) -> Vec<String> {
    let inside = path.trim_start_matches("src/").trim_end_matches(".rs");
    if inside == "lib" {
        return Vec::new();
    }
    Path::new(inside).iter().map(|part| part.to_str().unwrap().to_owned()).collect()
}

/// Words, numbers, `::` and single signs. Comments, texts, characters and lifetimes are left out.
pub fn tokens(text: &str) -> Vec<Token> {
    let letters: Vec<char> = text.chars().collect();
    let at = |place: usize| letters.get(place).copied().unwrap_or('\0');
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let (mut tokens, mut place, mut line) = (Vec::new(), 0, 1);
    while place < letters.len() {
        let start = place;
        let mut word = None;
        match at(place) {
            '/' if at(place + 1) == '/' => {
                place += letters[place..].iter().take_while(|letter| **letter != '\n').count();
            }
            '/' if at(place + 1) == '*' => place = after_comment(&letters, place),
            '"' => place = after_text(&letters, place),
            'r' | 'b' | 'c' if opens_raw_text(&letters, place) => {
                place = after_raw_text(&letters, place);
            }
            '\'' if at(place + 1) == '\\' => {
                place += 3;
                place += letters[place..].iter().take_while(|letter| **letter != '\'').count() + 1;
            }
            '\'' if at(place + 2) == '\'' => place += 3,
            ':' if at(place + 1) == ':' => {
                place += 2;
                word = Some("::".to_owned());
            }
            letter if is_word(letter) => {
                place += letters[place..].iter().take_while(|letter| is_word(**letter)).count();
                word = Some(letters[start..place].iter().collect());
            }
            letter => {
                place += 1;
                word = (!letter.is_whitespace()).then(|| letter.to_string());
            }
        }
        if let Some(text) = word {
            tokens.push(Token { text, line, in_test: false });
        }
        let passed = &letters[start..place.min(letters.len())];
        line += passed.iter().filter(|letter| **letter == '\n').count();
    }
    tokens
}

fn after_comment(letters: &[char], mut place: usize) -> usize {
    let mut depth = 0;
    while place < letters.len() {
        match (letters[place], letters.get(place + 1)) {
            ('/', Some('*')) => depth += 1,
            ('*', Some('/')) => depth -= 1,
            _ => {
                place += 1;
                continue;
            }
        }
        place += 2;
        if depth == 0 {
            break;
        }
    }
    place
}

fn after_text(letters: &[char], mut place: usize) -> usize {
    place += 1;
    while place < letters.len() && letters[place] != '"' {
        place += if letters[place] == '\\' { 2 } else { 1 };
    }
    place + 1
}

/// Whether `r"`, `r#"`, `br"` and the like stand here; `b"` too, whose escapes do not matter.
fn opens_raw_text(letters: &[char], place: usize) -> bool {
    let before = place.checked_sub(1).map_or(' ', |before| letters[before]);
    let inside_a_word = before.is_alphanumeric() || before == '_';
    let marks = letters[place..].iter().take_while(|letter| "rbc#".contains(**letter)).count();
    let letters_first = letters[place..place + marks].iter().filter(|mark| **mark != '#').count();
    !inside_a_word && letters_first <= 2 && letters.get(place + marks) == Some(&'"')
}

fn after_raw_text(letters: &[char], place: usize) -> usize {
    let marks = letters[place..].iter().take_while(|letter| **letter != '"').count();
    let hashes = letters[place..place + marks].iter().filter(|mark| **mark == '#').count();
    if !letters[place..place + marks].contains(&'r') {
        return after_text(letters, place + marks);
    }
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let body = place + marks + 1;
    let length = letters[body..].windows(end.len()).position(|window| window == end);
    length.map_or(letters.len(), |length| body + length + end.len())
}

/// Marks what stands under `#[cfg(test)]`, up to the end of the item.
fn mark_tests(tokens: &mut [Token]) {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut place = 0;
    while place + MARK.len() <= tokens.len() {
        if !tokens[place..place + MARK.len()].iter().map(|token| &token.text).eq(MARK) {
            place += 1;
            continue;
        }
        let mut depth = 0;
        for token in &mut tokens[place..] {
            token.in_test = true;
            place += 1;
            match token.text.as_str() {
                "{" => depth += 1,
                "}" if depth == 1 => break,
                "}" => depth -= 1,
                ";" if depth == 0 => break,
                _ => {}
            }
        }
    }
}

struct Names<'a> {
    tokens: &'a [Token],
    found: Vec<Name>,
}

impl Names<'_> {
    /// All names of a file; `super` and `self` are followed, also out of inline modules.
    fn collect(mut self, file: &[String]) -> Vec<Name> {
        let mut here = file.to_vec();
        let (mut place, mut depth, mut inline) = (0, 0, Vec::new());
        while place < self.tokens.len() {
            match self.text(place) {
                "mod" if self.text(place + 2) == "{" => {
                    here.push(self.text(place + 1).to_owned());
                    inline.push(depth);
                }
                "{" => depth += 1,
                "}" => {
                    depth -= 1;
                    if inline.last() == Some(&depth) {
                        inline.pop();
                        here.pop();
                    }
                }
                _ if self.begins_a_name(place) => {
                    place = self.name(place, &here);
                    continue;
                }
                _ => {}
            }
            place += 1;
        }
        self.found
    }

    fn text(&self, place: usize) -> &str {
        self.tokens.get(place).map_or("", |token| &token.text)
    }

    fn begins_a_name(&self, place: usize) -> bool {
        let word =
            self.text(place).starts_with(|first: char| first.is_alphabetic() || first == '_');
        let before = place.checked_sub(1).map_or("", |before| self.text(before));
        let joined = self.text(place + 1) == "::" && !["::", "$"].contains(&before);
        word && (joined || (before == "use" && self.text(place + 1) == ";"))
    }

    /// Reads the name that begins here and gives the place behind it.
    fn name(&mut self, mut place: usize, here: &[String]) -> usize {
        let (mut parts, mut ours) = (here.to_vec(), true);
        match self.text(place) {
            "crate" | "kaquan" => parts.clear(),
            "self" => {}
            "super" => {
                parts.pop();
                while self.text(place + 2) == "super" {
                    parts.pop();
                    place += 2;
                }
            }
            first => (parts, ours) = (vec![first.to_owned()], false),
        }
        self.rest(place + 1, parts, ours)
    }

    /// Reads `::part::{more, parts}` behind what is already known.
    fn rest(&mut self, mut place: usize, mut parts: Vec<String>, ours: bool) -> usize {
        while self.text(place) == "::" {
            let next = self.text(place + 1);
            if next == "{" {
                return self.group(place + 2, &parts, ours);
            }
            if next == "<" {
                break;
            }
            if next != "self" {
                parts.push(next.to_owned());
            }
            place += 2;
        }
        let Token { line, in_test, .. } = self.tokens[place.min(self.tokens.len()) - 1];
        self.found.push(Name { parts, ours, line, in_test });
        place
    }

    fn group(&mut self, mut place: usize, parts: &[String], ours: bool) -> usize {
        while !["}", ""].contains(&self.text(place)) {
            let mut member = parts.to_vec();
            if self.text(place) != "self" {
                member.push(self.text(place).to_owned());
            }
            place = self.rest(place + 1, member, ours);
            // `as name` and the comma.
            while ![",", "}", ""].contains(&self.text(place)) {
                place += 1;
            }
            if self.text(place) == "," {
                place += 1;
            }
        }
        place + 1
    }
}
