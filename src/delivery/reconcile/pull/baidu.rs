//! What Baidu says: its templates, and its figures day by day.

use chrono::NaiveDate;
use futures_util::FutureExt;

use super::{
    PullError, Pulled, Shown,
    line::{Answer, Line},
};
use crate::{
    delivery::{Inner, dialect::Baidu},
    domain::{app::PlatformKind, day::days},
    outgoing::secret::AccessToken,
    platform::baidu::{
        client,
        error::CallError,
        paging::{Listing, Page, Walk},
        shown::{DayOfTemplate, ShownTemplate},
    },
    store::platform_figure::PlatformFigure,
};

/// All there is to hear about these days, and about the templates of now.
pub(super) async fn pull(
    mut line: Line<'_, Baidu>,
    (first, last): (NaiveDate, NaiveDate),
) -> Result<Pulled, PullError> {
    let standing = line
        .walk(
            |template: &ShownTemplate| template.id,
            |page| {
                move |inner: &Inner, account, token| {
                    inner.baidu.list_templates(account, token, page).boxed()
                }
            },
        )
        .await?;
    let mut figures = Vec::new();
    // One day at a time: how the platform writes the day of a row is not documented.
    for day in days(first, last) {
        let counted = line
            .walk(
                |counted: &DayOfTemplate| counted.template,
                |page| {
                    move |inner: &Inner, account, token| {
                        inner.baidu.statistics(account, token, (day, day), page).boxed()
                    }
                },
            )
            .await?;
        if !counted.complete {
            return Err(PullError::Endless(day));
        }
        figures.extend(counted.items.iter().map(|counted| figure(day, counted)));
    }
    let complete = standing.complete;
    let there = standing.items.into_iter().filter(|template| template.deleted == 0);
    let templates = there.map(|template| Shown::Baidu(Box::new(template))).collect();
    Ok(Pulled { platform: PlatformKind::Baidu, first, figures, templates, complete })
}

fn figure(day: NaiveDate, counted: &DayOfTemplate) -> PlatformFigure {
    PlatformFigure {
        platform_ref: counted.template.to_string(),
        day,
        views: (counted.view_pv, counted.view_uv),
        takes: (counted.get_pv, counted.get_uv),
        get_rate: counted.get_rate,
        uses: (counted.use_pv, counted.use_uv),
        use_rate: counted.use_rate,
        stock: Some(counted.stock),
    }
}

impl Line<'_, Baidu> {
    /// All pages of a list, each item once, whether its pages count from zero or from one.
    async fn walk<T, K, C>(
        &mut self,
        key: fn(&T) -> K,
        call: impl Fn(i64) -> C,
    ) -> Result<Listing<T>, PullError>
    where
        K: Eq + std::hash::Hash,
        C: for<'x> Fn(
            &'x Inner,
            client::Account<'x>,
            &'x AccessToken,
        ) -> Answer<'x, Page<T>, CallError>,
    {
        let mut walk = Walk::new(key);
        while let Some(page) = walk.next_page() {
            match self.ask(call(page)).await {
                Err(PullError::Baidu(error))
                    if walk.may_begin_at_one() && error.refuses_the_parameters() =>
                {
                    walk.begin_at_one();
                }
                heard => walk.take(heard?),
            }
        }
        Ok(walk.finish())
    }
}
