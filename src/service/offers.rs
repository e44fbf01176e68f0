//! Shows people what they may claim through us, judged by the rule that answers their claim.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::{known_terms::KnownTerms, person::Person};
use crate::{
    domain::{
        claim::Standing,
        id::PlacementId,
        offer::{Ineligible, OfferStatus, ineligible, offer_status},
        placement::PlacementState,
        template::TemplateState,
        terms::Terms,
    },
    store::{self, offer::Offer},
};

/// An offer as it stands for one person.
#[derive(Debug, Clone)]
pub struct Offered {
    /// The placement.
    pub offer: Offer,
    /// The terms in force.
    pub terms: Arc<Terms>,
    /// How it stands.
    pub status: OfferStatus,
    /// Why it is for others, where it is.
    pub ineligible: Option<Ineligible>,
    /// How many may still be claimed.
    pub left: i64,
}

/// What this person may claim, or will; newest first, older than the first of `page`.
pub async fn list(
    db: &PgPool,
    known: &KnownTerms,
    now: DateTime<Utc>,
    person: Person,
    page: (Option<PlacementId>, i64),
) -> sqlx::Result<Vec<Offered>> {
    let mut conn = db.acquire().await?;
    let membership = match person.member {
        Some(member) => store::member::find_membership(&mut conn, member).await?,
        None => None,
    };
    let apps = match (person.account, person.member) {
        (Some((app, _)), _) => vec![app],
        (None, Some(member)) => store::member::list_apps(&mut conn, member).await?,
        (None, None) => return Ok(Vec::new()),
    };
    let offers = store::offer::list(&mut conn, &apps, person.id(), now, page).await?;
    let keys = offers.iter().map(|offer| (offer.template, offer.version));
    let terms = known.get(&mut conn, keys).await?;
    drop(conn);

    let offered = offers.into_iter().filter_map(|offer| {
        let terms = Arc::clone(terms.get(&(offer.template, offer.version))?);
        // With uploaded codes there is never more to give than there are codes.
        let left = offer.codes.map_or(offer.stock, |codes| offer.stock.min(codes)).max(0);
        let standing = Standing {
            terms: &terms,
            // The statement reads no others.
            template: TemplateState::Active,
            placement: PlacementState::Active,
            membership: membership.as_ref(),
            held: u32::try_from(offer.held).unwrap_or_default(),
            latest: offer.latest,
            reserved: 0,
            left,
        };
        let status = offer_status(standing, now)?;
        let ineligible = (status == OfferStatus::NotEligible).then(|| ineligible(&standing));
        Some(Offered { offer, terms, status, ineligible, left })
    });
    Ok(offered.collect())
}
