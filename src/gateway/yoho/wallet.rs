//! What a person holds, in pages; what is kept for an order counts as used.

use std::borrow::Cow;

use serde::Serialize;

use super::{
    Call, Yoho,
    envelope::{Money, Said},
    refusal::Refusal,
    wire::{face_value, last_second, local, name},
};
use crate::{
    domain::{
        number::{CouponNumber, TemplateNumber},
        standing::{CouponStatus, Tab},
    },
    service::desk::coupons::{Numbered, Which},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListsPage<'a> {
    coupon_list: Vec<ListsRow<'a>>,
    total: usize,
}

/// The second name is misspelt in the original.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListsRow<'a> {
    coupon_detail_infomation: &'a str,
    coupon_id: TemplateNumber,
    coupon_image_url: &'static str,
    coupon_validity: String,
    coupon_value: Money,
    id: CouponNumber,
    order_code: &'a str,
    over_time: &'static str,
}

#[derive(Serialize)]
struct LiPage<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    info: Vec<LiRow<'a>>,
    total: usize,
}

#[derive(Serialize)]
struct LiRow<'a> {
    #[serde(rename = "couponValidity")]
    coupon_validity: String,
    coupon_id: TemplateNumber,
    coupon_name: Cow<'a, str>,
    coupon_pic: &'static str,
    id: CouponNumber,
    is_overtime: &'static str,
    money: Money,
    order_code: &'a str,
}

#[derive(Serialize)]
struct Total {
    total: usize,
}

impl Yoho {
    /// `app.coupons.lists`.
    pub(super) async fn lists<'a>(&'a self, call: &Call<'_>) -> Result<Said<'a>, Refusal> {
        let (coupons, total) = self.held(call, tab(call)?).await?;
        let coupon_list = coupons.iter().map(ListsRow::of).collect();
        Said::ok("优惠券列表", &ListsPage { coupon_list, total })
    }

    /// `app.coupons.li`.
    pub(super) async fn li<'a>(&'a self, call: &Call<'_>) -> Result<Said<'a>, Refusal> {
        let is_unused = call.params.plain("status")? == "0";
        let which = if is_unused { Which::Unused } else { Which::UsedOrLocked };
        let (coupons, total) = self.held(call, which).await?;
        let info = coupons.iter().map(LiRow::of).collect();
        Said::ok("操作成功", &LiPage { info, total })
    }

    /// `app.coupons.total`.
    pub(super) async fn total<'a>(&'a self, call: &Call<'_>) -> Result<Said<'a>, Refusal> {
        let (uid, which) = (call.params.uid()?.to_string(), tab(call)?);
        let total = self.desk.count_coupons(&uid, &call.client.sight, which).await?;
        Said::ok("coupons total", &Total { total })
    }

    /// A page of them, and how many there are.
    async fn held(&self, call: &Call<'_>, which: Which) -> Result<(Vec<Numbered>, usize), Refusal> {
        let (uid, page) = (call.params.uid()?.to_string(), call.params.page()?);
        let sight = &call.client.sight;
        let coupons = self.desk.list_coupons(&uid, sight, which, (page.offset, page.limit)).await?;
        let total = self.desk.count_coupons(&uid, sight, which).await?;
        Ok((coupons, total))
    }
}

/// `type`.
fn tab(call: &Call<'_>) -> Result<Which, Refusal> {
    match call.params.get("type") {
        Some("notuse") => Ok(Which::Tab(Tab::Usable)),
        Some("use") => Ok(Which::UsedOrLocked),
        Some("overtime") => Ok(Which::Tab(Tab::Expired)),
        _ => Err(Refusal::bad("type")),
    }
}

impl<'a> ListsRow<'a> {
    fn of(coupon: &'a Numbered) -> Self {
        let terms = &*coupon.held.terms;
        Self {
            coupon_detail_infomation: &terms.texts.introduction,
            coupon_id: coupon.template,
            coupon_image_url: "",
            coupon_validity: validity(coupon),
            coupon_value: face_value(&terms.benefit),
            id: coupon.number,
            order_code: order(coupon),
            over_time: is_over(coupon),
        }
    }
}

impl<'a> LiRow<'a> {
    fn of(coupon: &'a Numbered) -> Self {
        let terms = &*coupon.held.terms;
        Self {
            coupon_validity: validity(coupon),
            coupon_id: coupon.template,
            coupon_name: name(terms),
            coupon_pic: "",
            id: coupon.number,
            is_overtime: is_over(coupon),
            money: face_value(&terms.benefit),
            order_code: order(coupon),
        }
    }
}

fn validity(coupon: &Numbered) -> String {
    let holding = &coupon.held.holding;
    format!("{} - {}", local(holding.valid_from), last_second(holding.valid_until))
}

/// The order that has used it or keeps it.
fn order(coupon: &Numbered) -> &str {
    let holding = &coupon.held.holding;
    let order = match coupon.held.status {
        CouponStatus::Used => holding.order_no.as_deref(),
        CouponStatus::Locked => holding.locked_for.as_deref(),
        CouponStatus::Usable
        | CouponStatus::NotYetValid
        | CouponStatus::Expired
        | CouponStatus::Void
        | CouponStatus::Suspended => None,
    };
    order.unwrap_or_default()
}

fn is_over(coupon: &Numbered) -> &'static str {
    if coupon.held.status == CouponStatus::Expired { "Y" } else { "N" }
}
