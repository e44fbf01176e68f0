//! What WeChat says: its cards as they stand, and its figures of days that are over.

use chrono::NaiveDate;
use futures_util::FutureExt;

use super::{PullError, Pulled, Shown, line::Line};
use crate::{
    delivery::{Inner, dialect::Wechat},
    domain::app::PlatformKind,
    platform::wechat::{errcode, figure::DayOfCards, status::CardStatus},
    store::platform_figure::PlatformFigure,
};

/// Cards that people may have, or take.
const STANDING: [CardStatus; 4] =
    [CardStatus::NotVerified, CardStatus::Failed, CardStatus::Passed, CardStatus::Dispatched];

/// All there is to hear about these days but the last, which is not over, and about the cards of now.
pub(super) async fn pull(
    mut line: Line<'_, Wechat>,
    (first, last): (NaiveDate, NaiveDate),
) -> Result<Pulled, PullError> {
    let standing = line
        .ask(|inner: &Inner, account, token| {
            inner.wechat.list_all_cards(account, token, &STANDING).boxed()
        })
        .await?;
    let mut templates = Vec::new();
    for id in standing.items {
        let asked = id.clone();
        let shown = line
            .ask(move |inner: &Inner, account, token| {
                let id = asked.clone();
                async move { inner.wechat.get_card(account, token, &id).await }.boxed()
            })
            .await;
        match shown {
            Ok(card) => templates.push(Shown::Wechat { id, card: Box::new(card) }),
            // Deleted since the list was made.
            Err(PullError::Wechat(error)) if error.code() == Some(errcode::NO_CARD) => {}
            Err(error) => return Err(error),
        }
    }
    let yesterday = last.pred_opt().unwrap_or(last);
    let counted = line
        .ask(move |inner: &Inner, account, token| {
            inner.wechat.card_figures(account, token, (first, yesterday), None).boxed()
        })
        .await?;
    let figures = counted.into_iter().filter_map(figure).collect();
    let complete = standing.complete;
    Ok(Pulled { platform: PlatformKind::Wechat, first, figures, templates, complete })
}

fn figure(counted: DayOfCards) -> Option<PlatformFigure> {
    Some(PlatformFigure {
        platform_ref: counted.card_id?,
        day: counted.ref_date,
        views: (counted.view_cnt, counted.view_user),
        takes: (counted.receive_cnt, counted.receive_user),
        get_rate: rate(counted.receive_user, counted.view_user),
        uses: (counted.verify_cnt, counted.verify_user),
        use_rate: rate(counted.verify_user, counted.receive_user),
        stock: None,
    })
}

#[expect(clippy::cast_precision_loss, reason = "a share for people")]
fn rate(some: i64, all: i64) -> f64 {
    if all > 0 { some as f64 / all as f64 } else { 0.0 }
}
