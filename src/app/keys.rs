//! The master keys of this installation, held against what is sealed with them before anybody is served.

use std::path::PathBuf;

use anyhow::bail;
use sqlx::PgPool;

use super::database::data_dir;
use crate::{
    config::Config,
    service::reseal_secrets::{Survey, survey},
    vault::{KeyId, Vault},
};

/// The name of our own file, beside the embedded server's data.
const OWN_FILE: &str = "master.keys";

/// The keys that are at hand. None of them is made, and nothing is asked of the database.
///
/// # Errors
/// When keys are named and cannot be used.
pub fn look(config: &Config) -> anyhow::Result<Vault> {
    Ok(Vault::open(&config.secrets, own_file(config))?)
}

/// The keys to work with. Our own first one is made when nothing is sealed yet.
///
/// # Errors
/// When keys cannot be used, or the database holds what they do not open.
pub async fn open(config: &Config, db: &PgPool) -> anyhow::Result<Vault> {
    let vault = look(config)?;
    let sealed = survey(&mut *db.acquire().await?, &vault).await?;
    if sealed.count() == 0 {
        vault.make_first_key()?;
    }
    refuse_strangers(&vault, &sealed)?;
    if let Some(closed) = sealed.closed.first() {
        let (place, why) = (closed.place, &closed.why);
        tracing::error!(
            values = sealed.closed.len(),
            "Sealed values do not open, the first at {place}: {why}"
        );
    }
    Ok(vault)
}

/// A server without a key that is in use would fail one secret at a time; better it says so at once.
fn refuse_strangers(vault: &Vault, sealed: &Survey) -> anyhow::Result<()> {
    let known = vault.key_ids();
    let list = |ids: Vec<KeyId>| ids.iter().map(KeyId::to_string).collect::<Vec<_>>().join(", ");
    let missing: Vec<_> = sealed.keys.keys().filter(|id| !known.contains(id)).copied().collect();
    if !missing.is_empty() {
        let values: u64 = missing.iter().map(|id| sealed.keys[id].values).sum();
        let ids = list(missing);
        if !vault.has_key() && !vault.has_file() {
            bail!(
                "secrets in the database ({values}) are sealed with {ids}, and there is no master key: \
                 set secrets.master_keys_file or secrets.master_keys"
            );
        }
        let origin = vault.origin();
        bail!(
            "secrets in the database ({values}) are sealed with {ids}, which {origin} does not hold: \
             put it back from its copy"
        );
    }
    let changed = sealed.keys.iter().filter(|(_, key)| key.opened == 0);
    let changed: Vec<_> = changed.map(|(id, _)| *id).collect();
    // Where others open, what does not is a broken value or two: those are told of, and the rest goes on.
    if !changed.is_empty() && changed.len() == sealed.keys.len() {
        let (ids, origin) = (list(changed), vault.origin());
        bail!("{ids} in {origin} opens nothing that was sealed with it: put the right one back");
    }
    Ok(())
}

/// Only beside a server of our own; whoever brings a Postgres brings the keys too.
fn own_file(config: &Config) -> Option<PathBuf> {
    match config.database.options() {
        Ok(None) => data_dir(&config.database).map(|folder| folder.join(OWN_FILE)),
        Ok(Some(_)) | Err(_) => None,
    }
}
