//! Tells us of a member: the classes and the month that audiences ask for, and who the member is on the apps.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use super::card_bond;
use crate::{
    domain::{
        id::{AppId, HolderId, MemberId},
        people::{self, Membership, OpenId},
        problem::Problem,
    },
    store::{self, member::Member},
};

/// What the merchant knows.
#[derive(Debug)]
pub struct NewMember {
    /// The merchant's id of the person.
    pub uid: String,
    /// Replaces what was known before.
    pub membership: Membership,
    /// Accounts to link; those linked before stay linked.
    pub holders: Vec<(AppId, OpenId)>,
}

/// Why nothing was saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveMemberError {
    /// Some value will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// There is none of this uid.
    #[error("no such member")]
    NoSuchMember,
    /// There is none of this id.
    #[error("no such app")]
    NoSuchApp,
    /// The holder belongs to another member.
    #[error("this holder belongs to another member")]
    LinkedElsewhere,
    /// Limits counted the holder's coupons against the holder alone; counting from now on against the member would give
    /// the person the limit twice.
    #[error("this holder was given coupons before it was linked")]
    HasCoupons,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Saves a member and links its holders; all or nothing.
///
/// A coupon that is being issued to a holder in the very moment of its first linking is still counted against the holder.
pub async fn save_member(
    db: &PgPool,
    now: DateTime<Utc>,
    new: NewMember,
) -> Result<MemberId, SaveMemberError> {
    people::check_member(&new.uid, &new.membership).map_err(SaveMemberError::Invalid)?;
    let mut holders = new.holders;
    // The order in which the issuing engine meets people, too: nobody then waits for each other.
    holders.sort_by_key(|(app, open_id)| HolderId::derive(*app, open_id.as_str()));
    let mut tx = store::begin(db).await?;

    let member = Member {
        id: MemberId::new(now),
        uid: new.uid,
        classes: new.membership.classes,
        birth_month: new.membership.birth_month.map(i16::from),
    };
    let id = store::member::save(&mut tx, &member, now).await?;
    for (app, open_id) in &holders {
        link_holder(&mut tx, now, *app, open_id, id).await?;
    }

    tx.commit().await?;
    tracing::info!(member.id = %id, holders = holders.len(), "member saved");
    Ok(id)
}

/// Links one more holder to a member who is known.
pub async fn link(
    db: &PgPool,
    now: DateTime<Utc>,
    uid: &str,
    app: AppId,
    open_id: &OpenId,
) -> Result<(), SaveMemberError> {
    let mut tx = store::begin(db).await?;
    let member = find(&mut tx, uid).await?;
    link_holder(&mut tx, now, app, open_id, member.id).await?;
    tx.commit().await?;
    tracing::info!(member.id = %member.id, "holder linked");
    Ok(())
}

/// The member of this uid; what can be no uid is nobody's.
pub async fn find(conn: &mut PgConnection, uid: &str) -> Result<Member, SaveMemberError> {
    if !people::is_uid(uid) {
        return Err(SaveMemberError::NoSuchMember);
    }
    let member = store::member::find_by_uid(conn, uid).await?;
    member.ok_or(SaveMemberError::NoSuchMember)
}

/// Links a holder to a member, under their locks; a link that stands already is fine.
pub(super) async fn link_holder(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    app: AppId,
    open_id: &OpenId,
    member: MemberId,
) -> Result<(), SaveMemberError> {
    store::app::find(conn, app).await?.ok_or(SaveMemberError::NoSuchApp)?;
    let holder = HolderId::derive(app, open_id.as_str());
    card_bond::lock_all(conn, holder).await?;
    match store::member::lock_holder(conn, app, open_id.as_str(), now).await? {
        Some(linked) if linked == member => return Ok(()),
        Some(_) => return Err(SaveMemberError::LinkedElsewhere),
        None => {}
    }
    if store::member::has_own_coupons(conn, holder).await?
        || card_bond::has_coupons_beside(conn, holder).await?
    {
        return Err(SaveMemberError::HasCoupons);
    }
    store::member::link(conn, holder, member).await?;
    card_bond::spread(conn, holder, member).await?;
    Ok(())
}
