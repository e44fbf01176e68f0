//! The coupon centre: a page of the merchant's, with how each of its coupons stands for whoever looks.

use std::collections::HashMap;

use serde::Serialize;

use super::{Call, Yoho, envelope::Said, refusal::Refusal};
use crate::{
    domain::{
        id::TemplateId,
        offer::OfferStatus,
        page::{self, Banner, CouponEntry, FloorContent, Image, Page},
    },
    service::{
        desk::offers::{Pick, TemplateOffer},
        find_page::find_page,
    },
};

/// How one template stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    Claimable,
    Claimed,
    SoldOut,
    /// Not there, not yet, or no longer.
    Expired,
}

/// How the templates of a page stand.
struct Offers(HashMap<TemplateId, TemplateOffer>);

#[derive(Serialize)]
struct FloorRow<'a> {
    data: FloorData<'a>,
    template_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    template_intro: Option<&'a str>,
    template_name: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum FloorData<'a> {
    Banners {
        list: Vec<BannerRow<'a>>,
        speed: &'a str,
    },
    Coupons {
        #[serde(rename = "isShow")]
        is_show: &'static str,
        list: Vec<EntryRow<'a>>,
        title: &'a str,
    },
}

#[derive(Serialize)]
struct BannerRow<'a> {
    src: &'a str,
    url: Link<'a>,
}

/// The original's clients know one that is not set as an empty list.
#[derive(Serialize)]
#[serde(untagged)]
enum Link<'a> {
    Set(&'a str),
    NotSet([(); 0]),
}

#[derive(Serialize)]
struct EntryRow<'a> {
    #[serde(rename = "couponID")]
    coupon_id: String,
    #[serde(rename = "goShopping")]
    go_shopping: &'a str,
    image: ImageRow<'a>,
    status: u8,
}

#[derive(Serialize)]
struct ImageRow<'a> {
    src: &'a str,
    url: &'a str,
}

#[derive(Serialize)]
struct StatusRow {
    #[serde(rename = "couponID")]
    coupon_id: String,
    status: u8,
}

impl Yoho {
    /// `app.promotion.queryCouponCenter`.
    pub(super) async fn query_coupon_center<'a>(
        &'a self,
        call: &Call<'_>,
    ) -> Result<Said<'a>, Refusal> {
        let Some((page, offers)) = self.page(call).await? else {
            return Said::no(400, NO_SUCH_PAGE);
        };
        let floors: Vec<_> = page
            .floors
            .iter()
            .map(|floor| FloorRow {
                data: offers.floor(&floor.content),
                template_id: floor.id,
                template_intro: floor.intro.as_deref(),
                template_name: match floor.content {
                    FloorContent::Banners { .. } => "carousel_banner",
                    FloorContent::Coupons { .. } => "getCoupon",
                },
            })
            .collect();
        Said::ok("请求成功", &floors)
    }

    /// `app.promotion.couponStatus`.
    pub(super) async fn coupon_status<'a>(&'a self, call: &Call<'_>) -> Result<Said<'a>, Refusal> {
        let Some((page, offers)) = self.page(call).await? else {
            return Said::no(400, NO_SUCH_PAGE);
        };
        let entries = page.floors.iter().flat_map(|floor| match &floor.content {
            FloorContent::Banners { .. } => &[][..],
            FloorContent::Coupons { list, .. } => list,
        });
        let shown = entries.filter_map(|entry| {
            let status = offers.status(entry)?;
            Some(StatusRow { coupon_id: offers.numbers(entry), status })
        });
        Said::ok("请求成功", &shown.collect::<Vec<_>>())
    }

    /// The page that is asked for, with what it shows as it stands for whoever asks; an empty one is none.
    async fn page(&self, call: &Call<'_>) -> Result<Option<(Page, Offers)>, Refusal> {
        let uid = if call.is_signed { call.params.uid_or_nobody()? } else { None };
        let code = call.params.get("contentCode").ok_or(Refusal::bad("contentCode"))?;
        if code.is_empty() {
            return Ok(None);
        }
        let code = call.params.plain("contentCode")?;
        let page = find_page(&self.desk.db, code, &call.client.name).await?;
        let Some(page) = page.filter(|page| !page.floors.is_empty()) else { return Ok(None) };
        let (uid, templates) = (uid.map(|uid| uid.to_string()), page::templates(&page.floors));
        let offers = if templates.is_empty() {
            Vec::new()
        } else {
            let pick = Pick::Templates(templates);
            self.desk.list_template_offers(uid.as_deref(), &call.client.sight, pick).await?
        };
        let offers = offers.into_iter().map(|offer| (offer.template, offer)).collect();
        Ok(Some((page, Offers(offers))))
    }
}

const NO_SUCH_PAGE: &str = "资源位模板不存在！";

impl Offers {
    fn floor<'a>(&self, content: &'a FloorContent) -> FloorData<'a> {
        match content {
            FloorContent::Banners { speed, list } => FloorData::Banners {
                list: list
                    .iter()
                    .map(|Banner { src, url }| BannerRow { src, url: Link::of(url.as_deref()) })
                    .collect(),
                speed,
            },
            FloorContent::Coupons { title, is_shown, list } => FloorData::Coupons {
                is_show: if *is_shown { "YES" } else { "NO" },
                list: list.iter().filter_map(|entry| self.entry(entry)).collect(),
                title,
            },
        }
    }

    /// What is shown of an entry, unless it is over.
    fn entry<'a>(&self, entry: &'a CouponEntry) -> Option<EntryRow<'a>> {
        let Image { src, url } = &entry.image;
        Some(EntryRow {
            status: self.status(entry)?,
            coupon_id: self.numbers(entry),
            go_shopping: &entry.go_shopping,
            image: ImageRow { src, url },
        })
    }

    /// As it is on the wire; `None` for an entry that is over.
    fn status(&self, entry: &CouponEntry) -> Option<u8> {
        group(&entry.templates.iter().map(|template| stands(self.0.get(template))))
    }

    /// The numbers by which an entry's coupons are claimed; those that are not there for this client are left out.
    fn numbers(&self, entry: &CouponEntry) -> String {
        let known = entry.templates.iter().filter_map(|template| self.0.get(template));
        known.map(|offer| offer.number.to_string()).collect::<Vec<_>>().join(",")
    }
}

impl<'a> Link<'a> {
    fn of(url: Option<&'a str>) -> Self {
        url.map_or(Self::NotSet([]), Self::Set)
    }
}

/// How an offer stands. Whether somebody is the right person for it they hear when they claim.
fn stands(offer: Option<&TemplateOffer>) -> Stands {
    let Some(offer) = offer else { return Stands::Expired };
    match offer.status {
        Some(OfferStatus::AlreadyHave) => Stands::Claimed,
        Some(OfferStatus::SoldOut) => Stands::SoldOut,
        Some(OfferStatus::NotEligible) if offer.held >= offer.terms.per_person_limit => {
            Stands::Claimed
        }
        Some(OfferStatus::NotEligible) if offer.left <= 0 => Stands::SoldOut,
        Some(OfferStatus::Claimable | OfferStatus::NotEligible) => Stands::Claimable,
        Some(OfferStatus::NotOpen) | None => Stands::Expired,
    }
}

/// How several stand together: 1 while one can be claimed, 3 if one was, 2 if one is sold out; else they are not shown.
fn group(templates: &(impl Iterator<Item = Stands> + Clone)) -> Option<u8> {
    let any = |wanted| templates.clone().any(|stands| stands == wanted);
    if any(Stands::Claimable) {
        Some(1)
    } else if any(Stands::Claimed) {
        Some(3)
    } else if any(Stands::SoldOut) {
        Some(2)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_stands_as_the_best_of_it() {
        use Stands::{Claimable, Claimed, Expired, SoldOut};
        for (templates, expected) in [
            (&[][..], None),
            (&[Expired], None),
            (&[Expired, Expired], None),
            (&[SoldOut], Some(2)),
            (&[SoldOut, Expired], Some(2)),
            (&[Claimed], Some(3)),
            (&[SoldOut, Claimed], Some(3)),
            (&[Claimed, Expired], Some(3)),
            (&[Claimable], Some(1)),
            (&[Claimed, SoldOut, Expired, Claimable], Some(1)),
        ] {
            assert_eq!(group(&templates.iter().copied()), expected, "{templates:?}");
        }
    }

    #[test]
    fn a_link_that_is_not_set_is_an_empty_list() {
        let row = |url| {
            serde_json::to_string(&BannerRow { src: "http://a.test/{mode}", url: Link::of(url) })
                .unwrap()
        };

        assert_eq!(row(None), r#"{"src":"http://a.test/{mode}","url":[]}"#);
        assert_eq!(row(Some("")), r#"{"src":"http://a.test/{mode}","url":""}"#);
    }
}
