//! Both sides of the comparison: what the platform said, and what we have in our books.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use super::pull::{Pulled, Shown};
use crate::{
    delivery::Inner,
    domain::{
        day::{beginning, day_in_china, days},
        id::{AppId, PlacementId},
        placement::PlacementState,
        reconciliation::{Counted, Day, Owed, Standing, Stranger, Subject, Told, changes},
    },
    store::{self, platform_template::Placed},
};

/// Both sides.
pub(super) struct Sides {
    pub subjects: Vec<Subject>,
    pub strangers: Vec<Stranger>,
    /// How many are about to be published or imported.
    pub arrivals: i64,
}

/// What was known and owed before the platform was asked; what is paid meanwhile is no difference.
pub(super) struct Expected {
    placed: HashMap<PlacementId, Owed>,
    arrivals: i64,
}

/// A platform that has said nothing of a day by then has counted nothing.
const LATE: i64 = 2;

/// Reads what is known and owed now.
pub(super) async fn expected(inner: &Inner, app: AppId) -> sqlx::Result<Expected> {
    let mut conn = inner.db.acquire().await?;
    let placed = store::platform_template::list_placed(&mut conn, app).await?;
    let arrivals = store::platform_template::count_arrivals(&mut conn, app).await?;
    let placed = placed.into_iter().map(|placed| (placed.placement, placed.owed)).collect();
    Ok(Expected { placed, arrivals })
}

/// Lays our side beside the platform's. `began` is when the platform was first asked.
pub(super) async fn read(
    inner: &Inner,
    app: AppId,
    began: DateTime<Utc>,
    expected: &Expected,
    pulled: &Pulled,
) -> anyhow::Result<Sides> {
    let today = day_in_china(began);
    let mut ours: HashMap<(PlacementId, NaiveDate), Counted> = HashMap::new();
    let mut tx = store::begin(&inner.db).await?;
    store::platform_figure::take_time(&mut tx).await?;
    let all_days: Vec<NaiveDate> = days(pulled.first, today).collect();
    for day in &all_days {
        let end = day.succ_opt().map_or(began, beginning);
        let counted = store::platform_figure::count(&mut tx, app, (beginning(*day), end)).await?;
        ours.extend(counted.into_iter().map(|(placement, counted)| ((placement, *day), counted)));
    }
    let placed = store::platform_template::list_placed(&mut tx, app).await?;
    let before = store::platform_template::list(&mut tx, app).await?;
    let arrivals = store::platform_template::count_arrivals(&mut tx, app).await?;
    tx.commit().await?;

    let before: HashMap<String, Value> =
        before.into_iter().map(|template| (template.platform_ref, template.fields)).collect();
    let theirs = Theirs::read(pulled);
    let mut subjects = Vec::new();
    for placed in &placed {
        // The platform was asked before it knew this one.
        let Some(owed) = expected.placed.get(&placed.placement) else { continue };
        let there = theirs.templates.get(&placed.platform_ref).copied();
        let day = |date: &NaiveDate| Day {
            date: *date,
            ours: ours.get(&(placed.placement, *date)).copied().unwrap_or_default(),
            theirs: theirs.told(&placed.platform_ref, *date, today),
        };
        let days = all_days.iter().map(day).collect();
        let standing = standing(placed, there, before.get(&placed.platform_ref), began, pulled);
        let there_left = there.and_then(Shown::left);
        subjects.push(Subject { there_left, ..subject(placed, *owed, standing, days) });
    }
    let known: HashSet<&str> = placed.iter().map(|placed| placed.platform_ref.as_str()).collect();
    let strangers = pulled.templates.iter().filter_map(|template| {
        let platform_ref = template.platform_ref();
        (!known.contains(platform_ref.as_str()))
            .then(|| Stranger { platform_ref, title: template.title().to_owned() })
    });
    let arrivals = arrivals.max(expected.arrivals);
    Ok(Sides { subjects, strangers: strangers.collect(), arrivals })
}

/// The platform's side, to be looked up.
struct Theirs<'a> {
    templates: HashMap<String, &'a Shown>,
    figures: HashMap<(&'a str, NaiveDate), Told>,
    counted: HashSet<NaiveDate>,
}

impl<'a> Theirs<'a> {
    fn read(pulled: &'a Pulled) -> Self {
        let figures = pulled.figures.iter().map(|figure| {
            let told = Told { taken: figure.takes.0, used: figure.uses.0, stock: figure.stock };
            ((figure.platform_ref.as_str(), figure.day), told)
        });
        Self {
            templates: pulled.templates.iter().map(|one| (one.platform_ref(), one)).collect(),
            figures: figures.collect(),
            counted: pulled.figures.iter().map(|figure| figure.day).collect(),
        }
    }

    /// What the platform counted; nothing where it has no row and should have, none where it may still come.
    fn told(&self, platform_ref: &str, day: NaiveDate, today: NaiveDate) -> Option<Told> {
        let told = self.figures.get(&(platform_ref, day)).copied();
        let late = !self.counted.is_empty() && (today - day).num_days() >= LATE;
        told.or_else(|| (self.counted.contains(&day) || late).then(Told::default))
    }
}

fn standing(
    placed: &Placed,
    there: Option<&Shown>,
    before: Option<&Value>,
    began: DateTime<Utc>,
    pulled: &Pulled,
) -> Standing {
    let Some(there) = there else {
        return if pulled.complete { Standing::Missing } else { Standing::Unsure };
    };
    if placed.published_at.is_some_and(|at| at >= began) {
        // Told in the meantime; the next look will see.
        return Standing::Unsure;
    }
    let settings = placed.told_settings.as_ref();
    let differs = placed.told.as_ref().and_then(|told| there.differs(told, settings));
    let changed = match differs {
        Some(fields) => fields.into_iter().map(str::to_owned).collect(),
        // What we never told can only be held against what was seen before.
        None => before.map_or_else(Vec::new, |before| changes(before, &there.seen())),
    };
    Standing::There { changed }
}

fn subject(placed: &Placed, before: Owed, standing: Standing, days: Vec<Day>) -> Subject {
    let now = placed.owed;
    let owed = Owed {
        syncs: now.syncs.max(before.syncs),
        updates: now.updates.max(before.updates),
        withdrawals: now.withdrawals.max(before.withdrawals),
        additions: now.additions.max(before.additions),
        pieces: now.pieces.max(before.pieces),
    };
    let told_older = placed.published_version.is_some_and(|version| version != placed.version);
    Subject {
        placement: placed.placement,
        platform_ref: placed.platform_ref.clone(),
        title: placed.title.clone(),
        withdrawn: placed.state == PlacementState::Withdrawn,
        left: placed.left,
        there_left: None,
        claims: placed.claims,
        owed,
        untold: told_older && owed.updates == 0,
        standing,
        days,
    }
}
