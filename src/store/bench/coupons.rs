//! What the bench of coupons in use puts into its database, and the statements of a use alone, which it compares with.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::NewCampaign;
use crate::{
    domain::{
        access::Actor,
        code::CouponCode,
        event::Cause,
        id::{AppId, HolderId, MemberId, RedemptionId, TemplateId},
        life::{ActKey, Shown, Whose},
    },
    store::{
        life::{
            self, Asked, Step,
            redeeming::{Use, redeem},
        },
        redemption::Redemption,
    },
};

/// Whose coupons are to be filled in.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a> {
    /// On which app.
    pub app: AppId,
    /// Of what.
    pub campaign: &'a NewCampaign,
    /// When they were issued.
    pub now: DateTime<Utc>,
    /// Begins each code, before a number of twelve digits.
    pub prefix: &'a str,
    /// How many.
    pub count: i64,
}

/// Fills in coupons of one holder each, with codes that can be told from their numbers, from 0.
pub async fn fill_coupons(conn: &mut PgConnection, filling: Filling<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with stranger as (
            select gen_random_uuid() as id, number
            from generate_series(0, $1::bigint - 1) as number
        ),
        met as (
            insert into holder (holder_id, app_id, open_id, created_at)
            select id, $2, $6 || id, $5
            from stranger
        )
        insert into coupon (
            coupon_id, placement_id, template_id, terms_version, app_id, holder_id, person_id, ordinal,
            record, way, code, valid_from, valid_until, issued_at
        )
        select
            uuid_v7($5), $3, $4, 1, $2, id, id, 1,
            replace(id::text, '-', ''), 'take', $6 || lpad(number::text, 12, '0'), $5, $5 + interval '7 days', $5
        from stranger
        "#,
        filling.count,
        filling.app as _,
        filling.campaign.placement as _,
        filling.campaign.template as _,
        filling.now,
        filling.prefix,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives one member some coupons of each of some campaigns.
pub async fn fill_wallet(
    conn: &mut PgConnection,
    app: AppId,
    uid: &str,
    campaigns: &[&NewCampaign],
    each: i32,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let templates: Vec<_> = campaigns.iter().map(|one| one.template.uuid()).collect();
    let placements: Vec<_> = campaigns.iter().map(|one| one.placement.uuid()).collect();
    sqlx::query!(
        r#"
        with person as (
            insert into member (member_id, uid, created_at)
            values ($1, $2, $7)
        ),
        met as (
            insert into holder (holder_id, app_id, open_id, member_id, created_at)
            values ($3, $4, $2, $1, $7)
        )
        insert into coupon (
            coupon_id, placement_id, template_id, terms_version, app_id, holder_id, person_id, ordinal,
            record, way, code, valid_from, valid_until, issued_at
        )
        select
            uuid_v7($7), placement_id, template_id, 1, $4, $3, $1, ordinal,
            replace(gen_random_uuid()::text, '-', ''), 'take', 'W' || replace(gen_random_uuid()::text, '-', ''),
            $7, $7 + interval '7 days', $7
        from unnest($5::uuid[], $6::uuid[]) as campaign (template_id, placement_id),
            generate_series(1, $8::integer) as ordinal
        "#,
        MemberId::new(now) as _,
        uid,
        HolderId::derive(app, uid) as _,
        app as _,
        &templates,
        &placements,
        now,
        each,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A template of its own that takes uploaded codes.
pub async fn plant_uploading(
    conn: &mut PgConnection,
    template: TemplateId,
    terms: &Value,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with made as (
            insert into template (template_id, version, state, created_at, updated_at)
            values ($1, 1, 'active', $3, $3)
        )
        insert into template_terms (template_id, version, document, created_at)
        values ($1, 1, $2, $3)
        "#,
        template as _,
        terms,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The two statements of a use, as the service asks them, and nothing around them.
pub async fn redeem_alone(
    conn: &mut PgConnection,
    code: CouponCode,
    order_no: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let (shown, key) =
        (Shown::Code(code), ActKey { owner: Uuid::nil(), text: order_no.to_owned() });
    let (whose, order_no) = (Whose::Anybodys, order_no.to_owned());
    let asked = Asked { shown: &shown, whose: &whose, order_no: Some(&order_no), key: Some(&key) };
    let Some(found) = life::find(conn, asked).await? else { return Ok(false) };
    let cause = Cause { actor: Actor::Kaquan, request: None };
    let data = json!({ "coupon_id": found.id, "order_no": order_no, "store": "shop" });
    let (coupon, version) = (found.id, found.version);
    let step = Step { coupon, version, now, cause: &cause, data };
    let redemption = Redemption {
        id: RedemptionId::new(now),
        coupon,
        order_no,
        store: Some("shop".to_owned()),
        operator: None,
        redeemed_at: now,
        amount_fen: None,
        discount_fen: None,
        reversed_at: None,
        lines: Vec::new(),
    };
    let request_hash = &[0; 32];
    let used = Use { step, redemption: &redemption, key: &key, request_hash };
    Ok(redeem(conn, &[used]).await?.len() == 1)
}

/// How many coupons with such a code were used, and how many uses there are of them.
pub async fn count_uses(conn: &mut PgConnection, prefix: &str) -> sqlx::Result<(i64, i64)> {
    let counted = sqlx::query!(
        r#"
        select count(distinct coupon.coupon_id) as "coupons!", count(*) as "uses!"
        from coupon
        join redemption on redemption.coupon_id = coupon.coupon_id
        where starts_with(coupon.code, $1)
        "#,
        prefix,
    )
    .fetch_one(conn)
    .await?;
    Ok((counted.coupons, counted.uses))
}
