//! Official accounts and mini-programs as they are set up in WeChat's consoles.

use serde::{Deserialize, Serialize};

use super::crypto;
use super::trouble::Refused;

/// The official account that every simulator has unless told otherwise.
pub const DEFAULT_OA: &str = "wxsim0000000000001";
/// The mini-program bound to it.
pub const DEFAULT_MP: &str = "wxsim0000000000002";
/// The secret of both.
pub const DEFAULT_SECRET: &str = "00112233445566778899aabbccddeeff";

/// What an app is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppKind {
    /// An official account, which owns cards.
    #[default]
    Oa,
    /// A mini-program, in which people take them.
    Mp,
}

/// How events are pushed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushMode {
    /// As they are.
    #[default]
    Plain,
    /// As they are and encrypted in one body.
    Compatible,
    /// Encrypted.
    Secure,
}

/// Where an account's events go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Callback {
    /// The address.
    pub url: String,
    /// Signs every push: 3 to 32 letters and digits.
    pub token: String,
    /// The `EncodingAESKey`; all modes but plain need it.
    #[serde(default)]
    pub aes_key: Option<String>,
    /// Plain, compatible or secure.
    #[serde(default)]
    pub mode: PushMode,
}

/// An app to set up; what is left out is made up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AppSeed {
    /// Official account or mini-program.
    pub kind: AppKind,
    /// `wx…`, eighteen characters.
    pub appid: Option<String>,
    /// The `AppSecret`.
    pub secret: Option<String>,
    /// `gh_…`, the name in pushes and in jump fields.
    pub original_id: Option<String>,
    /// The Open Platform account that binds it to others; people have one union id in all of them.
    pub group: Option<String>,
    /// Who may fetch tokens; everybody when empty.
    pub ip_allow_list: Vec<String>,
    /// Whether it may use cards at all.
    pub card_capability: bool,
    /// Whether it may give cards codes of its own.
    pub custom_code_permission: bool,
    /// Where its events go; nowhere when left out.
    pub callback: Option<Callback>,
}

impl Default for AppSeed {
    fn default() -> Self {
        Self {
            kind: AppKind::Oa,
            appid: None,
            secret: None,
            original_id: None,
            group: Some("sim".to_owned()),
            ip_allow_list: Vec::new(),
            card_capability: true,
            custom_code_permission: true,
            callback: None,
        }
    }
}

impl AppSeed {
    /// The account that every simulator has.
    pub fn default_oa() -> Self {
        Self {
            appid: Some(DEFAULT_OA.to_owned()),
            secret: Some(DEFAULT_SECRET.to_owned()),
            original_id: Some("gh_sim000000001".to_owned()),
            ..Self::default()
        }
    }

    /// The mini-program that every simulator has.
    pub fn default_mp() -> Self {
        Self {
            kind: AppKind::Mp,
            appid: Some(DEFAULT_MP.to_owned()),
            secret: Some(DEFAULT_SECRET.to_owned()),
            original_id: Some("gh_sim000000002".to_owned()),
            ..Self::default()
        }
    }
}

/// An app as it is set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct App {
    /// Official account or mini-program.
    pub kind: AppKind,
    /// `wx…`.
    pub appid: String,
    /// The `AppSecret`.
    pub secret: String,
    /// `gh_…`.
    pub original_id: String,
    /// The Open Platform account that binds it to others.
    pub group: Option<String>,
    /// Who may fetch tokens.
    pub ip_allow_list: Vec<String>,
    /// Whether it may use cards at all.
    pub card_capability: bool,
    /// Whether it may give cards codes of its own.
    pub custom_code_permission: bool,
    /// Where its events go.
    pub callback: Option<Callback>,
}

impl App {
    /// What jump fields call the mini-program.
    pub fn user_name(&self) -> String {
        format!("{}@app", self.original_id)
    }

    /// Whether both belong to one Open Platform account.
    pub(super) fn is_bound_to(&self, other: &Self) -> bool {
        self.group.is_some() && self.group == other.group
    }
}

/// Refuses what the console would not let one save.
pub(super) fn check(callback: &Callback) -> Result<(), Refused> {
    let token = &callback.token;
    if !(3..=32).contains(&token.len()) || !token.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Refused::Input("a token has 3 to 32 letters and digits".to_owned()));
    }
    let key = callback.aes_key.as_deref().map(crypto::aes_key);
    match (key, callback.mode) {
        (Some(None), _) => Err(Refused::Input("an AES key has 43 letters and digits".to_owned())),
        (None, PushMode::Compatible | PushMode::Secure) => {
            Err(Refused::Input("this mode needs an AES key".to_owned()))
        }
        (Some(Some(_)), _) | (None, PushMode::Plain) => Ok(()),
    }
}
