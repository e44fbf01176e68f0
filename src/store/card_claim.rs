//! Leave to take a card on its platform, as we sign it for people of a mini-program.

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{
    code::CouponCode,
    id::{AppId, CardClaimId, CodeId, HolderId, MemberId, PersonId, PlacementId, TemplateId},
};

/// A placement as leave for its cards is judged by.
#[derive(Debug, Clone)]
pub struct CardPlacement {
    /// The platform's id of it.
    pub card_ref: Option<String>,
    /// What only the platform's room understands.
    pub settings: Value,
    /// What the reviewers say.
    pub review: Option<String>,
}

/// Leave that was signed.
#[derive(Clone)]
pub struct CardClaim {
    /// Ours.
    pub id: CardClaimId,
    /// What the platform carries back to us.
    pub reference: String,
    /// The code that we chose, where we do.
    pub code: Option<CouponCode>,
    /// How often it was signed.
    pub signatures: i32,
}

/// Whoever has the reference or the code can pass for its owner, so logs see neither.
impl fmt::Debug for CardClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CardClaim").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Leave that is to be signed.
#[derive(Debug)]
pub struct NewCardClaim<'a> {
    /// The leave.
    pub claim: &'a CardClaim,
    /// The uploaded code that it uses up.
    pub code_id: Option<CodeId>,
    /// Whose card it will be on the platform's side.
    pub app: AppId,
    /// For which placement.
    pub placement: PlacementId,
    /// Of which template.
    pub template: TemplateId,
    /// Who asked.
    pub visitor: HolderId,
    /// Whom the limit counts.
    pub person: PersonId,
    /// Where the person was, as the mini-program says.
    pub channel: Option<&'a str>,
    /// When it is signed, when it lapses, and until when its code is kept.
    pub times: (DateTime<Utc>, DateTime<Utc>, Option<DateTime<Utc>>),
}

/// What a person has of a template, leave that is open included.
#[derive(Debug, Clone, Copy)]
pub struct Had {
    /// How many coupons.
    pub coupons: i32,
    /// How much leave that is not taken yet, but for the one that is to be signed anew.
    pub open: i64,
    /// When the last of them was given.
    pub latest: Option<DateTime<Utc>>,
}

/// What leave for a placement's cards is judged by; to be read under the lock of its template.
pub async fn get_placement(
    conn: &mut PgConnection,
    placement: PlacementId,
) -> sqlx::Result<CardPlacement> {
    sqlx::query_as!(
        CardPlacement,
        r#"select platform_ref as card_ref, settings, review from placement where placement_id = $1"#,
        placement as _,
    )
    .fetch_one(conn)
    .await
}

/// Whom a visitor is by now: as whom they have coupons, and which member.
pub async fn find_whom(
    conn: &mut PgConnection,
    visitor: HolderId,
) -> sqlx::Result<(HolderId, Option<MemberId>)> {
    let row = sqlx::query!(
        r#"
        select
            coalesce(card_holder.holder_id, holder.holder_id) as "holder!: HolderId",
            coalesce(card_holder.member_id, holder.member_id) as "member: MemberId"
        from holder
        join app on app.app_id = holder.app_id
        left join holder_bond on holder_bond.visitor_id = holder.holder_id
        left join holder as card_holder
            on card_holder.holder_id = holder_bond.card_holder_id and card_holder.app_id = app.cards_app_id
        where holder.holder_id = $1
        "#,
        visitor as _,
    )
    .fetch_one(conn)
    .await?;
    Ok((row.holder, row.member))
}

/// The visitor's leave for this placement that can be signed anew, and that nobody else touches until the transaction
/// ends: it is not said to be used, and open, or at least its code is still kept. Otherwise one visitor could use up one
/// code after the other.
pub async fn find_open(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    (template, placement): (TemplateId, PlacementId),
    visitor: HolderId,
) -> sqlx::Result<Option<CardClaim>> {
    sqlx::query_as!(
        CardClaim,
        r#"
        select claim_id as "id: CardClaimId", reference, code as "code: CouponCode", signatures
        from card_claim
        where template_id = $1
            and placement_id = $2
            -- Another account of the same person has leave of its own: the reference says whose card it becomes.
            and visitor_id = $3
            and state in ('signed', 'lapsed')
            and (state = 'signed' and $4 < expires_at or code is not null and $4 < code_until)
            and hinted_at is null
        order by signed_at desc
        limit 1
        for no key update
        "#,
        template as _,
        placement as _,
        visitor as _,
        now,
    )
    .fetch_optional(conn)
    .await
}

/// What the person has of the template, under all these names together, without this leave.
pub async fn count(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    (template, names): (TemplateId, &[PersonId]),
    but: Option<CardClaimId>,
) -> sqlx::Result<Had> {
    let names: Vec<Uuid> = names.iter().map(|name| name.uuid()).collect();
    sqlx::query_as!(
        Had,
        r#"
        select
            given.number as "coupons!",
            open.number as "open!",
            greatest(given.latest, open.latest) as "latest?"
        from (
            select count(*) as number, max(signed_at) as latest
            from card_claim
            where template_id = $1
                and person_id = any ($2)
                and state = 'signed'
                and $3 < expires_at
                and claim_id is distinct from $4
        ) as open
        cross join (
            select coalesce(sum(had.ordinal), 0)::integer as number, max(had.issued_at) as latest
            from (select distinct name from unnest($2::uuid[]) as asked (name)) as asked
            cross join lateral (
                -- The highest ordinal is how many this person was ever given.
                select ordinal, issued_at
                from coupon
                where template_id = $1 and person_id = asked.name
                order by ordinal desc
                limit 1
            ) as had
        ) as given
        "#,
        template as _,
        &names,
        now,
        but as _,
    )
    .fetch_one(conn)
    .await
}

/// Keeps new leave.
pub async fn insert(conn: &mut PgConnection, new: NewCardClaim<'_>) -> sqlx::Result<()> {
    let (signed_at, expires_at, code_until) = new.times;
    sqlx::query!(
        r#"
        insert into card_claim (
            claim_id, reference, app_id, placement_id, template_id, visitor_id, person_id, code, code_id, channel,
            signed_at, expires_at, code_until
        )
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        "#,
        new.claim.id as _,
        new.claim.reference,
        new.app as _,
        new.placement as _,
        new.template as _,
        new.visitor as _,
        new.person as _,
        new.claim.code as _,
        new.code_id as _,
        new.channel,
        signed_at,
        expires_at,
        code_until,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Moves the ends of leave on that is signed anew, and that is locked; it counts for this person from now on.
pub async fn renew(
    conn: &mut PgConnection,
    (id, person): (CardClaimId, PersonId),
    expires_at: DateTime<Utc>,
    code_until: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update card_claim
        set state = 'signed',
            signatures = signatures + 1,
            person_id = $4,
            expires_at = greatest(expires_at, $2),
            code_until = greatest(code_until, $3)
        where claim_id = $1
        "#,
        id as _,
        expires_at,
        code_until,
        person as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The oldest free uploaded code of up to so many characters, taken from now on.
pub async fn take_code(
    conn: &mut PgConnection,
    template: TemplateId,
    longest: i32,
) -> sqlx::Result<Option<(CodeId, CouponCode)>> {
    let row = sqlx::query!(
        r#"
        update code
        set state = 'taken'
        where code_id = (
            select code_id
            from code
            where template_id = $1 and state = 'free' and length(value) <= $2
            order by code_id
            limit 1
            -- Whoever holds one of these rows is about to use it or to remove it.
            for update skip locked
        )
        returning code_id as "id: CodeId", value as "value: CouponCode"
        "#,
        template as _,
        longest,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.id, row.value)))
}

/// Whether one of these names has coupons of the template, or open leave, that are not of this placement.
pub async fn has_elsewhere(
    conn: &mut PgConnection,
    (template, placement): (TemplateId, PlacementId),
    names: &[PersonId],
) -> sqlx::Result<bool> {
    let names: Vec<Uuid> = names.iter().map(|name| name.uuid()).collect();
    sqlx::query_scalar!(
        r#"
        select exists (
            select from coupon
            where template_id = $1 and person_id = any ($2) and placement_id <> $3
        ) or exists (
            select from card_claim
            where template_id = $1 and person_id = any ($2) and placement_id <> $3 and state = 'signed'
        ) as "has!"
        "#,
        template as _,
        &names,
        placement as _,
    )
    .fetch_one(conn)
    .await
}
