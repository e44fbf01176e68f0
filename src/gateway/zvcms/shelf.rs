//! `coupon.coupon-list`: what can be claimed.

use super::{
    Data, Zvcms,
    door::Call,
    failure::Failure,
    refusal::of_database,
    view::Shown,
    wallet::{ItemList, told},
};
use crate::{
    domain::{discount::scope::admits_store, offer::OfferStatus},
    service::desk::offers::{Pick, TemplateOffer},
};

/// So many are read at once.
const PORTION: u16 = 200;

impl Zvcms {
    pub(super) async fn coupon_list(&self, call: &Call) -> Result<Data, Failure> {
        let reader = call.reader()?;
        let (uid, store, page) = (reader.user_id_if_any()?, reader.store()?, reader.page()?);
        if store.is_some_and(|store| !call.knows_store(store)) {
            return told(&ItemList::<()> { item_list: Vec::new() });
        }
        let eyes = call.eyes();
        let is_wanted = |offer: &TemplateOffer| {
            is_open(offer)
                && eyes.sees(&offer.terms)
                && store.is_none_or(|store| admits_store(&offer.terms.scope, Some(store)))
        };
        let (mut found, mut offset) = (Vec::new(), 0);
        loop {
            let pick = Pick::Open { offset, limit: i64::from(PORTION) };
            let read = self.desk.list_template_offers(uid, &call.grant.sight, pick).await;
            let read = read.map_err(|error| of_database(&error))?;
            let is_last = read.len() < usize::from(PORTION);
            found.extend(read.into_iter().filter(is_wanted));
            if is_last || found.len() >= page.skip + page.limit {
                break;
            }
            offset += i64::from(PORTION);
        }
        let item_list = found.iter().skip(page.skip).take(page.limit).map(|offer| {
            let shown = Shown { template: offer.number.get(), terms: &offer.terms };
            let can = offer.status == Some(OfferStatus::Claimable);
            eyes.offer(shown, (offer.left, offer.held, can))
        });
        told(&ItemList { item_list: item_list.collect() })
    }
}

/// Whether it can be claimed now, if not by everybody.
fn is_open(offer: &TemplateOffer) -> bool {
    offer.status.is_some_and(|status| match status {
        OfferStatus::Claimable
        | OfferStatus::AlreadyHave
        | OfferStatus::SoldOut
        | OfferStatus::NotEligible => true,
        OfferStatus::NotOpen => false,
    })
}
