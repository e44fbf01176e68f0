//! `/v1/admin/stats`: what was offered, claimed, used and turned down.

pub mod table;

use std::collections::BTreeMap;

use axum::extract::State;
use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ApiState;
use crate::{
    domain::{
        id::{AppId, TemplateId},
        statistics::{Figures, Rates, Step},
    },
    http::{
        error::ApiError,
        extract::{Json, Query},
    },
    service::statistics::{self, GroupBy, Key, Question, Statistics, StatisticsError},
};

/// Which figures, and how they are added up.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatsQuery {
    /// The first day in China; without it thirty days are shown.
    from: Option<NaiveDate>,
    /// The last day in China, included; without it today. At most 366 days.
    to: Option<NaiveDate>,
    /// Of one template only.
    template_id: Option<TemplateId>,
    /// On one app only.
    app_id: Option<AppId>,
    /// What is shown apart.
    #[serde(default)]
    group_by: GroupByQuery,
}

/// What is shown apart.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupByQuery {
    /// Each day, also those on which nothing happened.
    #[default]
    Day,
    /// Each template of which there is something to tell.
    Template,
    /// Each app of which there is something to tell.
    App,
    /// One sum.
    None,
}

/// The answer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StatsView {
    from: NaiveDate,
    to: NaiveDate,
    /// Days in their order, templates and apps in the order in which they were made.
    groups: Vec<GroupView>,
    /// All groups together.
    total: FiguresView,
}

/// One day, template or app; with `group_by=none` it has no name.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GroupView {
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template_id: Option<TemplateId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<AppId>,
    /// The title of the template, or the name of the app.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(flatten)]
    figures: FiguresView,
}

/// Sums, and what follows from them.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FiguresView {
    /// Stock added, less what was taken back.
    offered: i64,
    /// Coupons issued.
    claimed: i64,
    /// Coupons kept for an order.
    locked: i64,
    /// Uses, given back later or not.
    redeemed: i64,
    /// Uses undone as a whole; lines that come back leave the use what it is.
    given_back: i64,
    /// Coupons taken out of use.
    voided: i64,
    /// Coupons that ended unused.
    expired: i64,
    /// Claims turned down, by the reason.
    refused: BTreeMap<String, i64>,
    /// Shares to four places; null where there is nothing to have a share of.
    rates: RatesView,
    /// From the offer to the uses that stand.
    funnel: Vec<StepView>,
}

/// Shares.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RatesView {
    /// Claimed of what was offered.
    #[serde(rename = "claim_rate")]
    claim: Option<f64>,
    /// Redeemed of what was claimed.
    #[serde(rename = "redeem_rate")]
    redeem: Option<f64>,
    /// Given back of what was redeemed.
    #[serde(rename = "give_back_rate")]
    give_back: Option<f64>,
    /// Voided of what was claimed.
    #[serde(rename = "void_rate")]
    void: Option<f64>,
    /// Expired of what was claimed.
    #[serde(rename = "expire_rate")]
    expire: Option<f64>,
    /// Turned down of all claims that were judged.
    #[serde(rename = "refuse_rate")]
    refuse: Option<f64>,
}

/// One step of the funnel.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StepView {
    /// `offered`, `claimed`, `redeemed`, `kept`.
    step: &'static str,
    count: i64,
    /// Of the step before.
    of_previous: Option<f64>,
    /// Of what was offered.
    of_first: Option<f64>,
}

/// `GET /v1/admin/stats`
pub async fn get(
    State(state): State<ApiState>,
    Query(query): Query<StatsQuery>,
) -> Result<Json<StatsView>, ApiError> {
    let statistics = statistics::statistics(&state.db, state.now(), query.into()).await?;
    Ok(Json(statistics.into()))
}

impl From<StatsQuery> for Question {
    fn from(query: StatsQuery) -> Self {
        let StatsQuery { from, to, template_id, app_id, group_by } = query;
        question(from, to, template_id, app_id, group_by)
    }
}

/// The question that a query asks.
pub(super) fn question(
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    template: Option<TemplateId>,
    app: Option<AppId>,
    group_by: GroupByQuery,
) -> Question {
    let group_by = match group_by {
        GroupByQuery::Day => GroupBy::Day,
        GroupByQuery::Template => GroupBy::Template,
        GroupByQuery::App => GroupBy::App,
        GroupByQuery::None => GroupBy::None,
    };
    Question { from, to, template, app, group_by }
}

impl From<Statistics> for StatsView {
    fn from(statistics: Statistics) -> Self {
        let Statistics { from, to, groups, total } = statistics;
        let groups = groups.into_iter().map(GroupView::from).collect();
        Self { from, to, groups, total: total.into() }
    }
}

impl From<(Key, Figures)> for GroupView {
    fn from((key, figures): (Key, Figures)) -> Self {
        let (mut day, mut template_id, mut app_id, mut name) = (None, None, None, None);
        match key {
            Key::Day(of) => day = Some(of),
            Key::Template(id, title) => (template_id, name) = (Some(id), Some(title)),
            Key::App(id, called) => (app_id, name) = (Some(id), Some(called)),
            Key::All => {}
        }
        Self { day, template_id, app_id, name, figures: figures.into() }
    }
}

impl From<Figures> for FiguresView {
    fn from(figures: Figures) -> Self {
        let rates = figures.rates().into();
        let funnel = figures.funnel().into_iter().map(StepView::from).collect();
        let Figures { offered, claimed, locked, redeemed, given_back, voided, expired, refused } =
            figures;
        Self {
            offered,
            claimed,
            locked,
            redeemed,
            given_back,
            voided,
            expired,
            refused,
            rates,
            funnel,
        }
    }
}

impl From<Rates> for RatesView {
    fn from(rates: Rates) -> Self {
        let Rates { claim, redeem, give_back, void, expire, refuse } = rates;
        Self { claim, redeem, give_back, void, expire, refuse }
    }
}

impl From<Step> for StepView {
    fn from(step: Step) -> Self {
        let Step { name: step, count, of_previous, of_first } = step;
        Self { step, count, of_previous, of_first }
    }
}

impl From<StatisticsError> for ApiError {
    fn from(error: StatisticsError) -> Self {
        match error {
            StatisticsError::Invalid(problems) => Self::invalid(problems),
            StatisticsError::Db(cause) => cause.into(),
        }
    }
}
