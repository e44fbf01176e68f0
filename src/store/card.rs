//! Cards, each with all that was told of it, and the coupons that they are with us.

pub mod change;
pub mod claims;
pub mod heirs;
pub mod placed;
pub mod push;
pub mod word;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::domain::{
    card::{CardKey, CardStanding, Suspension, difference::Held},
    coupon::CouponState,
    id::{AppId, CouponId, HolderId, PlacementId, TemplateId},
    stock::Way,
    validity::Validity,
};

/// A card on an app.
pub type CardOn = (AppId, CardKey);

/// What a platform's id of a placement stands for.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Where.
    pub app: AppId,
    /// The platform's id of it.
    pub card_ref: String,
    /// Ours.
    pub placement: PlacementId,
    /// Of what.
    pub template: TemplateId,
}

/// A card as it was told of so far.
#[derive(Debug)]
pub struct Card {
    /// Its name.
    pub key: CardOn,
    /// The coupon it is.
    pub coupon: Option<CouponId>,
    /// All that is known of it.
    pub standing: CardStanding,
}

/// The coupon of a card, with all that its agreement with the card is judged by.
#[derive(Debug, Clone)]
pub struct CardCoupon {
    /// Ours.
    pub id: CouponId,
    /// Of what.
    pub template: TemplateId,
    /// Where it was given out.
    pub placement: PlacementId,
    /// How it stands.
    pub held: Held,
}

/// The placements that these apps know by these ids; those that are none of ours are left out.
pub async fn list_placed(
    conn: &mut PgConnection,
    asked: &[(AppId, &str)],
) -> sqlx::Result<Vec<Placed>> {
    let apps: Vec<Uuid> = asked.iter().map(|(app, _)| app.uuid()).collect();
    let refs: Vec<&str> = asked.iter().map(|(_, card_ref)| *card_ref).collect();
    sqlx::query_as!(
        Placed,
        r#"
        select
            placement.app_id as "app!: AppId",
            asked.card_ref as "card_ref!",
            placement.placement_id as "placement!: PlacementId",
            placement.template_id as "template!: TemplateId"
        from unnest($1::uuid[], $2::text[]) as asked (app_id, card_ref)
        join placement on placement.app_id = asked.app_id and placement.platform_ref = asked.card_ref
        "#,
        &apps,
        &refs as _,
    )
    .fetch_all(conn)
    .await
}

/// Whether anybody has, or had, one of what the app's platform knows by this id.
pub async fn any_of(conn: &mut PgConnection, app: AppId, card_ref: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from card where app_id = $1 and card_ref = $2) as "any!""#,
        app as _,
        card_ref,
    )
    .fetch_one(conn)
    .await
}

/// Those of the cards that were told of before, as they are at this moment.
pub async fn list(conn: &mut PgConnection, keys: &[&CardOn]) -> sqlx::Result<Vec<Card>> {
    let columns = Columns::of(keys);
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            card.app_id as "app!: AppId",
            card.card_ref as "card_ref!",
            card.code as "code!",
            card.coupon_id as "coupon?: CouponId",
            card.standing as "standing!: Json<CardStanding>"
        from unnest($1::uuid[], $2::text[], $3::text[]) as asked (app_id, card_ref, code)
        cross join lateral (
            select app_id, card_ref, code, coupon_id, standing
            from card
            where card.app_id = asked.app_id and card.card_ref = asked.card_ref and card.code = asked.code
            offset 0
        ) as card
        "#,
        &columns.apps,
        &columns.refs as _,
        &columns.codes as _,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Card::from).collect())
}

/// Makes sure that the cards are there, and keeps them from changing until the transaction ends. They must be sorted.
pub async fn lock(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    cards: &[(&CardOn, PlacementId)],
) -> sqlx::Result<Vec<Card>> {
    let keys: Vec<_> = cards.iter().map(|(key, _)| *key).collect();
    let columns = Columns::of(&keys);
    let placements: Vec<Uuid> = cards.iter().map(|(_, placement)| placement.uuid()).collect();
    sqlx::query!(
        r#"
        insert into card (app_id, card_ref, code, placement_id, standing, changed_at)
        select new.app_id, new.card_ref, new.code, new.placement_id, '{}', $5
        from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[]) with ordinality
            as new (app_id, card_ref, code, placement_id, place)
        order by new.place
        on conflict on constraint card_pkey do nothing
        "#,
        &columns.apps,
        &columns.refs as _,
        &columns.codes as _,
        &placements,
        now,
    )
    .execute(&mut *conn)
    .await?;
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            card.app_id as "app!: AppId",
            card.card_ref as "card_ref!",
            card.code as "code!",
            card.coupon_id as "coupon?: CouponId",
            card.standing as "standing!: Json<CardStanding>"
        from (
            select app_id, card_ref, code
            from unnest($1::uuid[], $2::text[], $3::text[]) with ordinality as asked (app_id, card_ref, code, place)
            order by place
            offset 0
        ) as asked
        -- One after the other in the order asked, so that nobody waits for each other.
        cross join lateral (
            select app_id, card_ref, code, coupon_id, standing
            from card
            where card.app_id = asked.app_id and card.card_ref = asked.card_ref and card.code = asked.code
            for no key update
        ) as card
        "#,
        &columns.apps,
        &columns.refs as _,
        &columns.codes as _,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Card::from).collect())
}

/// Writes down what is known of cards by now, and their coupons.
pub async fn write(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    cards: &[&Card],
) -> sqlx::Result<()> {
    let keys: Vec<_> = cards.iter().map(|card| &card.key).collect();
    let columns = Columns::of(&keys);
    let coupons: Vec<_> = cards.iter().map(|card| card.coupon.map(CouponId::uuid)).collect();
    let standings: Vec<_> = cards.iter().map(|card| Json(&card.standing)).collect();
    sqlx::query!(
        r#"
        update card
        set coupon_id = new.coupon_id, standing = new.standing, changed_at = $6
        from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::jsonb[])
            as new (app_id, card_ref, code, coupon_id, standing)
        where card.app_id = new.app_id and card.card_ref = new.card_ref and card.code = new.code
        "#,
        &columns.apps,
        &columns.refs as _,
        &columns.codes as _,
        &coupons as &[Option<Uuid>],
        &standings as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The coupons of cards, in their order; nothing is locked.
pub async fn list_coupons(
    conn: &mut PgConnection,
    keys: &[&CardOn],
) -> sqlx::Result<Vec<Option<CardCoupon>>> {
    let apps: Vec<Uuid> = keys.iter().map(|(app, _)| app.uuid()).collect();
    let records: Vec<_> = keys.iter().map(|(_, key)| key.record().as_str().to_owned()).collect();
    let rows = sqlx::query!(
        r#"
        select
            asked.place as "place!",
            coupon.coupon_id as "id!: CouponId",
            coupon.template_id as "template!: TemplateId",
            coupon.terms_version as "terms_version!",
            coupon.placement_id as "placement!: PlacementId",
            coupon.app_id as "app!: AppId",
            coupon.holder_id as "holder!: HolderId",
            coupon.way as "way!: Way",
            coupon.state as "state!: CouponState",
            coupon.valid_from as "valid_from!",
            coupon.valid_until as "valid_until!",
            kept.reason as "reason?: Suspension",
            kept.since as "since?",
            used.ever as "was_used!",
            used.elsewhere as "was_used_elsewhere!"
        from unnest($1::uuid[], $2::text[]) with ordinality as asked (app_id, record, place)
        cross join lateral (
            select
                coupon_id, template_id, terms_version, placement_id, app_id, holder_id, way, state, valid_from,
                valid_until
            from coupon
            where coupon.app_id = asked.app_id and coupon.record = asked.record
            offset 0
        ) as coupon
        left join lateral (
            select reason, since
            from coupon_suspension
            where coupon_suspension.coupon_id = coupon.coupon_id
            offset 0
        ) as kept on true
        cross join lateral (
            select
                count(*) > 0 as ever,
                count(*) filter (where order_no = 'card/' || coupon.coupon_id) > 0 as elsewhere
            from redemption
            where redemption.coupon_id = coupon.coupon_id
            offset 0
        ) as used
        "#,
        &apps,
        &records,
    )
    .fetch_all(conn)
    .await?;
    let mut coupons: Vec<_> = keys.iter().map(|_| None).collect();
    for row in rows {
        let place = usize::try_from(row.place - 1).ok().and_then(|place| coupons.get_mut(place));
        let Some(place) = place else { continue };
        let held = Held {
            app: row.app,
            holder: row.holder,
            way: row.way,
            state: row.state,
            terms_version: row.terms_version,
            validity: Validity { from: row.valid_from, until: row.valid_until },
            suspension: row.reason.zip(row.since),
            was_used_elsewhere: row.was_used_elsewhere,
            was_used: row.was_used,
        };
        *place =
            Some(CardCoupon { id: row.id, template: row.template, placement: row.placement, held });
    }
    Ok(coupons)
}

/// Why a coupon was taken out of use.
pub async fn find_void_reason(
    conn: &mut PgConnection,
    coupon: CouponId,
) -> sqlx::Result<Option<String>> {
    let found = sqlx::query_scalar!(
        r#"
        select data ->> 'reason' as reason
        from event
        where coupon_id = $1 and kind = 'coupon.voided'
        order by occurred_at desc
        limit 1
        "#,
        coupon as _,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.flatten())
}

/// The coupon that shows this code, whichever card it is.
pub async fn shows(conn: &mut PgConnection, code: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select exists (select from coupon where code = $1) as "shown!""#, code,)
        .fetch_one(conn)
        .await
}

/// One column for each part of the names of cards.
struct Columns<'a> {
    apps: Vec<Uuid>,
    refs: Vec<&'a str>,
    codes: Vec<&'a str>,
}

impl<'a> Columns<'a> {
    fn of(keys: &[&'a CardOn]) -> Self {
        Self {
            apps: keys.iter().map(|(app, _)| app.uuid()).collect(),
            refs: keys.iter().map(|(_, key)| key.card_ref.as_str()).collect(),
            codes: keys.iter().map(|(_, key)| key.code.as_str()).collect(),
        }
    }
}

struct Row {
    app: AppId,
    card_ref: String,
    code: String,
    coupon: Option<CouponId>,
    standing: Json<CardStanding>,
}

impl From<Row> for Card {
    fn from(row: Row) -> Self {
        let key = (row.app, CardKey { card_ref: row.card_ref, code: row.code });
        Self { key, coupon: row.coupon, standing: row.standing.0 }
    }
}
