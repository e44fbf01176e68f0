//! People as the merchant knows them, and their holders on the apps.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{
    id::{AppId, HolderId, MemberId},
    people::Membership,
};

/// One member.
#[derive(Debug, Clone)]
pub struct Member {
    /// Ours.
    pub id: MemberId,
    /// The merchant's.
    pub uid: String,
    /// What an audience asks for.
    pub classes: Vec<String>,
    /// 1 to 12.
    pub birth_month: Option<i16>,
}

/// A member's account on one app.
#[derive(Debug, Clone)]
pub struct LinkedHolder {
    /// Ours.
    pub id: HolderId,
    /// Where.
    pub app: AppId,
    /// The person there.
    pub open_id: String,
}

/// Adds or rewrites the member with this uid and returns its id, which stays.
pub async fn save(
    conn: &mut PgConnection,
    member: &Member,
    now: DateTime<Utc>,
) -> sqlx::Result<MemberId> {
    sqlx::query_scalar!(
        r#"
        insert into member (member_id, uid, classes, birth_month, created_at)
        values ($1, $2, $3, $4, $5)
        on conflict on constraint member_one_per_uid do update
        set classes = excluded.classes, birth_month = excluded.birth_month
        returning member_id as "id: MemberId"
        "#,
        member.id as _,
        member.uid,
        &member.classes,
        member.birth_month,
        now,
    )
    .fetch_one(conn)
    .await
}

/// The member with this uid.
pub async fn find_by_uid(conn: &mut PgConnection, uid: &str) -> sqlx::Result<Option<Member>> {
    sqlx::query_as!(
        Member,
        r#"
        select member_id as "id: MemberId", uid, classes, birth_month
        from member
        where uid = $1
        "#,
        uid,
    )
    .fetch_optional(conn)
    .await
}

/// What the merchant calls this member.
pub async fn find_uid(conn: &mut PgConnection, member: MemberId) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("select uid from member where member_id = $1", member as _)
        .fetch_optional(conn)
        .await
}

/// Whether anybody is known by this id.
pub async fn is_holder(conn: &mut PgConnection, holder: HolderId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from holder where holder_id = $1) as "known!""#,
        holder as _,
    )
    .fetch_one(conn)
    .await
}

/// The member's holders, in the order in which we met them.
pub async fn list_holders(
    conn: &mut PgConnection,
    member: MemberId,
) -> sqlx::Result<Vec<LinkedHolder>> {
    sqlx::query_as!(
        LinkedHolder,
        r#"
        select holder_id as "id: HolderId", app_id as "app: AppId", open_id
        from holder
        where member_id = $1
        order by created_at, holder_id
        "#,
        member as _,
    )
    .fetch_all(conn)
    .await
}

/// Makes sure that the holder is known.
pub async fn insert_holder(
    conn: &mut PgConnection,
    app: AppId,
    open_id: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let id = HolderId::derive(app, open_id);
    sqlx::query!(
        r#"
        insert into holder (holder_id, app_id, open_id, created_at)
        values ($1, $2, $3, $4)
        on conflict do nothing
        "#,
        id as _,
        app as _,
        open_id,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes sure that the holder is known, keeps it from changing until the transaction ends, and says whose it is.
pub async fn lock_holder(
    conn: &mut PgConnection,
    app: AppId,
    open_id: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<MemberId>> {
    insert_holder(conn, app, open_id, now).await?;
    let id = HolderId::derive(app, open_id);
    sqlx::query_scalar!(
        r#"
        select member_id as "id: MemberId"
        from holder
        where holder_id = $1
        for no key update
        "#,
        id as _,
    )
    .fetch_one(conn)
    .await
}

/// Links a holder to a member.
pub async fn link(conn: &mut PgConnection, holder: HolderId, member: MemberId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update holder
        set member_id = $2
        where holder_id = $1
        "#,
        holder as _,
        member as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether coupons were counted against this holder alone, before it was linked to anybody.
pub async fn has_own_coupons(conn: &mut PgConnection, holder: HolderId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        -- One probe of coupon_one_per_ordinal per template; no index begins with the person.
        select exists (
            select
            from template
            join lateral (
                select
                from coupon
                where coupon.template_id = template.template_id and coupon.person_id = $1
                limit 1
            ) as own on true
        ) as "has!"
        "#,
        holder as _,
    )
    .fetch_one(conn)
    .await
}

/// Whom a holder belongs to, if the holder is known and somebody said.
pub async fn find_of_holder(
    conn: &mut PgConnection,
    holder: HolderId,
) -> sqlx::Result<Option<MemberId>> {
    let found = sqlx::query_scalar!(
        r#"
        select member_id as "id: MemberId"
        from holder
        where holder_id = $1
        "#,
        holder as _,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.flatten())
}

/// What audiences ask of a member.
pub async fn find_membership(
    conn: &mut PgConnection,
    member: MemberId,
) -> sqlx::Result<Option<Membership>> {
    let row = sqlx::query!(
        r#"
        select classes, birth_month
        from member
        where member_id = $1
        "#,
        member as _,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Membership {
        classes: row.classes,
        birth_month: row.birth_month.and_then(|month| u8::try_from(month).ok()),
    }))
}

/// The member's account on an app, the one that we met first where there are several.
pub async fn find_holder_on(
    conn: &mut PgConnection,
    member: MemberId,
    app: AppId,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        r#"
        select open_id
        from holder
        where member_id = $1 and app_id = $2
        order by created_at, holder_id
        limit 1
        "#,
        member as _,
        app as _,
    )
    .fetch_optional(conn)
    .await
}

/// The apps on which the member can claim: where the member has an account, and all of the merchant's own.
pub async fn list_apps(conn: &mut PgConnection, member: MemberId) -> sqlx::Result<Vec<AppId>> {
    sqlx::query_scalar!(
        r#"
        select app_id as "id!: AppId"
        from holder
        where member_id = $1
        union
        select app_id
        from app
        where platform = 'own'
        "#,
        member as _,
    )
    .fetch_all(conn)
    .await
}
