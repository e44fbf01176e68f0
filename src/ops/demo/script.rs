//! The acts of the demo, one after the other, and the promises that they show.

use secrecy::SecretString;
use sqlx::{PgPool, postgres::PgConnectOptions};

use super::{
    MEMBERS, MORE, STOCK,
    act::Act,
    books,
    caller::Caller,
    cards::Cards,
    front_ends::FrontEnds,
    members::{self, Uses},
    merchant::{Campaign, Merchant},
    owed::{self, Owed},
    platforms::Platforms,
    promise::Promise,
    rush::Rush,
    shopper::Shopper,
    till::{self, Till},
};
use crate::{
    app::App,
    clock::{Clock, SystemClock},
    config::Config,
    domain::id::DeliveryId,
    ops::audit::{self, AuditScope},
    simulator::{
        Simulator,
        aim::{FaultAim, NoSuchCall},
        fault::CallFault,
        wechat::WechatSimulator,
    },
};

/// A campaign that is ready on both sides.
pub struct Stage {
    /// A key for the admin API.
    pub key: SecretString,
    /// Who runs the campaign.
    pub merchant: Merchant,
    /// As it stands in kaquan and on Baidu.
    pub campaign: Campaign,
}

/// What the play leaves behind.
pub struct Played {
    /// The server, which was restarted in between.
    pub app: App,
    /// What it showed.
    pub promises: Vec<Promise>,
    /// A delivery that took a few attempts.
    pub sample: Option<DeliveryId>,
}

/// How many of each way are used.
const USED: usize = 20;
/// How many members claim before Baidu is gone altogether.
const EARLY_MEMBERS: usize = 45;

impl Stage {
    /// Plays the script.
    pub async fn play(
        &self,
        app: App,
        config: &Config,
        database: &PgConnectOptions,
        (baidu, wechat): (&Simulator, &WechatSimulator),
        say: &impl Fn(&str),
    ) -> anyhow::Result<Played> {
        let Self { merchant, campaign, .. } = self;
        say(&Act::Rush.line());
        let (rush, address) = self.rush(baidu).await?;

        say(&Act::Claims.line());
        storm(baidu)?;
        let mut claims = members::claim(merchant, campaign, 0..EARLY_MEMBERS).await?;
        baidu.revoke_tokens();

        say(&Act::Restart.line());
        baidu.set_down(true);
        claims.extend(members::claim(merchant, campaign, EARLY_MEMBERS..MEMBERS).await?);
        app.stop().await;
        let app = super::start(&mut config.clone(), database).await?;
        baidu.set_down(false);
        baidu.clear_call_faults();
        merchant.wait_until_paid(campaign.app).await?;
        let repaired = baidu.wallet(&rush.cut_off.open_id).pop().map(|held| held.code);
        let again = rush.ask_again(baidu).await?;
        members::claim_again(merchant, campaign, &mut claims).await?;

        say(&Act::Uses.line());
        let codes = rush.codes().take(USED).chain(members::codes(&claims).take(USED));
        let uses = self.uses(baidu, &codes.collect::<Vec<_>>()).await?;

        say(&Act::Shopper.line());
        let (shopper, claimed) = Shopper::claim(merchant, campaign, baidu).await?;
        let matched = shopper.fill_cart().await?;

        say(&Act::Till.line());
        let till = Till { caller: merchant.open_till().await?, shopper: &shopper };
        let locked = till.lock().await?;
        let reckoned = till.redeem().await?;
        // What Baidu heard of stays used there.
        merchant.wait_until_paid(campaign.app).await?;
        let anew = till.use_anew().await?;
        merchant.wait_until_paid(campaign.app).await?;

        say(&Act::FrontEnds.line());
        let (front_ends, seen) = FrontEnds::claim(merchant, campaign, baidu).await?;
        let ordered = front_ends.order(merchant, campaign, baidu).await?;

        let mut promises = rush.judge(&again, repaired.as_deref(), baidu);
        promises.extend([
            members::judge(&claims),
            uses.judge(),
            claimed,
            matched,
            locked,
            reckoned,
        ]);
        promises.extend([till::judge_anew(anew, baidu), seen, ordered]);
        // Before there is another template, whose calls come to an address of its own.
        let rotated = owed::judge_rotation(baidu, campaign, &address);

        say(&Act::Platforms.line());
        let till = (&till.caller, &app.db);
        promises.extend(self.platforms(baidu, wechat, till).await?);
        promises.push(rotated);

        say(&Act::Books.line());
        let sample = self.compare(&app, baidu, &mut promises).await?;
        Ok(Played { app, promises, sample })
    }

    /// The same coupon on two platforms.
    async fn platforms(
        &self,
        baidu: &Simulator,
        wechat: &WechatSimulator,
        till: (&Caller, &PgPool),
    ) -> anyhow::Result<[Promise; 3]> {
        let Self { merchant, campaign, .. } = self;
        let cards = Cards::open(merchant, campaign.app, wechat).await?;
        let platforms = Platforms::enter((merchant, &cards), (baidu, wechat), till).await?;
        let (pair, taken) = platforms.take().await?;
        let used = platforms.redeem(&pair).await?;
        let given = platforms.give().await?;
        Ok([taken, used, given])
    }

    /// Baidu's side is held against ours; a delivery that took a few attempts comes back.
    async fn compare(
        &self,
        app: &App,
        baidu: &Simulator,
        promises: &mut Vec<Promise>,
    ) -> anyhow::Result<Option<DeliveryId>> {
        let Self { merchant, campaign, .. } = self;
        let owed = Owed::read(merchant, campaign).await?;
        let comparison =
            books::compare(&books::ours(&app.db, campaign.app).await?, &books::theirs(baidu));
        let (_, figures) = app.worker.reconcile(campaign.app, 1).await?;
        promises.push(owed.judge(baidu));
        promises.push(owed::judge_books(&comparison, self.stocks(baidu).await?));
        promises.push(owed::judge_figures(&figures));
        promises.push(owed::judge_manners(baidu));
        promises.push(recount(app).await?);
        Ok(owed.sample())
    }

    /// The crowd takes, and meanwhile the callback address is changed. Baidu believes in far more stock than there is,
    /// so that kaquan alone keeps the limit; afterwards it knows better.
    async fn rush(&self, baidu: &Simulator) -> anyhow::Result<(Rush, String)> {
        let template = self.campaign.coupon_template_id;
        baidu.set_stock(template, 10 * STOCK)?;
        let rotation = self.merchant.rotate(&self.campaign.placement);
        let (rush, address) = Rush::run(baidu, template, rotation).await?;
        let held: usize = baidu.wallets().values().map(Vec::len).sum();
        baidu.set_stock(template, STOCK - i64::try_from(held)?)?;
        Ok((rush, address?))
    }

    /// Coupons of both ways are used, stock and a picture are added, and Baidu hears of all that in spite of faults.
    async fn uses(&self, baidu: &Simulator, codes: &[&str]) -> anyhow::Result<Uses> {
        let Self { merchant, campaign, .. } = self;
        // Written off, but nobody hears it: the second try is told that it was done before.
        baidu
            .fault_calls(FaultAim::next(2, CallFault::HangUpAfterAccepting).at("writeOffCoupon"))?;
        baidu.fault_calls(FaultAim::next(2, CallFault::Unavailable).at("writeOffCoupon"))?;
        baidu.fault_calls(FaultAim::next(1, CallFault::CutJson).at("addStock"))?;
        baidu.fault_calls(FaultAim::next(1, CallFault::HangUpAfterAccepting).at("bannerCreate"))?;
        let uses = Uses::run(merchant, codes).await?;
        merchant.add_stock(&campaign.placement, "demo-3", "take", MORE).await?;
        merchant.add_stock(&campaign.placement, "demo-4", "claim", MORE).await?;
        merchant.add_banner(&campaign.placement).await?;
        merchant.wait_until_paid(campaign.app).await?;
        Ok(uses)
    }

    /// What can still be taken on Baidu, as we know it and as Baidu knows it.
    async fn stocks(&self, baidu: &Simulator) -> anyhow::Result<(i64, i64)> {
        let ours = self.merchant.left(&self.campaign.placement, "take").await?;
        let template = self.campaign.coupon_template_id;
        let templates = baidu.templates();
        let theirs = templates.iter().find(|one| one.coupon_template_id == template);
        Ok((ours, theirs.map_or(-1, |template| template.stock)))
    }
}

/// From now on about two of five syncs go wrong, some of them after they took effect.
fn storm(baidu: &Simulator) -> Result<(), NoSuchCall> {
    for (percent, seed, fault) in [
        (20.0, 1, CallFault::HangUpAfterAccepting),
        (15.0, 2, CallFault::Unavailable),
        (10.0, 3, CallFault::BadGateway),
        (5.0, 4, CallFault::CutJson),
    ] {
        baidu.fault_calls(FaultAim::share(percent, seed, fault).at("sync"))?;
    }
    Ok(())
}

async fn recount(app: &App) -> anyhow::Result<Promise> {
    let now = SystemClock.now();
    let audit = audit::run(&app.db, &app.vault, now, AuditScope::Everything).await?;
    let broken = audit.broken();
    let figures = if broken.is_empty() {
        format!("{} checks over {} coupons, all hold", audit.checks.len(), audit.coupons)
    } else {
        format!("broken: {}", broken.join(", "))
    };
    Ok(Promise::new("对账无差错", "the books add up", broken.is_empty(), figures))
}
