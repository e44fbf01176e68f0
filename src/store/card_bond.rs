//! Accounts that are one person's: on a mini-program, and on the account whose cards its people take.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::id::{AppId, HolderId, MemberId, PersonId};

/// An account as a bond needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Ours.
    pub holder: HolderId,
    /// Where.
    pub app: AppId,
    /// Whose it is, if the merchant said.
    pub member: Option<MemberId>,
    /// The platform's name of the person over all accounts of the merchant; personal data.
    pub union_id: Option<String>,
}

/// A bond that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bond {
    /// On the mini-program.
    pub visitor: HolderId,
    /// On the account of the cards.
    pub card_holder: HolderId,
}

/// These accounts, kept from changing until the transaction ends; locked in the order in which everybody locks people.
pub async fn lock(conn: &mut PgConnection, holders: &[HolderId]) -> sqlx::Result<Vec<Account>> {
    let holders: Vec<Uuid> = holders.iter().map(|holder| holder.uuid()).collect();
    sqlx::query_as!(
        Account,
        r#"
        select holder_id as "holder: HolderId", app_id as "app: AppId", member_id as "member: MemberId", union_id
        from holder
        where holder_id = any($1)
        order by holder_id
        for no key update
        "#,
        &holders,
    )
    .fetch_all(conn)
    .await
}

/// Those of the people of its mini-programs who go by this name over all accounts.
pub async fn list_visitors(
    conn: &mut PgConnection,
    cards_app: AppId,
    union_id: &str,
) -> sqlx::Result<Vec<HolderId>> {
    sqlx::query_scalar!(
        r#"
        select holder.holder_id as "holder: HolderId"
        from holder
        join app on app.app_id = holder.app_id
        where holder.union_id = $2 and app.cards_app_id = $1
        order by holder.holder_id
        limit 100
        "#,
        cards_app as _,
        union_id,
    )
    .fetch_all(conn)
    .await
}

/// Whoever goes by this name on the account of the cards.
pub async fn find_card_holder(
    conn: &mut PgConnection,
    cards_app: AppId,
    union_id: &str,
) -> sqlx::Result<Option<HolderId>> {
    sqlx::query_scalar!(
        r#"
        select holder_id as "holder: HolderId"
        from holder
        where union_id = $2 and app_id = $1
        order by created_at, holder_id
        limit 1
        "#,
        cards_app as _,
        union_id,
    )
    .fetch_optional(conn)
    .await
}

/// Who was given leave under this reference to take a card of the account, as long as nobody has taken one with it.
pub async fn find_claimant(
    conn: &mut PgConnection,
    cards_app: AppId,
    (reference, now): (&str, DateTime<Utc>),
) -> sqlx::Result<Option<HolderId>> {
    sqlx::query_scalar!(
        r#"
        select visitor_id as "visitor: HolderId"
        from card_claim
        where reference = $2
            and app_id = $1
            and coupon_id is null
            and state <> 'taken'
            -- Whoever passes an old one on says nothing of whose it was.
            and expires_at > $3::timestamptz - interval '24 hours'
        "#,
        cards_app as _,
        reference,
        now,
    )
    .fetch_optional(conn)
    .await
}

/// The bonds of an account, on whichever side it stands.
pub async fn list(conn: &mut PgConnection, holder: HolderId) -> sqlx::Result<Vec<Bond>> {
    sqlx::query_as!(
        Bond,
        r#"
        select visitor_id as "visitor!: HolderId", card_holder_id as "card_holder!: HolderId"
        from holder_bond
        where visitor_id = $1
        union
        select visitor_id, card_holder_id
        from holder_bond
        where card_holder_id = $1
        "#,
        holder as _,
    )
    .fetch_all(conn)
    .await
}

/// Keeps a bond; `false` when the visitor has one already, or the card holder another one on the same mini-program.
pub async fn insert(conn: &mut PgConnection, now: DateTime<Utc>, bond: Bond) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        insert into holder_bond (visitor_id, card_holder_id, bonded_at)
        select visitor.holder_id, $2, $3
        from holder as visitor
        where visitor.holder_id = $1
            and not exists (
                select
                from holder_bond
                join holder as other on other.holder_id = holder_bond.visitor_id
                where holder_bond.card_holder_id = $2 and other.app_id = visitor.app_id
            )
        on conflict on constraint holder_bond_pkey do nothing
        "#,
        bond.visitor as _,
        bond.card_holder as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Notes the name over all accounts, where none is known.
pub async fn set_union_id(
    conn: &mut PgConnection,
    holder: HolderId,
    union_id: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update holder set union_id = $2 where holder_id = $1 and union_id is null",
        holder as _,
        union_id,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What was reserved for one is from now on reserved for another name of the same person.
pub async fn carry_over(conn: &mut PgConnection, from: PersonId, to: PersonId) -> sqlx::Result<()> {
    sqlx::query!(
        "update card_claim set person_id = $2 where person_id = $1 and state = 'signed'",
        from as _,
        to as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}
