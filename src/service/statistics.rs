//! What was offered, claimed, used and turned down, by day, template or app, from the daily sums alone.

use std::{collections::HashMap, str::FromStr};

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::{
    domain::{
        day,
        id::{AppId, TemplateId},
        problem::{Problem, Problems},
        statistics::Figures,
    },
    store::{
        self,
        statistics::{Named, Sum, Wanted},
    },
};

/// The longest span.
pub const MOST_DAYS: i64 = 366;
/// The span where nobody says one.
const USUAL_DAYS: u64 = 30;

/// What is shown apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum GroupBy {
    /// Each day of the span, also those on which nothing happened.
    #[default]
    Day,
    /// Each template of which there is something to tell.
    Template,
    /// Each app of which there is something to tell.
    App,
    /// Nothing: one sum of all.
    None,
}

/// The question.
#[derive(Debug, Clone, Copy, Default)]
pub struct Question {
    /// The first day in China; without it so many days before the last that it makes thirty.
    pub from: Option<NaiveDate>,
    /// The last day, included; without it today.
    pub to: Option<NaiveDate>,
    /// Of one template only.
    pub template: Option<TemplateId>,
    /// On one app only.
    pub app: Option<AppId>,
    /// What is shown apart.
    pub group_by: GroupBy,
}

/// What a group is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A day in China.
    Day(NaiveDate),
    /// A template, with its title.
    Template(TemplateId, String),
    /// An app, with its name.
    App(AppId, String),
    /// Everything.
    All,
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Statistics {
    /// The first day.
    pub from: NaiveDate,
    /// The last one, included.
    pub to: NaiveDate,
    /// Days in their order, templates and apps in the order in which they were made.
    pub groups: Vec<(Key, Figures)>,
    /// Of all groups.
    pub total: Figures,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum StatisticsError {
    /// The span is not one.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Adds up what was counted, up to this moment.
pub async fn statistics(
    db: &PgPool,
    now: DateTime<Utc>,
    question: Question,
) -> Result<Statistics, StatisticsError> {
    let (from, to) = span(question, now).map_err(StatisticsError::Invalid)?;
    let mut conn = db.acquire().await?;
    let wanted = Wanted {
        first: from,
        last: to,
        template: question.template,
        app: question.app,
        by_day: question.group_by == GroupBy::Day,
        by_template: question.group_by == GroupBy::Template,
        by_app: question.group_by == GroupBy::App,
    };
    let sums = store::statistics::list(&mut conn, wanted).await?;
    let groups = match question.group_by {
        GroupBy::Day => by_day(&sums, from, to),
        GroupBy::Template => by_template(&mut conn, &sums).await?,
        GroupBy::App => by_app(&mut conn, &sums).await?,
        GroupBy::None => vec![(Key::All, add_up(sums.iter()))],
    };
    let mut total = Figures::default();
    for (_, figures) in &groups {
        total += figures;
    }
    Ok(Statistics { from, to, groups, total })
}

fn span(question: Question, now: DateTime<Utc>) -> Result<(NaiveDate, NaiveDate), Vec<Problem>> {
    let to = question.to.unwrap_or_else(|| day::day_in_china(now));
    let from = question.from.unwrap_or_else(|| day::before(to, USUAL_DAYS - 1));
    let days = (to - from).num_days() + 1;
    let mut problems = Problems::default();
    problems.expect(days >= 1, "from", "not after `to`");
    problems.expect(
        days <= MOST_DAYS,
        "from",
        format!("at most {MOST_DAYS} days, both ends included"),
    );
    problems.into_result()?;
    Ok((from, to))
}

fn by_day(sums: &[Sum], from: NaiveDate, to: NaiveDate) -> Vec<(Key, Figures)> {
    day::days(from, to)
        .map(|day| {
            let of_day = sums.iter().filter(|sum| sum.day == Some(day));
            (Key::Day(day), add_up(of_day))
        })
        .collect()
}

async fn by_template(conn: &mut PgConnection, sums: &[Sum]) -> sqlx::Result<Vec<(Key, Figures)>> {
    let groups = grouped(sums, |sum| sum.template);
    let ids: Vec<_> = groups.iter().map(|(id, _)| *id).collect();
    let titles = names(store::statistics::list_titles(conn, &ids).await?);
    let key =
        |id: TemplateId| Key::Template(id, titles.get(&id.uuid()).cloned().unwrap_or_default());
    Ok(groups.into_iter().map(|(id, figures)| (key(id), figures)).collect())
}

async fn by_app(conn: &mut PgConnection, sums: &[Sum]) -> sqlx::Result<Vec<(Key, Figures)>> {
    let groups = grouped(sums, |sum| sum.app);
    let ids: Vec<_> = groups.iter().map(|(id, _)| *id).collect();
    let names = names(store::statistics::list_app_names(conn, &ids).await?);
    let key = |id: AppId| Key::App(id, names.get(&id.uuid()).cloned().unwrap_or_default());
    Ok(groups.into_iter().map(|(id, figures)| (key(id), figures)).collect())
}

/// Sums come in the order of their keys.
fn grouped<I: PartialEq + Copy>(sums: &[Sum], id: impl Fn(&Sum) -> Option<I>) -> Vec<(I, Figures)> {
    let chunks = sums.chunk_by(|one, next| id(one) == id(next));
    chunks.filter_map(|chunk| Some((id(chunk.first()?)?, add_up(chunk.iter())))).collect()
}

fn add_up<'a>(sums: impl Iterator<Item = &'a Sum>) -> Figures {
    let mut figures = Figures::default();
    for sum in sums {
        figures.add(&sum.measure, sum.count);
    }
    figures
}

fn names(named: Vec<Named>) -> HashMap<Uuid, String> {
    named.into_iter().map(|one| (one.id, one.name)).collect()
}

impl FromStr for GroupBy {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "day" => Ok(Self::Day),
            "template" => Ok(Self::Template),
            "app" => Ok(Self::App),
            "none" => Ok(Self::None),
            _ => Err("one of day, template, app, none"),
        }
    }
}
