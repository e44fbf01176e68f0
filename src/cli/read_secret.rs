//! Secrets that are handed to a command.

use std::{fs, io::Read, path::Path};

use anyhow::Context;
use secrecy::{SecretString, zeroize::Zeroizing};

/// What stands in a file, or on the input for `-`, up to the end of its line; never an argument, which every process on
/// this machine can read.
pub(super) fn read_secret(path: &Path) -> anyhow::Result<SecretString> {
    let mut text = Zeroizing::new(String::new());
    if path == Path::new("-") {
        std::io::stdin().lock().read_to_string(&mut text).context("no secret could be read")?;
    } else {
        let cannot = || format!("{} cannot be read", path.display());
        *text = fs::read_to_string(path).with_context(cannot)?;
    }
    Ok(text.trim_end_matches(['\r', '\n']).into())
}
