//! Banners are to be shown, or taken away. A template has one at most, so a look at the list says what an unanswered
//! attempt has done.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use sqlx::PgConnection;

use super::{
    Change,
    telling::{spot, template_of},
};
use crate::{
    delivery::{
        Inner,
        ask::ask,
        attempt::{Held, Said},
        dialect::Baidu,
        work::{Consequence, subject::placement_of},
    },
    domain::{banner::BannerState, delivery::Outcome, id::BannerId, placement::PlacementState},
    platform::baidu::{
        error::Failure, form::BannerForm, limits::read_banner, paging::Listing, shown::ShownBanner,
    },
    store::{self, banner::Banner},
};

/// What a banner has become.
#[derive(Debug)]
pub(crate) enum Shown {
    /// Baidu shows it.
    Live { platform_ref: String, pic_url: String },
    /// Baidu does not, or no more.
    Gone,
}

impl From<Shown> for Consequence {
    fn from(shown: Shown) -> Self {
        Change::Banner(shown).into()
    }
}

/// Shows the banner.
pub(super) async fn create(inner: &Inner, held: &Held) -> Result<Said, Said> {
    let (banner, image) = read(inner, held).await?;
    let placement = placement_of(inner, held).await?;
    let Some(image) = image.filter(|_| banner.state == BannerState::Owed) else {
        return Ok(Said::unheard(
            Outcome::Done,
            "横幅已被移除，没有创建 · the banner was removed and not created",
        ));
    };
    if placement.state == PlacementState::Withdrawn {
        return Ok(Said::unheard(
            Outcome::Done,
            "投放已撤回，没有创建横幅 · withdrawn, so no banner was created",
        ));
    }
    let template = template_of(held)?;
    if let Some(there) = list(inner, held, template).await?.into_iter().next() {
        return adopt(&banner, &there);
    }
    let form = read_banner(&banner.title, &banner.dest_url, Bytes::from(image));
    let form = form.map_err(|problems| {
        Said::refused("平台不接受这个横幅 · Baidu would refuse the banner", &problems)
    })?;
    let exists = AtomicBool::new(false);
    match put_up(inner, held, template, &form, &exists).await {
        Err(said) if exists.load(Ordering::Relaxed) => {
            match list(inner, held, template).await?.into_iter().next() {
                Some(there) => adopt(&banner, &there),
                None => Err(said),
            }
        }
        said => said,
    }
}

async fn put_up(
    inner: &Inner,
    held: &Held,
    template: i64,
    form: &BannerForm,
    exists: &AtomicBool,
) -> Result<Said, Said> {
    let heard = ask!(Baidu, inner, held, |account, token| spot(
        inner.baidu.create_banner(account, token, template, form),
        |failure| matches!(failure, Failure::BannerExists { .. }),
        exists
    ));
    Ok(Said { consequence: live(&heard.value), ..Said::done(&heard) })
}

/// Takes the banner away.
pub(super) async fn delete(inner: &Inner, held: &Held) -> Result<Said, Said> {
    let (banner, _) = read(inner, held).await?;
    let template = template_of(held)?;
    let mut known = banner.platform_ref.as_deref().and_then(|text| text.parse().ok());
    if known.is_none() {
        // Whether it ever came to be is what nobody knows.
        let there = list(inner, held, template).await?.into_iter();
        known = there.filter(|there| is_ours(&banner, there)).map(|there| there.id).next();
    }
    let Some(known) = known else {
        let said =
            Said::unheard(Outcome::Done, "平台上没有这个横幅 · Baidu does not show the banner");
        return Ok(Said { consequence: Shown::Gone.into(), ..said });
    };
    match take_away(inner, held, template, known).await {
        Err(said) if said.outcome == Outcome::DoneBefore => {
            Ok(Said { consequence: Shown::Gone.into(), ..said })
        }
        said => said,
    }
}

async fn take_away(inner: &Inner, held: &Held, template: i64, banner: i64) -> Result<Said, Said> {
    let heard = ask!(Baidu, inner, held, |account, token| inner
        .baidu
        .delete_banner(account, token, template, banner));
    Ok(Said { consequence: Shown::Gone.into(), ..Said::done(&heard) })
}

async fn read(inner: &Inner, held: &Held) -> Result<(Banner, Option<Vec<u8>>), Said> {
    let id = BannerId::from(held.delivery.subject);
    let mut conn = inner.db.acquire().await?;
    let banner = store::banner::find(&mut conn, id).await?;
    let banner = banner
        .ok_or_else(|| Said::unheard(Outcome::Refused, "横幅已不存在 · the banner is gone"))?;
    let image = store::banner::find_image(&mut conn, id).await?;
    Ok((banner, image))
}

async fn list(inner: &Inner, held: &Held, template: i64) -> Result<Vec<ShownBanner>, Said> {
    let heard = ask!(Baidu, inner, held, |account, token| inner.baidu.list_all_banners(
        account,
        token,
        Some(template)
    ));
    let Listing { items, complete } = heard.value;
    if !complete {
        let note = "百度的横幅列表不完整，稍后再查 · Baidu's list of banners is incomplete; another look follows";
        return Err(Said::unheard(Outcome::Busy { after: None }, note));
    }
    let of_template = |banner: &ShownBanner| [0, template].contains(&banner.coupon_template_id);
    Ok(items.into_iter().filter(|one| one.deleted == 0 && of_template(one)).collect())
}

fn is_ours(banner: &Banner, there: &ShownBanner) -> bool {
    (&there.title, &there.dest_url) == (&banner.title, &banner.dest_url)
}

fn adopt(banner: &Banner, there: &ShownBanner) -> Result<Said, Said> {
    if is_ours(banner, there) {
        let said =
            Said::unheard(Outcome::Done, "平台上已有这个横幅 · Baidu shows the banner already");
        return Ok(Said { consequence: live(there), ..said });
    }
    let note = format!(
        "平台上这个券已有另一个横幅（编号 {0}，标题 {1}）；请先在平台删除它，再重试 · \
         Baidu shows another banner of this coupon ({0}, {1}); delete it there, then replay",
        there.id, there.title
    );
    Err(Said::unheard(Outcome::Refused, note))
}

fn live(there: &ShownBanner) -> Consequence {
    let (platform_ref, pic_url) = (there.id.to_string(), there.pic_url.clone());
    Shown::Live { platform_ref, pic_url }.into()
}

/// Writes what it has become. One that was removed in the meantime stays to be removed, now with its id.
pub(super) async fn settle(
    conn: &mut PgConnection,
    inner: &Inner,
    held: &Held,
    shown: &Shown,
) -> anyhow::Result<()> {
    let id = BannerId::from(held.delivery.subject);
    let Some(mut banner) = store::banner::lock(conn, id).await? else { return Ok(()) };
    match shown {
        Shown::Live { platform_ref, pic_url } => {
            banner.platform_ref = Some(platform_ref.clone());
            banner.pic_url = Some(pic_url.clone());
            if banner.state == BannerState::Owed {
                banner.state = BannerState::Live;
            }
        }
        Shown::Gone => banner.state = BannerState::Removed,
    }
    banner.updated_at = inner.clock.now();
    store::banner::update(conn, &banner).await?;
    Ok(())
}
