//! What people may claim through us.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{
    app::PlatformKind,
    category::Category,
    id::{AppId, MemberId, PersonId, PlacementId, TemplateId},
    number::TemplateNumber,
    sight::Sight,
    template::TemplateState,
};

/// A placement that people may claim from, or will.
#[derive(Debug, Clone, Copy)]
pub struct Offer {
    /// Of what.
    pub placement: PlacementId,
    /// Of which template.
    pub template: TemplateId,
    /// The version of the terms in force.
    pub version: i32,
    /// Where.
    pub app: AppId,
    /// Stock for claims that is not issued.
    pub stock: i64,
    /// What kind of place that is.
    pub platform: PlatformKind,
    /// Where codes are uploaded: how many are free, counted up to ten thousand.
    pub codes: Option<i64>,
    /// How many of the template's coupons the person was given so far.
    pub held: i32,
    /// When the last of them was issued.
    pub latest: Option<DateTime<Utc>>,
}

/// Active placements of active templates on these apps whose claim window is not over, newest first, older than `before`.
pub async fn list(
    conn: &mut PgConnection,
    apps: &[AppId],
    person: Option<PersonId>,
    now: DateTime<Utc>,
    (before, limit): (Option<PlacementId>, i64),
) -> sqlx::Result<Vec<Offer>> {
    let apps: Vec<Uuid> = apps.iter().map(|app| app.uuid()).collect();
    let before = before.map_or(Uuid::max(), PlacementId::uuid);
    sqlx::query_as!(
        Offer,
        r#"
        select
            placement.placement_id as "placement: PlacementId",
            placement.template_id as "template: TemplateId",
            template.version,
            placement.app_id as "app: AppId",
            app.platform as "platform: PlatformKind",
            stock.total - stock.issued as "stock!",
            free.count as "codes?",
            coalesce(latest.ordinal, 0) as "held!",
            latest.issued_at as "latest?"
        from placement
        join template on template.template_id = placement.template_id
        join template_terms as terms
            on terms.template_id = template.template_id and terms.version = template.version
        join app on app.app_id = placement.app_id
        -- What a platform gives by itself is taken there.
        join stock on stock.placement_id = placement.placement_id
            and stock.way = case when app.platform = 'wechat' then 'take' else 'claim' end
        left join lateral (
            select count(*) as count
            from (
                select
                from code
                where code.template_id = placement.template_id and code.state = 'free'
                limit 10000
            ) as few
            where terms.document -> 'codes' ->> 'type' = 'uploaded'
            having terms.document -> 'codes' ->> 'type' = 'uploaded'
        ) free on true
        left join lateral (
            -- The highest ordinal is how many this person was ever given.
            select coupon.ordinal, coupon.issued_at
            from coupon
            where coupon.template_id = placement.template_id and coupon.person_id = $2
            order by coupon.ordinal desc
            limit 1
        ) latest on true
        where placement.app_id = any($1)
            and placement.placement_id < $3
            and placement.state = 'active'
            and template.state = 'active'
            and (app.platform <> 'wechat' or placement.review = 'passed' and placement.platform_ref is not null)
            and $4 < (terms.document ->> 'claim_until')::timestamptz
        order by placement.placement_id desc
        limit $5
        "#,
        &apps,
        person as _,
        before,
        now,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// A template over all of its placements that somebody can claim from.
#[derive(Debug, Clone, Copy)]
pub struct PlacedTemplate {
    /// Ours.
    pub id: TemplateId,
    /// By which protocols know it.
    pub number: TemplateNumber,
    /// The version of the terms in force.
    pub version: i32,
    /// Whether it can be claimed at all.
    pub state: TemplateState,
    /// Whether there is a placement.
    pub is_placed: bool,
    /// Stock for claims that is not issued, over all of them.
    pub stock: i64,
    /// Where codes are uploaded: how many are free, counted up to ten thousand.
    pub codes: Option<i64>,
    /// How many of its coupons the member was given so far.
    pub held: i32,
    /// When the last of them was issued.
    pub latest: Option<DateTime<Utc>>,
}

/// For whom templates are listed.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// None for nobody in particular, for whom every placement counts.
    pub member: Option<MemberId>,
    /// Placements on these apps count.
    pub sight: &'a Sight,
    /// The moment.
    pub now: DateTime<Utc>,
}

/// Which templates are listed.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// Those that can be claimed from somewhere now or later, of one category or of any.
    Open(Option<Category>),
    /// These, however they stand.
    Templates(&'a [TemplateId]),
}

/// Templates, newest first.
pub async fn list_templates(
    conn: &mut PgConnection,
    asking: Asking<'_>,
    wanted: Wanted<'_>,
    (offset, limit): (i64, i64),
) -> sqlx::Result<Vec<PlacedTemplate>> {
    let (templates, category): (Option<Vec<Uuid>>, _) = match wanted {
        Wanted::Open(category) => (None, category.map(Category::as_str)),
        Wanted::Templates(templates) => {
            (Some(templates.iter().map(|template| template.uuid()).collect()), None)
        }
    };
    let apps = asking.sight.filter();
    sqlx::query_file_as!(
        PlacedTemplate,
        "src/store/sql/list_placed_templates.sql",
        templates.as_deref(),
        category,
        asking.now,
        apps.as_deref(),
        asking.member as _,
        offset,
        limit,
    )
    .fetch_all(conn)
    .await
}
