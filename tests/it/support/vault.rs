//! The master key of the tests, and what it opens.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
};

use kaquan::{
    config::secrets::Secrets,
    domain::id::AppId,
    service::reseal_secrets::survey,
    store,
    vault::{Place, Vault},
};
use secrecy::ExposeSecret;
use sqlx::PgPool;
use uuid::Uuid;

/// A line of a file of keys; nobody else has this one.
pub const KEYS: &str = "1 a2FxdWFuLWthcXVhbi1rYXF1YW4ta2FxdWFuLWthcXU=";

pub fn secrets() -> Secrets {
    Secrets { master_keys: Some(KEYS.into()), ..Secrets::default() }
}

pub fn vault() -> Vault {
    Vault::open(&secrets(), None).unwrap()
}

/// A folder for a file of keys, gone at the end.
pub struct KeysFile {
    folder: PathBuf,
    pub path: PathBuf,
}

impl KeysFile {
    /// With the key of the tests in it.
    pub fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("kaquan-keys-{}", Uuid::new_v4().simple()));
        fs::create_dir(&folder).unwrap();
        let file = Self { path: folder.join("master.keys"), folder };
        file.write(KEYS);
        file
    }

    pub fn write(&self, text: &str) {
        fs::write(&self.path, text).unwrap();
        fs::set_permissions(&self.path, Permissions::from_mode(0o600)).unwrap();
    }

    pub fn secrets(&self) -> Secrets {
        Secrets { master_keys_file: Some(self.path.clone()), ..Secrets::default() }
    }

    pub fn vault(&self) -> Vault {
        Vault::open(&self.secrets(), None).unwrap()
    }
}

impl Drop for KeysFile {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.folder);
    }
}

/// The secret of an app, opened.
pub async fn app_secret(pool: &PgPool, vault: &Vault, app: AppId) -> Option<String> {
    let sealed = store::app::find_secret(&mut pool.acquire().await.unwrap(), app).await.unwrap()?;
    let secret = vault.unseal(Place::app_secret(app.uuid()), &sealed).unwrap();
    Some(secret.expose_secret().to_owned())
}

/// How many sealed values name each key; all of them open.
pub async fn keys_in_use(pool: &PgPool, vault: &Vault) -> Vec<(u32, u64)> {
    let survey = survey(&mut pool.acquire().await.unwrap(), vault).await.unwrap();
    assert_eq!(survey.closed, []);
    survey.keys.iter().map(|(id, key)| (id.0, key.values)).collect()
}
