//! What the platform counted beside what we did, template by template and day by day.
//!
//! Whether the platform counts coupons that were given through us among those taken is not documented, so both readings
//! are right. What happens around midnight may fall on either day, and the day that is not over is still moving.

mod count;
mod meaning;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::id::PlacementId;

/// What can differ, named after what it most likely means.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum DifferenceKind {
    /// The platform counts more than we issued: its calls did not reach us.
    LostCalls,
    /// We issued more than the platform counts: somebody called who is not the platform.
    ForgedCalls,
    /// Used here and not there.
    UnusedThere,
    /// Used there and not here.
    UsedThere,
    /// More or fewer can be taken there than we would issue.
    StockDiffers,
    /// It does not look as we told it to.
    TemplateChanged,
    /// It does not stand there, and should.
    TemplateMissing,
    /// It stands there and is none of ours.
    TemplateUnknown,
    /// It stands there, and was withdrawn here.
    TemplateStillThere,
    /// Terms were changed here, and nobody is going to tell the platform.
    PlacementUnpublishedChanges,
}

/// Where a comparison is in its life.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum RunState {
    /// Somebody asked for it.
    Requested,
    /// The platform is being asked.
    Running,
    /// It came to its end, whatever it found.
    Done,
    /// The platform could not be asked.
    Failed,
}

/// What we did for one placement on one day in China.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counted {
    /// Coupons issued because the platform called.
    pub takes: i64,
    /// Of those, the ones whose code the platform may never have heard, so that they were told once more.
    pub doubtful_takes: i64,
    /// Coupons that came to their holders as gifts; whether the platform counts these as taken is not documented.
    pub gifts: i64,
    /// Coupons given through us that the platform was told of.
    pub synced: i64,
    /// The same where it may have been told without our hearing so.
    pub syncs_in_doubt: i64,
    /// Uses that the platform was told of, or told us of.
    pub written_off: i64,
    /// The same where it may have been told without our hearing so.
    pub write_offs_in_doubt: i64,
    /// Uses that it will be told of.
    pub write_offs_owed: i64,
    /// Uses that it was told of in vain.
    pub write_offs_dead: i64,
    /// Stock added for takes.
    pub added: i64,
}

/// What the platform counted for one template on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Told {
    /// Coupons taken.
    pub taken: i64,
    /// Coupons used.
    pub used: i64,
    /// What was left; `None` where the platform has no row for the day.
    pub stock: Option<i64>,
}

/// Both sides of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Day {
    /// In China.
    pub date: NaiveDate,
    /// Ours.
    pub ours: Counted,
    /// The platform's; `None` when it has not counted the day yet.
    pub theirs: Option<Told>,
}

/// What is still owed about a placement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Owed {
    /// Coupons of which the platform is to be told.
    pub syncs: i64,
    /// Changes of which it is to be told.
    pub updates: i64,
    /// Whether it is to be taken off: one or none.
    pub withdrawals: i64,
    /// Additions to the stock.
    pub additions: i64,
    /// How many pieces they are together.
    pub pieces: i64,
}

/// How a placement stands on the platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The platform's list did not come to its end.
    Unsure,
    /// It is not in the list.
    Missing,
    /// It is there, and these fields are not as they should be.
    There {
        /// By the names of our terms.
        changed: Vec<String>,
    },
}

/// One placement with both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// Ours.
    pub placement: PlacementId,
    /// The platform's id of it.
    pub platform_ref: String,
    /// For people.
    pub title: String,
    /// Whether it was taken off for good.
    pub withdrawn: bool,
    /// How many may still be taken, now.
    pub left: i64,
    /// How many can be taken on the platform, now; `None` where it does not say.
    pub there_left: Option<i64>,
    /// How many were ever given through us.
    pub claims: i64,
    /// What is still owed about it.
    pub owed: Owed,
    /// Whether terms were changed since the platform was told any, and nothing is owed.
    pub untold: bool,
    /// How it stands there.
    pub standing: Standing,
    /// One after another, the first one only for what moved over midnight.
    pub days: Vec<Day>,
}

/// What stands on the platform and is no placement of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stranger {
    /// The platform's id of it.
    pub platform_ref: String,
    /// For people.
    pub title: String,
}

/// What counts as a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// In China; it is still moving.
    pub today: NaiveDate,
    /// The first day that is reported on.
    pub first: NaiveDate,
    /// How much of a past day may differ without being told.
    pub tolerance: i64,
}

/// Something that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it most likely means.
    pub kind: DifferenceKind,
    /// Whose; `None` where it is none of ours.
    pub placement: Option<PlacementId>,
    /// The platform's id of it.
    pub platform_ref: String,
    /// In China; `None` for what is not about a day.
    pub day: Option<NaiveDate>,
    /// The nearest figure that would have been no difference.
    pub ours: Option<i64>,
    /// The platform's figure.
    pub theirs: Option<i64>,
    /// What differs of a template.
    pub fields: Vec<String>,
    /// How many deliveries about it are still owed.
    pub owed: i64,
    /// Whether what is still owed accounts for it.
    pub explained: bool,
}

/// A whole comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The first day that is reported on.
    pub first: NaiveDate,
    /// The last one: today.
    pub last: NaiveDate,
    /// Every placement that the platform knows, or should.
    pub subjects: Vec<Subject>,
    /// What differs.
    pub differences: Vec<Difference>,
}

/// The fields that are not as they were seen before.
pub fn changes(before: &Value, now: &Value) -> Vec<String> {
    let Some(now) = now.as_object() else { return Vec::new() };
    let changed = now.iter().filter(|(name, value)| before.get(name) != Some(value));
    changed.map(|(name, _)| name.clone()).collect()
}

/// Everything that differs, placement by placement, strangers last. `arrivals` are about to be published or imported.
pub fn compare(
    subjects: &[Subject],
    (strangers, arrivals): (&[Stranger], i64),
    rule: Rule,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    for subject in subjects {
        differences.extend(standing(subject));
        differences.extend(count::counts(subject, rule));
    }
    // Each of those that are about to arrive can be one of them.
    let explained = i64::try_from(strangers.len()).is_ok_and(|count| count <= arrivals);
    differences.extend(strangers.iter().map(|stranger| Difference {
        placement: None,
        platform_ref: stranger.platform_ref.clone(),
        owed: arrivals,
        explained,
        ..Difference::of_kind(DifferenceKind::TemplateUnknown)
    }));
    differences
}

fn standing(subject: &Subject) -> Option<Difference> {
    let Subject { owed, withdrawn, .. } = subject;
    let (kind, owed, fields) = match &subject.standing {
        Standing::Missing if !withdrawn => {
            (DifferenceKind::TemplateMissing, owed.withdrawals, &[][..])
        }
        Standing::There { .. } if *withdrawn => {
            (DifferenceKind::TemplateStillThere, owed.withdrawals, &[][..])
        }
        Standing::There { changed } if !changed.is_empty() => {
            (DifferenceKind::TemplateChanged, owed.updates, changed.as_slice())
        }
        Standing::There { .. } if subject.untold => {
            (DifferenceKind::PlacementUnpublishedChanges, 0, &[][..])
        }
        Standing::Unsure | Standing::Missing | Standing::There { .. } => return None,
    };
    Some(Difference {
        fields: fields.to_vec(),
        owed,
        explained: owed > 0,
        ..Difference::about(subject, kind)
    })
}

impl Difference {
    fn of_kind(kind: DifferenceKind) -> Self {
        Self {
            kind,
            placement: None,
            platform_ref: String::new(),
            day: None,
            ours: None,
            theirs: None,
            fields: Vec::new(),
            owed: 0,
            explained: false,
        }
    }

    fn about(subject: &Subject, kind: DifferenceKind) -> Self {
        Self {
            placement: Some(subject.placement),
            platform_ref: subject.platform_ref.clone(),
            ..Self::of_kind(kind)
        }
    }

    /// By how much the figures differ; zero where there are none.
    pub fn size(&self) -> i64 {
        self.ours.zip(self.theirs).map_or(0, |(ours, theirs)| (theirs - ours).abs())
    }
}

impl Comparison {
    /// How many differences nothing explains.
    pub fn unexplained(&self) -> usize {
        self.differences.iter().filter(|difference| !difference.explained).count()
    }
}

impl DifferenceKind {
    /// As the database spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LostCalls => "lost_calls",
            Self::ForgedCalls => "forged_calls",
            Self::UnusedThere => "unused_there",
            Self::UsedThere => "used_there",
            Self::StockDiffers => "stock_differs",
            Self::TemplateChanged => "template_changed",
            Self::TemplateMissing => "template_missing",
            Self::TemplateUnknown => "template_unknown",
            Self::TemplateStillThere => "template_still_there",
            Self::PlacementUnpublishedChanges => "placement_unpublished_changes",
        }
    }
}

#[cfg(test)]
mod tests;
