//! Switches: where the documents leave a choice, or where a developer wants to see the other one.

use serde::{Deserialize, Serialize};

/// Which time's rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Links to web pages are refused.
    Modern,
    /// Links to web pages stand beside those to mini-programs, and member cards may be made.
    Legacy2018,
}

/// How often `user_get_card` is pushed before it is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retries {
    /// Three tries in all, as for every event.
    Short,
    /// Three more after a malformed reply, ten within a day when nobody is there.
    Long,
}

/// How the XML of a push is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// In one line.
    Compact,
    /// With blanks around `CDATA`, as in the official samples.
    Official,
    /// The fields in another order each time.
    Shuffled,
    /// After a byte order mark and an XML declaration.
    Bom,
}

/// Every quirk that can be turned while the simulator runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is one quirk, turned on its own")]
pub struct Switches {
    /// Which time's rules hold.
    pub profile: Profile,
    /// Refuse what would otherwise be tolerated for the sake of foreign libraries.
    pub strict: bool,
    /// A new card passes its review at once.
    pub auto_review: bool,
    /// How often `user_get_card` is pushed.
    pub retries: Retries,
    /// Pauses between pushes are hours of the simulator's clock instead of moments.
    pub retries_by_clock: bool,
    /// How pushes are laid out.
    pub layout: Layout,
    /// Events name the person's union id.
    pub union_id_in_events: bool,
    /// How long every answer takes at least, effect first.
    pub answer_after_ms: u64,
    /// How long tokens and tickets live, in seconds.
    pub token_ttl: i64,
    /// How many calls of one kind an app may make in a day before 45009 is answered.
    pub calls_per_day: Option<u64>,
    /// How many calls of one kind an app may make in a minute before 45011 is answered.
    pub calls_per_minute: Option<u64>,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            profile: Profile::Modern,
            strict: true,
            auto_review: false,
            retries: Retries::Short,
            retries_by_clock: false,
            layout: Layout::Compact,
            union_id_in_events: true,
            answer_after_ms: 0,
            token_ttl: 7200,
            calls_per_day: None,
            calls_per_minute: None,
        }
    }
}
