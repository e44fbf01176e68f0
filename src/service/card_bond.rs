//! Finds out that two accounts are one person's: the one that takes cards, and the one on a mini-program.
//!
//! What says so is the platform's name of the person over all accounts or, where there is none, what we gave the platform
//! to carry back. The latter anybody may have changed or passed on, so it counts once, and never against the former.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::{
    domain::{
        id::{AppId, HolderId, MemberId, PersonId},
        people::OpenId,
    },
    store::{
        self,
        app::App,
        card_bond::{Account, Bond},
    },
};

/// What a platform said of somebody who has taken a card.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clue<'a> {
    /// What it carried back to us; anybody may have changed it.
    pub reference: Option<&'a str>,
    /// Its name of the person over all accounts of the merchant.
    pub union_id: Option<&'a str>,
}

/// Notes whose account this is, as far as the clue says; the member to whom it belongs, if that is known. To be called
/// before the coupon is written: an account that has coupons is linked to nobody any more.
pub async fn meet(
    db: &PgPool,
    now: DateTime<Utc>,
    app: AppId,
    open_id: &OpenId,
    clue: Clue<'_>,
) -> sqlx::Result<Option<MemberId>> {
    let mut tx = store::begin(db).await?;

    store::member::insert_holder(&mut tx, app, open_id.as_str(), now).await?;
    let card_holder = HolderId::derive(app, open_id.as_str());
    let mut visitors = match clue.union_id {
        Some(union_id) => store::card_bond::list_visitors(&mut tx, app, union_id).await?,
        None => Vec::new(),
    };
    let claimant = match clue.reference {
        Some(reference) => store::card_bond::find_claimant(&mut tx, app, (reference, now)).await?,
        None => None,
    };
    visitors.extend(claimant);
    note(&mut tx, now, (card_holder, clue.union_id), (&visitors, None)).await?;
    let member = store::member::find_of_holder(&mut tx, card_holder).await?;

    tx.commit().await?;
    Ok(member)
}

/// The same from the other side: somebody has logged in on a mini-program, and may have cards already.
pub async fn greet(
    db: &PgPool,
    now: DateTime<Utc>,
    mini: &App,
    open_id: &OpenId,
    union_id: &str,
) -> sqlx::Result<()> {
    let mut tx = store::begin(db).await?;

    store::member::insert_holder(&mut tx, mini.id, open_id.as_str(), now).await?;
    let visitor = HolderId::derive(mini.id, open_id.as_str());
    let conn = &mut *tx;
    let card_holder = match mini.cards_app {
        Some(app) => store::card_bond::find_card_holder(conn, app, union_id).await?,
        None => None,
    };
    if let Some(card_holder) = card_holder {
        let named = Some(union_id);
        note(conn, now, (card_holder, named), (&[visitor], named)).await?;
    } else {
        let accounts = store::card_bond::lock(conn, &[visitor]).await?;
        name(conn, &accounts, visitor, union_id).await?;
    }

    tx.commit().await
}

/// Locks an account with all that are bonded to it, in the order in which everybody locks people.
pub(super) async fn lock_all(conn: &mut PgConnection, holder: HolderId) -> sqlx::Result<()> {
    let bonds = store::card_bond::list(conn, holder).await?;
    if !bonds.is_empty() {
        let all: Vec<_> = bonds.iter().flat_map(|bond| [bond.visitor, bond.card_holder]).collect();
        store::card_bond::lock(conn, &all).await?;
    }
    Ok(())
}

/// Whether an account that is bonded to this one was given coupons that count against it alone. Both are to be locked.
pub(super) async fn has_coupons_beside(
    conn: &mut PgConnection,
    holder: HolderId,
) -> sqlx::Result<bool> {
    for Bond { visitor, card_holder } in store::card_bond::list(conn, holder).await? {
        let other = if visitor == holder { card_holder } else { visitor };
        if store::member::find_of_holder(conn, other).await?.is_none()
            && store::member::has_own_coupons(conn, other).await?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whoever is bonded to an account that was linked just now is linked with it, if nothing was counted against them alone.
pub(super) async fn spread(
    conn: &mut PgConnection,
    holder: HolderId,
    member: MemberId,
) -> sqlx::Result<()> {
    store::card_bond::carry_over(conn, holder.into(), member.into()).await?;
    for Bond { visitor, card_holder } in store::card_bond::list(conn, holder).await? {
        let other = if visitor == holder { card_holder } else { visitor };
        for account in store::card_bond::lock(conn, &[other]).await? {
            link_if_free(conn, &account, member).await?;
        }
    }
    Ok(())
}

/// Bonds the card holder to each of the visitors that nothing speaks against.
async fn note(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    (card_holder, union_id): (HolderId, Option<&str>),
    (visitors, said): (&[HolderId], Option<&str>),
) -> sqlx::Result<()> {
    let all: Vec<_> = visitors.iter().copied().chain([card_holder]).collect();
    let accounts = store::card_bond::lock(conn, &all).await?;
    for (holder, named) in
        std::iter::once((card_holder, union_id)).chain(visitors.iter().map(|&one| (one, said)))
    {
        if let Some(named) = named {
            name(conn, &accounts, holder, named).await?;
        }
    }
    let of = |holder: HolderId| accounts.iter().find(|account| account.holder == holder);
    let Some(card) = of(card_holder) else { return Ok(()) };
    for visitor in visitors.iter().filter_map(|visitor| of(*visitor)) {
        let here = union_id.or(card.union_id.as_deref());
        if let (Some(one), Some(other)) = (here, visitor.union_id.as_deref().or(said))
            && one != other
        {
            contradicted(visitor.holder, "they go by other names over all accounts");
            continue;
        }
        bond(conn, now, visitor, card).await?;
    }
    Ok(())
}

async fn bond(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    visitor: &Account,
    card: &Account,
) -> sqlx::Result<()> {
    let bond = Bond { visitor: visitor.holder, card_holder: card.holder };
    if !store::card_bond::insert(conn, now, bond).await? {
        let standing = store::card_bond::list(conn, visitor.holder).await?;
        if !standing.contains(&bond) {
            contradicted(visitor.holder, "one of them is bonded to somebody else");
        }
        return Ok(());
    }
    metrics::counter!("kaquan_card_bonds_total").increment(1);
    tracing::info!(holder.id = %visitor.holder, "a visitor and a card holder are one person");
    match (visitor.member, card.member) {
        (Some(member), None) => link_if_free(conn, card, member).await?,
        (None, Some(member)) => link_if_free(conn, visitor, member).await?,
        (Some(one), Some(other)) if one != other => {
            contradicted(visitor.holder, "they belong to two members");
        }
        (Some(_), Some(_)) => {}
        (None, None) => {
            let (from, to) = (visitor.holder.into(), card.holder.into());
            store::card_bond::carry_over(conn, from, to).await?;
        }
    }
    Ok(())
}

/// The same rule as where the merchant links somebody: what was counted against the account alone would be had twice.
async fn link_if_free(
    conn: &mut PgConnection,
    account: &Account,
    member: MemberId,
) -> sqlx::Result<()> {
    if account.member.is_some() || store::member::has_own_coupons(conn, account.holder).await? {
        return Ok(());
    }
    store::member::link(conn, account.holder, member).await?;
    let (from, to) = (PersonId::from(account.holder), PersonId::from(member));
    store::card_bond::carry_over(conn, from, to).await
}

/// The first name stays.
async fn name(
    conn: &mut PgConnection,
    accounts: &[Account],
    holder: HolderId,
    union_id: &str,
) -> sqlx::Result<()> {
    let known = accounts.iter().find(|account| account.holder == holder);
    match known.and_then(|account| account.union_id.as_deref()) {
        Some(known) if known == union_id => Ok(()),
        Some(_) => {
            contradicted(holder, "the platform has named them otherwise before");
            Ok(())
        }
        None => store::card_bond::set_union_id(conn, holder, union_id).await,
    }
}

fn contradicted(holder: HolderId, why: &'static str) {
    metrics::counter!("kaquan_card_bond_contradictions_total").increment(1);
    tracing::warn!(holder.id = %holder, why, "what is said of two accounts does not agree; the first word stays");
}
