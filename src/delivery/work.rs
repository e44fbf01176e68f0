//! Each kind of delivery and how it is paid, platform by platform.

pub mod baidu;
mod subject;
mod webhook;
pub mod wechat;

use sqlx::PgConnection;

use super::{
    Inner,
    attempt::{Held, Said, Tried},
};
use crate::{
    domain::{
        app::PlatformKind,
        delivery::{DeliveryKind, Outcome},
        problem::Problem,
    },
    outgoing::answer::Heard,
};

/// What an attempt changes here besides its delivery, in the same transaction.
#[derive(Debug)]
pub(crate) enum Consequence {
    /// Nothing.
    None,
    /// Of what stands on Baidu.
    Baidu(Box<baidu::Change>),
    /// Of what stands at WeChat.
    Wechat(Box<wechat::Change>),
    /// An endpoint wants to hear of nothing any more.
    EndpointGone,
}

/// Makes the calls of one attempt.
pub(super) async fn pay(inner: &Inner, held: &Held) -> Said {
    let Ok(kind) = DeliveryKind::try_from(held.delivery.kind.as_str()) else {
        return Said::unheard(
            Outcome::Refused,
            "这个版本的 kaquan 不认识这类任务 · this version of kaquan does not know the kind",
        );
    };
    let said = match kind {
        DeliveryKind::Webhook => webhook::pay(inner, held).await,
        DeliveryKind::Sync
        | DeliveryKind::WriteOff
        | DeliveryKind::Void
        | DeliveryKind::Publish
        | DeliveryKind::Update
        | DeliveryKind::Withdraw
        | DeliveryKind::Import
        | DeliveryKind::AddStock
        | DeliveryKind::CreateBanner
        | DeliveryKind::DeleteBanner => pay_platform(inner, held, kind).await,
    };
    said.unwrap_or_else(|said| said)
}

async fn pay_platform(inner: &Inner, held: &Held, kind: DeliveryKind) -> Result<Said, Said> {
    match inner.accounts.get(inner, held).await?.platform {
        PlatformKind::Baidu => baidu::pay(inner, held, kind).await,
        PlatformKind::Wechat => wechat::pay(inner, held, kind).await,
        PlatformKind::WechatMini | PlatformKind::Own => {
            let note = "这个版本的 kaquan 不支持该平台 · this version of kaquan does not speak to the platform";
            Err(Said::unheard(Outcome::Refused, note))
        }
    }
}

impl Consequence {
    /// Writes it.
    pub async fn write(
        &self,
        conn: &mut PgConnection,
        inner: &Inner,
        tried: &Tried,
    ) -> anyhow::Result<()> {
        let held = &tried.held;
        match self {
            Self::None => Ok(()),
            Self::Baidu(change) => change.write(conn, inner, held).await,
            Self::Wechat(change) => change.write(conn, inner, held).await,
            Self::EndpointGone => webhook::disable(conn, inner, held).await,
        }
    }
}

impl Said {
    /// The platform has it.
    fn done<T>(heard: &Heard<T>) -> Self {
        Self {
            outcome: Outcome::Done,
            answer: Some(heard.answer.as_str().to_owned()),
            note: None,
            consequence: Consequence::None,
        }
    }

    /// Nothing was sent, for it would be refused: `why`, and all that is wrong with it.
    fn refused(why: &str, problems: &[Problem]) -> Self {
        let problems: Vec<_> =
            problems.iter().map(|one| format!("{}: {}", one.param, one.message)).collect();
        Self::unheard(Outcome::Refused, format!("{why}: {}", problems.join("；")))
    }
}
