//! Where the master keys stand that seal secrets in the database.

use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

/// Where the master keys stand. With neither, kaquan's own Postgres has a file of keys beside it; with a Postgres of
/// yours nothing can be sealed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Secrets {
    /// A file of master keys that only kaquan can read: on each line an id and 32 bytes in base64, the first line seals, all of them open.
    pub master_keys_file: Option<PathBuf>,
    /// The same lines themselves, also with `;` between them; they win over the file.
    pub master_keys: Option<SecretString>,
}
