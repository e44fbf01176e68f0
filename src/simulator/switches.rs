//! Switches: where the documents leave a choice, or where a developer wants to see the other one.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::sign::Salt;
use super::width::Count;

/// Every quirk that can be turned while the simulator runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is one quirk, turned on its own")]
pub struct Switches {
    /// Refuse what would otherwise be tolerated and counted.
    pub strict: bool,
    /// Take the access token from a form body when the query has none.
    pub accept_token_in_form: bool,
    /// Read a form body where the documents put the parameters in the query.
    pub accept_form_for_query_params: bool,
    /// Read a JSON object where the documents ask for a form.
    pub json_on_form_endpoints: bool,
    /// Count "N 汉字" as N characters of any width.
    pub count_chars_flat: bool,
    /// Lists show colours as `#9857AE`, as the samples do, not as `B010`.
    pub bgcolor_hex_in_update_and_list: bool,
    /// Pages 0 and 1 of a list are both the first.
    pub first_page_tolerance: bool,
    /// A new token ends the earlier ones of its app.
    pub revoke_previous_token: bool,
    /// How long a token lives, in seconds.
    pub token_ttl: i64,
    /// How many calls an app may make in a second before 18 is answered.
    pub calls_per_second: Option<u32>,
    /// How many calls an app may make in a day in China before 17 is answered.
    pub calls_per_day: Option<u64>,
    /// How long every answer takes at least, effect first.
    pub answer_after_ms: u64,
    /// Calls that write `errno` as text instead of a number or the other way round; `*` is all.
    pub flip_errno_type_of: BTreeSet<String>,
    /// Calls that say `errmsg` instead of `msg` or the other way round; `*` is all.
    pub flip_message_key_of: BTreeSet<String>,
    /// What a sync does under the record of a take that brought no coupon.
    pub sync_of_failed_take: Choice,
    /// A sync costs the platform's stock as a take does; a sync without stock is then refused.
    pub sync_takes_stock: bool,
    /// A sync of a coupon whose validity is over is refused.
    pub sync_refuses_expired: bool,
    /// What a second write-off of the same record is told; nothing changes either way.
    pub write_off_twice: Second,
    /// The statistics count coupons that came by sync as well.
    pub stat_counts_synced: bool,
    /// Every addition to a stock counts, whatever its name: a world in which names are no use.
    pub forgets_stock_names: bool,
    /// Every sync and every write-off counts, known or not: a world in which records are no use.
    pub forgets_records: bool,
    /// How many calls a record gets while there is no clear result.
    pub deliveries_legacy: u32,
    /// How the callback is signed.
    pub salt: Salt,
}

/// Whether something is done or turned down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// It is done.
    Accept,
    /// It is refused.
    Refuse,
}

/// How something that happened already is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Second {
    /// As a mistake.
    Refuse,
    /// As if it had happened now.
    Succeed,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            strict: true,
            accept_token_in_form: false,
            accept_form_for_query_params: false,
            json_on_form_endpoints: false,
            count_chars_flat: false,
            bgcolor_hex_in_update_and_list: true,
            first_page_tolerance: true,
            revoke_previous_token: false,
            token_ttl: 2_592_000,
            calls_per_second: None,
            calls_per_day: None,
            answer_after_ms: 0,
            flip_errno_type_of: BTreeSet::new(),
            flip_message_key_of: BTreeSet::new(),
            sync_of_failed_take: Choice::Accept,
            sync_takes_stock: false,
            sync_refuses_expired: false,
            write_off_twice: Second::Refuse,
            stat_counts_synced: true,
            forgets_stock_names: false,
            forgets_records: false,
            deliveries_legacy: 3,
            salt: Salt::V1,
        }
    }
}

impl Switches {
    /// Whether a set of calls has this one in it.
    pub(super) fn names(calls: &BTreeSet<String>, call: &str) -> bool {
        calls.contains("*") || calls.contains(call)
    }

    /// How "N 汉字" is counted.
    pub(super) fn count(&self) -> Count {
        if self.count_chars_flat { Count::Flat } else { Count::Columns }
    }
}
