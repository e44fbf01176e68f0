//! Asks the platform for its figures and its templates, and keeps what it said in one form.

mod baidu;
mod line;
mod wechat;

use chrono::{DateTime, NaiveDate, Utc};
use secrecy::SecretString;
use serde_json::Value;

use self::line::Line;
use crate::{
    delivery::{Inner, account::AccountTrouble, token::TokenTrouble},
    domain::{app::PlatformKind, foresight::Showing, id::AppId, terms::Terms},
    platform::{self, baidu::shown::ShownTemplate, wechat::shown::ShownCard},
    store::platform_figure::PlatformFigure,
};

/// What the platform said.
pub(super) struct Pulled {
    /// Which it is.
    pub platform: PlatformKind,
    /// The first day that was asked about.
    pub first: NaiveDate,
    /// Each template and day once.
    pub figures: Vec<PlatformFigure>,
    /// What stands there.
    pub templates: Vec<Shown>,
    /// Whether the list came to its end.
    pub complete: bool,
}

impl Pulled {
    /// What people see of each template, by its id.
    pub fn seen(&self) -> Vec<(String, Value)> {
        self.templates.iter().map(|template| (template.platform_ref(), template.seen())).collect()
    }
}

/// One template, as its platform shows it.
pub(super) enum Shown {
    Baidu(Box<ShownTemplate>),
    Wechat { id: String, card: Box<ShownCard> },
}

impl Shown {
    /// The platform's id of it.
    pub fn platform_ref(&self) -> String {
        match self {
            Self::Baidu(template) => template.id.to_string(),
            Self::Wechat { id, .. } => id.clone(),
        }
    }

    /// For people.
    pub fn title(&self) -> &str {
        match self {
            Self::Baidu(template) => &template.title,
            Self::Wechat { card, .. } => &card.title,
        }
    }

    /// What people see of it.
    pub fn seen(&self) -> Value {
        match self {
            Self::Baidu(template) => platform::baidu::comparison::seen(template),
            Self::Wechat { card, .. } => platform::wechat::comparison::seen(card),
        }
    }

    /// How many can be taken there at this moment, where the platform says so.
    pub fn left(&self) -> Option<i64> {
        match self {
            Self::Baidu(_) => None,
            Self::Wechat { card, .. } => card.quantity,
        }
    }

    /// What is not as it was told with these terms and settings; `None` where that cannot be known.
    pub fn differs(&self, terms: &Terms, settings: Option<&Value>) -> Option<Vec<&'static str>> {
        match self {
            Self::Baidu(template) => {
                // The callback address is not shown, so any will do.
                let address = SecretString::from("https://kaquan.invalid/");
                let form = platform::baidu::draft::draft(terms, address).ok();
                Some(form.map_or_else(Vec::new, |form| {
                    platform::baidu::comparison::differences(template, &form)
                }))
            }
            Self::Wechat { card, .. } => {
                let settings = settings?;
                let (app, placement) = (&settings["app"], &settings["placement"]);
                let told = platform::wechat::foresight::card(&Showing { terms, app, placement }, 1);
                Some(told.map_or_else(
                    |_would_be_refused| Vec::new(),
                    |told| platform::wechat::comparison::differences(card, &told),
                ))
            }
        }
    }
}

/// Why the platform could not be asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum PullError {
    #[error("calls to this app are paused: {0}")]
    Paused(String),
    #[error("the platform was away and is left alone until {0}")]
    Resting(DateTime<Utc>),
    #[error("the app's secret is not known")]
    NoSecret,
    #[error("the app's rate leaves no room for it")]
    NoRoom,
    #[error("this version of kaquan knows no figures of this platform")]
    NoFigures,
    #[error("the platform's figures of {0} have more pages than anybody's")]
    Endless(NaiveDate),
    #[error(transparent)]
    Account(#[from] AccountTrouble),
    #[error("{}", .0.note)]
    Token(TokenTrouble),
    #[error("the platform did not answer well: {0}")]
    Baidu(#[from] platform::baidu::error::CallError),
    #[error("the platform did not answer well: {0}")]
    Wechat(#[from] platform::wechat::error::CallError),
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// All there is to hear about these days, and about the templates of now.
pub(super) async fn pull(
    inner: &Inner,
    app: AppId,
    days: (NaiveDate, NaiveDate),
) -> Result<Pulled, PullError> {
    let account = inner.accounts.current(inner, app).await;
    let account = account.map_err(|trouble| match trouble {
        AccountTrouble::Gone => PullError::NoSecret,
        trouble @ (AccountTrouble::Sealed(_) | AccountTrouble::Db(_)) => trouble.into(),
    })?;
    match account.platform {
        PlatformKind::Baidu => baidu::pull(Line::open(inner, app, account), days).await,
        PlatformKind::Wechat => wechat::pull(Line::open(inner, app, account), days).await,
        PlatformKind::WechatMini | PlatformKind::Own => Err(PullError::NoFigures),
    }
}
