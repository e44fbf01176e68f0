//! Where a template is placed, as one person finds it.

use sqlx::PgConnection;

use crate::domain::{
    app::PlatformKind,
    id::{AppId, MemberId, PlacementId, TemplateId},
    number::TemplateNumber,
    placement::PlacementState,
};

/// A template and a person.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    /// Absent if there is none of the number.
    pub template: Option<TemplateId>,
    /// Absent if nobody told us of the person.
    pub member: Option<MemberId>,
    /// In no order.
    pub placed: Vec<Placed>,
}

/// One of the template's placements.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Ours.
    pub placement: PlacementId,
    /// Where.
    pub app: AppId,
    /// What kind of place that is.
    pub platform: PlatformKind,
    /// Whether it can be claimed from.
    pub state: PlacementState,
    /// As whom the app knows the member.
    pub open_id: Option<String>,
    /// Whether the member's name on an app of the merchant's own is taken by somebody who is no member, or another one.
    pub is_strangers: bool,
}

/// What is there for each template and uid, in their order.
pub async fn find(
    conn: &mut PgConnection,
    asked: &[(TemplateNumber, String)],
) -> sqlx::Result<Vec<Shelf>> {
    let numbers: Vec<i64> = asked.iter().map(|(number, _)| number.get()).collect();
    let uids: Vec<&str> = asked.iter().map(|(_, uid)| uid.as_str()).collect();
    let rows = sqlx::query_file!("src/store/sql/find_shelves.sql", &numbers, &uids as _)
        .fetch_all(conn)
        .await?;
    let mut shelves = vec![Shelf::default(); asked.len()];
    for row in rows {
        let place = usize::try_from(row.place - 1).unwrap_or_default();
        let shelf = &mut shelves[place];
        shelf.template = row.template;
        shelf.member = row.member;
        let placed = (row.placement, row.app, row.platform, row.state);
        if let (Some(placement), Some(app), Some(platform), Some(state)) = placed {
            let (open_id, is_strangers) = (row.open_id, row.is_strangers);
            shelf.placed.push(Placed { placement, app, platform, state, open_id, is_strangers });
        }
    }
    Ok(shelves)
}
