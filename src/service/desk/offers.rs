//! Templates as they stand for a member, over all of their placements that the member can claim from.

use std::sync::Arc;

use super::{Desk, coupons::find};
use crate::{
    domain::{
        category::Category,
        claim::Standing,
        id::TemplateId,
        number::TemplateNumber,
        offer::{OfferStatus, offer_status},
        placement::PlacementState,
        sight::Sight,
        terms::Terms,
    },
    store::{
        self,
        offer::{Asking, PlacedTemplate, Wanted},
    },
};

/// Which templates.
#[derive(Debug, Clone)]
pub enum Pick {
    /// Those that can be claimed or will be, newest first: up to `limit`, without the first `offset`.
    Open {
        /// How many are skipped.
        offset: i64,
        /// How many are wanted.
        limit: i64,
    },
    /// Those of one category that can be claimed or will be, oldest first.
    Category(Category),
    /// These, however they stand; what does not exist is left out.
    Templates(Vec<TemplateId>),
}

/// A template as it stands for one member, or for nobody in particular.
#[derive(Debug, Clone)]
pub struct TemplateOffer {
    /// By which protocols know it.
    pub number: TemplateNumber,
    /// Ours.
    pub template: TemplateId,
    /// The terms in force.
    pub terms: Arc<Terms>,
    /// How it stands; `None` where it is stopped, over, or nowhere to be had.
    pub status: Option<OfferStatus>,
    /// How many may still be claimed.
    pub left: i64,
    /// How many the member was given so far.
    pub held: u32,
}

/// More templates of one category than anybody shows.
const MOST: i64 = 500;

impl Desk {
    /// Templates as they stand for a member, judged by the rule that answers their claim; for somebody we were not told of
    /// as for a stranger.
    pub async fn list_template_offers(
        &self,
        uid: Option<&str>,
        sight: &Sight,
        pick: Pick,
    ) -> sqlx::Result<Vec<TemplateOffer>> {
        let now = self.now();
        let mut conn = self.db.acquire().await?;
        let member = match uid {
            Some(uid) => find(&mut conn, uid).await?.member,
            None => None,
        };
        let membership = match member {
            Some(member) => store::member::find_membership(&mut conn, member).await?,
            None => None,
        };
        let (wanted, offset, limit) = match &pick {
            Pick::Open { offset, limit } => (Wanted::Open(None), *offset, *limit),
            Pick::Category(category) => (Wanted::Open(Some(*category)), 0, MOST),
            Pick::Templates(templates) => (Wanted::Templates(templates), 0, i64::MAX),
        };
        let asking = Asking { member, sight, now };
        let placed =
            store::offer::list_templates(&mut conn, asking, wanted, (offset, limit)).await?;
        let keys = placed.iter().map(|template| (template.id, template.version));
        let terms = self.known_terms.get(&mut conn, keys).await?;
        drop(conn);

        let offer = |placed: PlacedTemplate| {
            let terms = Arc::clone(terms.get(&(placed.id, placed.version))?);
            let left = placed.codes.map_or(placed.stock, |codes| placed.stock.min(codes)).max(0);
            let held = u32::try_from(placed.held).unwrap_or_default();
            let standing = Standing {
                terms: &terms,
                template: placed.state,
                placement: PlacementState::Active,
                membership: membership.as_ref(),
                held,
                latest: placed.latest,
                reserved: 0,
                left,
            };
            let status = offer_status(standing, now).filter(|_| placed.is_placed);
            let PlacedTemplate { id: template, number, .. } = placed;
            Some(TemplateOffer { number, template, terms, status, left, held })
        };
        let mut offers: Vec<_> = placed.into_iter().filter_map(offer).collect();
        if matches!(pick, Pick::Category(_)) {
            offers.reverse();
        }
        Ok(offers)
    }
}
