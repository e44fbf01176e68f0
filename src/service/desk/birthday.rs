//! Birthday coupons (生日券): listed for everybody, and given by themselves to those whose month it is, once a year.

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use super::{
    Desk,
    claim::ClaimTemplateError,
    coupons,
    offers::{Pick, TemplateOffer},
};
use crate::{
    domain::{
        category::Category,
        day::{beginning, day_in_china},
        id::MemberId,
        sight::Sight,
    },
    service::claim::ClaimKey,
    store,
};

impl Desk {
    /// The birthday templates of this and the next calendar month in China; before that, the member is given what is due of
    /// them: of each template for the month of their birth one coupon a year, however often this is asked.
    ///
    /// What cannot be given hinders nothing, and is tried again the next time.
    pub async fn birthday_offers(
        &self,
        uid: &str,
        sight: &Sight,
    ) -> sqlx::Result<Vec<TemplateOffer>> {
        let now = self.now();
        let pick = Pick::Category(Category::Birthday);
        let mut offers = self.list_template_offers(Some(uid), sight, pick).await?;
        let months = this_and_next_month(now);
        offers.retain(|offer| offer.terms.birth_month.is_some_and(|month| months.contains(&month)));
        if let Some((member, birth_month)) = self.birth_month(uid).await? {
            let due = offers.iter().filter(|offer| offer.terms.birth_month == Some(birth_month));
            for offer in due {
                if let Err(error) = self.give(uid, member, sight, offer, now).await {
                    tracing::debug!(template.id = %offer.template, %error, "no birthday coupon");
                }
            }
        }
        Ok(offers)
    }

    async fn birth_month(&self, uid: &str) -> sqlx::Result<Option<(MemberId, u8)>> {
        let mut conn = self.db.acquire().await?;
        let Some(member) = coupons::find(&mut conn, uid).await?.member else { return Ok(None) };
        let membership = store::member::find_membership(&mut conn, member).await?;
        Ok(membership.and_then(|known| Some((member, known.birth_month?))))
    }

    async fn give(
        &self,
        uid: &str,
        member: MemberId,
        sight: &Sight,
        offer: &TemplateOffer,
        now: DateTime<Utc>,
    ) -> Result<(), ClaimTemplateError> {
        let year = day_in_china(now).year();
        let new_year = NaiveDate::from_yo_opt(year, 1).map(beginning).unwrap_or_default();
        let mut conn = self.db.acquire().await?;
        // However it was come by.
        if store::holding::has_since(&mut conn, offer.template, member.into(), new_year).await? {
            return Ok(());
        }
        drop(conn);
        let places = self.find_places(offer.number, uid, |placed| sight.sees(placed.app)).await?;
        // No caller's key has a blank in it.
        let key = format!("birthday {year} {} {member}", offer.template);
        self.claim_named(places, &ClaimKey::new(key), true).await?;
        Ok(())
    }
}

fn this_and_next_month(now: DateTime<Utc>) -> [u8; 2] {
    let month = u8::try_from(day_in_china(now).month()).unwrap_or(1);
    [month, month % 12 + 1]
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn december_is_followed_by_january_and_both_begin_in_china() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();

        assert_eq!(this_and_next_month(at("2026-11-30T15:59:59Z")), [11, 12]);
        assert_eq!(this_and_next_month(at("2026-11-30T16:00:00Z")), [12, 1]);
        assert_eq!(this_and_next_month(Utc.timestamp_opt(0, 0).unwrap()), [1, 2]);
    }
}
