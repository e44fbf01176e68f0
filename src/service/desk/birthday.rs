//! Birthday coupons (生日券): listed for everybody, and given by themselves to those whose month it is.

use super::{
    Desk,
    offers::{Pick, TemplateOffer},
};
use crate::domain::{
    birthday::offered_months, category::Category, offer::OfferStatus, sight::Sight,
};

impl Desk {
    /// The birthday templates of this and the next calendar month in China; the member is given what is due of them, of
    /// each template for the month of their birth one coupon a year, however often this is asked.
    ///
    /// What cannot be given hinders nothing, and is tried again the next time.
    pub async fn birthday_offers(
        &self,
        uid: &str,
        sight: &Sight,
    ) -> sqlx::Result<Vec<TemplateOffer>> {
        let pick = Pick::Category(Category::Birthday);
        let mut offers = self.list_template_offers(Some(uid), sight, pick).await?;
        let months = offered_months(self.now());
        offers.retain(|offer| offer.terms.birth_month.is_some_and(|month| months.contains(&month)));
        // Whose birthday it is not, or who has the coupon, is not even judged: nobody asked for it.
        let due = offers.iter().filter(|offer| offer.status == Some(OfferStatus::Claimable));
        for offer in due {
            let places = self.find_places(offer.number, uid, |placed| sight.sees(placed.app)).await;
            let given = match places {
                Ok(places) => self.claim_once(places).await.map(drop),
                Err(error) => Err(error),
            };
            if let Err(error) = given {
                tracing::debug!(template.id = %offer.template, %error, "no birthday coupon");
            }
        }
        Ok(offers)
    }
}
