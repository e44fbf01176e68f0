//! What happens in the demo, and what is counted.

use std::collections::HashSet;

use secrecy::SecretString;
use sqlx::postgres::PgConnectOptions;

use super::{
    STOCK, USERS,
    merchant::{Campaign, Merchant},
    promise::Promise,
};
use crate::{
    app::App,
    clock::{Clock, SystemClock},
    config::Config,
    ops::audit::{self, AuditScope},
    simulator::{
        Simulator,
        crowd::{CrowdOrder, CrowdReport},
        fault::Fault,
        record::{Outcome, TakeReport},
    },
};

/// A campaign that is ready on both sides.
pub struct Stage {
    /// A key for the admin API.
    pub key: SecretString,
    /// Who runs the campaign.
    pub merchant: Merchant,
    /// As it stands in kaquan.
    pub campaign: Campaign,
    /// Baidu's id of the template.
    pub coupon_template_id: i64,
}

/// What the crowd did.
struct Rush {
    /// One report per group of users, each group with a fault of its own.
    groups: Vec<CrowdReport>,
    /// Forged and broken calls.
    forged: Vec<TakeReport>,
    /// A take whose three calls were all cut off.
    cut_off: TakeReport,
}

impl Stage {
    /// Plays the script; gives back the server, which was restarted in between.
    pub async fn play(
        &self,
        app: App,
        config: &Config,
        database: &PgConnectOptions,
        baidu: &Simulator,
        say: &impl Fn(&str),
    ) -> anyhow::Result<(App, Vec<Promise>)> {
        say(
            "4/6 200 人抢 150 张券，网络出各种毛病 · 200 users rush for 150 coupons over a bad network",
        );
        let rush = self.rush(baidu).await?;
        say("5/6 重启 kaquan，再问一遍 · kaquan restarts, and every record is asked again");
        app.stop().await;
        let app = super::start(&mut config.clone(), database).await?;
        let again = self.ask_again(baidu, &rush).await?;
        say("6/6 对账 · recounting everything");
        let now = SystemClock.now();
        let audit = audit::run(&app.db, &app.vault, now, AuditScope::Everything).await?;

        let mut promises = judge(&rush, &again, baidu);
        let broken = audit.broken();
        let figures = if broken.is_empty() {
            format!("{} checks over {} coupons, all hold", audit.checks.len(), audit.coupons)
        } else {
            format!("broken: {}", broken.join(", "))
        };
        promises.push(Promise::new("对账无差错", "the books agree", broken.is_empty(), figures));
        Ok((app, promises))
    }

    async fn rush(&self, baidu: &Simulator) -> anyhow::Result<Rush> {
        let mut lost = self.order("cut-off", Fault::HangUp { tries: 3 });
        lost.open_ids.truncate(1);
        let cut_off = baidu.take_all(lost).await?.results.swap_remove(0);
        let forged = self.forge(baidu).await?;
        let groups = futures_util::future::join_all([
            baidu.take_all(self.group("a", 60, &[])),
            baidu.take_all(self.group("b", 50, &[Fault::Duplicate { times: 3 }])),
            baidu.take_all(self.group("c", 40, &[Fault::drop_answer()])),
            baidu.take_all(self.group("d", 30, &[Fault::hang_up()])),
            baidu.take_all(self.group("e", USERS - 181, &[Fault::Replay, Fault::NumbersAsText])),
        ])
        .await
        .into_iter()
        .collect::<Result<_, _>>()?;
        Ok(Rush { groups, forged, cut_off })
    }

    async fn forge(&self, baidu: &Simulator) -> anyhow::Result<Vec<TakeReport>> {
        let mut forged = Vec::new();
        for (name, fault) in [
            ("broken-sign", Fault::BreakSign),
            ("stale", Fault::Stale { seconds: -3600 }),
            ("shifted", Fault::ShiftBoundary),
        ] {
            let mut order = self.order(name, fault);
            order.open_ids = (0..10).map(|number| format!("{name}-{number}")).collect();
            forged.extend(baidu.take_all(order).await?.results);
        }
        Ok(forged)
    }

    /// Every record of the rush once more, as after a restart of the platform.
    async fn ask_again(&self, baidu: &Simulator, rush: &Rush) -> anyhow::Result<Vec<TakeReport>> {
        let mut again = Vec::new();
        for take in rush.takes().chain([&rush.cut_off]) {
            again.push(baidu.retake(&take.record_id, Vec::new()).await?);
        }
        Ok(again)
    }

    fn group(&self, name: &str, size: usize, faults: &[Fault]) -> CrowdOrder {
        CrowdOrder {
            open_ids: (0..size).map(|number| format!("user-{name}-{number}")).collect(),
            faults: faults.to_vec(),
            parallel: 32,
            coupon_template_id: self.coupon_template_id,
            ..CrowdOrder::default()
        }
    }

    fn order(&self, name: &str, fault: Fault) -> CrowdOrder {
        self.group(name, 1, &[fault])
    }
}

impl Rush {
    fn takes(&self) -> impl Iterator<Item = &TakeReport> {
        self.groups.iter().flat_map(|group| &group.results)
    }
}

fn judge(rush: &Rush, again: &[TakeReport], baidu: &Simulator) -> Vec<Promise> {
    let codes: Vec<&str> = rush.takes().filter_map(TakeReport::code).collect();
    let different: HashSet<&str> = codes.iter().copied().collect();
    let refused =
        rush.takes().filter(|take| matches!(take.outcome, Outcome::Refused { .. })).count();
    // The take that was cut off has a coupon too, although Baidu has not heard of it yet.
    let kept = usize::try_from(STOCK).unwrap_or_default() - 1;
    let takes = rush.takes().count();
    let calls: usize = rush.takes().chain(again).map(|take| take.tries.len()).sum();
    let changed = rush.takes().chain(again).filter(|take| !take.consistent).count();
    let report = baidu.report();
    let forged_through = rush.forged.iter().filter(|take| take.code().is_some()).count();
    let same = rush.takes().zip(again).filter(|(then, now)| then.outcome == now.outcome).count();
    let late = again.last().and_then(TakeReport::code);
    let mut times: Vec<u64> =
        rush.takes().flat_map(|take| &take.tries).map(|call| call.ms).collect();
    times.sort_unstable();
    let slowest = times.last().copied().unwrap_or_default();

    vec![
        Promise::new(
            "一条记录一张券",
            "one coupon per record",
            changed == 0 && report.violations.is_empty(),
            format!("{calls} calls for {} records, {changed} changed their answer", takes + 1),
        ),
        Promise::new(
            "绝不多发",
            "never one too many",
            codes.len() == kept && different.len() == kept && refused == takes - kept,
            format!("{STOCK} in stock: {} taken, 1 on its way, {refused} told 已领完", codes.len()),
        ),
        Promise::new(
            "应答丢失不丢券",
            "a lost answer loses nothing",
            late.is_some(),
            "all 3 answers of one take were cut off; asked again after the restart it got its code",
        ),
        Promise::new(
            "重启后答复不变",
            "the same answers after a restart",
            same == takes,
            format!("{same} of {takes} records answered as before"),
        ),
        Promise::new(
            "伪造请求拿不到券",
            "forged calls get nothing",
            forged_through == 0,
            format!(
                "{} calls with a broken sign, an old time or shifted ids: {forged_through} codes",
                rush.forged.len()
            ),
        ),
        Promise::new(
            "及时应答",
            "answers in time",
            slowest < 1200,
            format!("slowest of {} answers {slowest} ms, 1200 allowed", times.len()),
        ),
    ]
}
