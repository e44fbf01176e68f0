//! Switches: where the documents leave a choice, or where a developer wants to see the other one.

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
    /// How many calls a record gets while there is no clear result.
    pub deliveries_legacy: u32,
    /// How the callback is signed.
    pub salt: Salt,
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
            deliveries_legacy: 3,
            salt: Salt::V1,
        }
    }
}

impl Switches {
    /// How "N 汉字" is counted.
    pub(super) fn count(&self) -> Count {
        if self.count_chars_flat { Count::Flat } else { Count::Columns }
    }
}
