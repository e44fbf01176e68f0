//! The format of sealed values, and files of keys.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
};

use uuid::Uuid;

use super::*;

const ONE: &str = "1 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const TWO: &str = "2 AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
const SECRET: &str = "a secret of the merchant's";

fn vault(keys: &str) -> Vault {
    let settings = Secrets { master_keys: Some(keys.into()), ..Secrets::default() };
    Vault::open(&settings, None).unwrap()
}

fn file_vault(path: &Path) -> Result<Vault, KeysError> {
    let settings = Secrets { master_keys_file: Some(path.to_owned()), ..Secrets::default() };
    Vault::open(&settings, None)
}

/// A folder of its own, gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("kaquan-vault-{}", Uuid::new_v4().simple()));
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn keys(&self, text: &str, mode: u32) -> PathBuf {
        let path = self.0.join("master.keys");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    fn count(&self) -> usize {
        fs::read_dir(&self.0).unwrap().count()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

fn opened(vault: &Vault, place: Place, sealed: &[u8]) -> Result<String, String> {
    let text = vault.unseal(place, sealed);
    text.map(|text| text.expose_secret().to_owned()).map_err(|error| error.to_string())
}

#[test]
fn what_was_sealed_opens_in_its_place_and_looks_new_each_time() {
    let (vault, place) = (vault(ONE), Place::app_secret(Uuid::from_u128(7)));

    for secret in ["", "x", SECRET, "密钥"] {
        let (one, other) = (vault.seal(place, secret).unwrap(), vault.seal(place, secret).unwrap());

        assert_ne!(one, other);
        assert_eq!(key_id_of(&one).unwrap(), KeyId(1));
        assert_eq!(one.len(), 5 + 12 + secret.len() + 16);
        assert_eq!(opened(&vault, place, &one).unwrap(), secret);
    }
}

#[test]
fn it_opens_in_no_other_row_column_or_table() {
    let (vault, row) = (vault(ONE), Uuid::from_u128(7));
    let sealed = vault.seal(Place::app_secret(row), SECRET).unwrap();

    for elsewhere in [
        Place::app_secret(Uuid::from_u128(8)),
        Place::platform_token(row),
        Place::card_ticket(row),
        Place::callback_secret(row),
    ] {
        let error = vault.unseal(elsewhere, &sealed).unwrap_err();
        assert!(matches!(error, VaultError::NotOurs), "{elsewhere}");
    }
}

#[test]
fn a_flipped_bit_or_a_missing_byte_anywhere_is_noticed() {
    let (vault, place) = (vault(ONE), Place::app_secret(Uuid::from_u128(7)));
    let sealed = vault.seal(place, SECRET).unwrap();

    for bit in 0..sealed.len() * 8 {
        let mut flipped = sealed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(vault.unseal(place, &flipped).is_err(), "bit {bit}");
    }
    for length in 0..sealed.len() {
        assert!(vault.unseal(place, &sealed[..length]).is_err(), "{length} bytes");
    }
    assert!(vault.unseal(place, &[sealed.as_slice(), &[0]].concat()).is_err());
}

#[test]
fn the_first_key_seals_and_all_open() {
    let (old, place) = (vault(ONE), Place::platform_token(Uuid::from_u128(7)));
    let both = vault(&format!("{TWO}\n{ONE}"));
    let before = old.seal(place, SECRET).unwrap();

    let after = both.seal(place, SECRET).unwrap();

    assert_eq!((key_id_of(&before).unwrap(), key_id_of(&after).unwrap()), (KeyId(1), KeyId(2)));
    assert_eq!(opened(&both, place, &before).unwrap(), SECRET);
    assert_eq!(opened(&both, place, &after).unwrap(), SECRET);
    let unknown = old.unseal(place, &after).unwrap_err();
    assert!(matches!(unknown, VaultError::UnknownKey { id: KeyId(2) }));
}

#[test]
fn another_key_under_the_same_id_opens_nothing() {
    let place = Place::app_secret(Uuid::from_u128(7));
    let sealed = vault(ONE).seal(place, SECRET).unwrap();

    let other = vault(&TWO.replacen('2', "1", 1));

    assert!(matches!(other.unseal(place, &sealed).unwrap_err(), VaultError::NotOurs));
}

#[test]
fn without_a_key_nothing_is_sealed_and_the_way_out_is_named() {
    let (vault, place) = (Vault::without_keys(), Place::app_secret(Uuid::nil()));

    let error = vault.seal(place, SECRET).unwrap_err();

    assert!(matches!(error, VaultError::NoKey) && !vault.has_key());
    assert!(error.to_string().contains("set secrets.master_keys_file"));
}

#[test]
fn neither_vault_nor_error_prints_a_key_or_a_secret() {
    let (vault, place) = (vault(ONE), Place::app_secret(Uuid::nil()));
    let sealed = vault.seal(place, SECRET).unwrap();

    let printed = format!("{vault:?} {:?} {place:?}", vault.unseal(place, &sealed));

    assert!(!printed.contains("AQEB") && !printed.contains(SECRET), "{printed}");
}

#[test]
fn a_file_that_others_can_read_is_refused_in_one_line() {
    let folder = Folder::new();
    for mode in [0o640, 0o604, 0o644, 0o620] {
        let path = folder.keys(ONE, mode);

        let error = file_vault(&path).unwrap_err().to_string();

        assert!(error.contains(&format!("chmod 600 {}", path.display())), "{error}");
        assert!(!error.contains('\n') && !error.contains("AQEB"), "{error}");
    }
    assert!(file_vault(&folder.keys(ONE, 0o400)).unwrap().has_key());
}

#[test]
fn a_file_that_is_missing_or_holds_no_keys_is_refused_in_one_line() {
    let folder = Folder::new();

    let missing = file_vault(&folder.0.join("nothing")).unwrap_err().to_string();
    let folder_itself = file_vault(&folder.0).unwrap_err().to_string();
    let broken = file_vault(&folder.keys("1 AQEB\nx", 0o600)).unwrap_err().to_string();

    assert!(missing.contains("nothing: the master keys cannot be read"), "{missing}");
    assert!(folder_itself.contains("cannot be read"), "{folder_itself}");
    assert!(broken.contains("line 1: ") && broken.contains("line 2: "), "{broken}");
    assert!(![missing, folder_itself, broken].iter().any(|error| error.contains('\n')));
}

#[test]
fn our_own_file_is_made_once_and_for_us_alone() {
    let folder = Folder::new();
    let path = folder.0.join("master.keys");
    let (settings, place) = (Secrets::default(), Place::app_secret(Uuid::nil()));
    let vault = Vault::open(&settings, Some(path.clone())).unwrap();
    assert!(!vault.has_key() && !path.exists());

    vault.make_first_key().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let sealed = vault.seal(place, SECRET).unwrap();
    vault.make_first_key().unwrap();
    keys_file::make(&path).unwrap();

    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!((fs::read_to_string(&path).unwrap(), folder.count()), (text, 1));
    let again = Vault::open(&settings, Some(path)).unwrap();
    assert_eq!(opened(&again, place, &sealed).unwrap(), SECRET);
}

#[test]
fn a_key_that_is_added_seals_at_once_everywhere_and_the_old_ones_still_open() {
    let folder = Folder::new();
    let path = folder.keys(&format!("# ours\n{ONE}\n"), 0o600);
    let (one, other) = (file_vault(&path).unwrap(), file_vault(&path).unwrap());
    let place = Place::app_secret(Uuid::nil());
    let before = one.seal(place, SECRET).unwrap();

    let added = one.add_first_key(Some(KeyId(4))).unwrap();

    assert_eq!(added, KeyId(5));
    let after = one.seal(place, SECRET).unwrap();
    assert_eq!(opened(&other, place, &after).unwrap(), SECRET);
    assert_eq!(opened(&other, place, &before).unwrap(), SECRET);
    assert_eq!(key_id_of(&other.seal(place, SECRET).unwrap()).unwrap(), KeyId(5));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!((other.key_ids(), folder.count()), (vec![KeyId(5), KeyId(1)], 1));
}

#[test]
fn keys_added_at_the_same_moment_are_all_there_afterwards() {
    let folder = Folder::new();
    let path = folder.keys(ONE, 0o600);

    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| file_vault(&path).unwrap().add_first_key(None).unwrap());
        }
    });

    let ids: Vec<_> = file_vault(&path).unwrap().key_ids().into_iter().map(|id| id.0).collect();
    assert_eq!(ids, (1..=9).rev().collect::<Vec<_>>());
}

#[test]
fn a_link_to_the_file_stays_a_link() {
    let folder = Folder::new();
    let (path, link) = (folder.keys(ONE, 0o600), folder.0.join("link"));
    std::os::unix::fs::symlink(&path, &link).unwrap();

    file_vault(&link).unwrap().add_first_key(None).unwrap();

    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(file_vault(&path).unwrap().key_ids(), [KeyId(2), KeyId(1)]);
}

#[test]
fn a_file_that_becomes_useless_leaves_the_keys_that_were_read_before() {
    let folder = Folder::new();
    let path = folder.keys(ONE, 0o600);
    let (vault, place) = (file_vault(&path).unwrap(), Place::app_secret(Uuid::nil()));
    let sealed = vault.seal(place, SECRET).unwrap();

    for spoil in ["rubbish", ""] {
        fs::write(&path, spoil).unwrap();
        assert_eq!(key_id_of(&vault.seal(place, SECRET).unwrap()).unwrap(), KeyId(1));
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(opened(&vault, place, &vault.seal(place, SECRET).unwrap()).unwrap(), SECRET);
    assert!(vault.add_first_key(None).is_err());

    folder.keys(TWO, 0o600);
    assert_eq!(key_id_of(&vault.seal(place, SECRET).unwrap()).unwrap(), KeyId(2));
    let gone = vault.unseal(place, &sealed).unwrap_err();
    assert!(matches!(gone, VaultError::UnknownKey { id: KeyId(1) }));
}

#[test]
fn keys_that_stand_in_the_settings_are_added_by_hand() {
    let vault = vault(ONE);

    let refused = vault.add_first_key(None).unwrap_err();
    let line = vault.fresh_key_line(None).unwrap();

    assert_eq!(refused.to_string(), "secrets.master_keys: a key must be added by hand");
    let both = self::vault(&format!("{}\n{ONE}", line.expose_secret()));
    assert_eq!(both.key_ids(), [KeyId(2), KeyId(1)]);
}
