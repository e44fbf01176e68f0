//! Ways to break one promise each, in books that agree.

use kaquan::ops::audit::check::Check;

mod given;
mod guarded;
mod issued;
mod told;
mod used;

/// A way to break one promise; a guard that would prevent it is dropped first, and its absence is then found too.
pub struct Planted {
    pub story: &'static str,
    pub without: Option<(&'static str, &'static str)>,
    pub sql: &'static str,
    pub breaks: Check,
}

const fn planted(story: &'static str, breaks: Check, sql: &'static str) -> Planted {
    Planted { story, without: None, sql, breaks }
}

impl Planted {
    const fn without(mut self, table: &'static str, guard: &'static str) -> Self {
        self.without = Some((table, guard));
        self
    }
}

/// Each for books of its own.
pub const VIOLATIONS: [&[Planted]; 5] = [
    issued::VIOLATIONS,
    used::VIOLATIONS,
    told::VIOLATIONS,
    given::VIOLATIONS,
    guarded::VIOLATIONS,
];
