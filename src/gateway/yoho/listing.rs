//! Lists of templates: by type for everybody, and birthday coupons, which are issued meanwhile.

use super::{Call, Yoho, envelope::Said, refusal::Refusal, wire::TemplateRow};
use crate::{domain::category::Category, service::desk::offers::Pick};

impl Yoho {
    /// `app.promotion.queryCoupon`: the same for everybody, whoever asks.
    pub(super) async fn query_coupon<'a>(&'a self, call: &Call<'_>) -> Result<Said<'a>, Refusal> {
        let category = call.params.category()?;
        let pick = Pick::Category(category);
        let offers = self.desk.list_template_offers(None, &call.client.sight, pick).await?;
        let active = offers.iter().filter(|offer| offer.status.is_some());
        let rows: Vec<_> = active.map(|offer| TemplateRow::of(offer, Some(category))).collect();
        Said::ok("请求成功", &rows)
    }

    /// `app.promotion.queryBirthCoupon`: of this month and the next; this person's own are issued if they are due.
    pub(super) async fn query_birth_coupon<'a>(
        &'a self,
        call: &Call<'_>,
    ) -> Result<Said<'a>, Refusal> {
        if call.params.category()? != Category::Birthday {
            return Err(Refusal::bad("couponType"));
        }
        let uid = call.params.uid()?.to_string();
        let offers = self.desk.birthday_offers(&uid, &call.client.sight).await?;
        let category = self.settings.birthday_coupon_type.then_some(Category::Birthday);
        let rows: Vec<_> = offers.iter().map(|offer| TemplateRow::of(offer, category)).collect();
        Said::ok("请求成功", &rows)
    }
}
