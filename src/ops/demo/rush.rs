//! The rush: a crowd takes the coupon on Baidu, over a network that repeats, delays and loses.

use std::collections::HashSet;

use super::{STOCK, USERS, promise::Promise};
use crate::simulator::{
    Simulator,
    crowd::{CrowdOrder, CrowdReport},
    fault::Fault,
    record::{Outcome, TakeReport},
};

/// What the crowd did.
pub struct Rush {
    /// One report per group of users, each group with a fault of its own.
    groups: Vec<CrowdReport>,
    /// Forged and broken calls.
    forged: Vec<TakeReport>,
    /// A take whose three calls were all cut off.
    pub cut_off: TakeReport,
}

impl Rush {
    /// Everybody takes at once, and something else goes on at the same time.
    pub async fn run<T>(
        baidu: &Simulator,
        template: i64,
        meanwhile: impl Future<Output = T>,
    ) -> anyhow::Result<(Self, T)> {
        let lost = group(template, "cut-off", 1, &[Fault::HangUp { tries: 3 }]);
        let cut_off = baidu.take_all(lost).await?.results.swap_remove(0);
        let forged = forge(baidu, template).await?;
        let rest = USERS - 181;
        let groups = futures_util::future::join_all([
            baidu.take_all(group(template, "a", 60, &[])),
            baidu.take_all(group(template, "b", 50, &[Fault::Duplicate { times: 3 }])),
            baidu.take_all(group(template, "c", 40, &[Fault::drop_answer()])),
            baidu.take_all(group(template, "d", 30, &[Fault::hang_up()])),
            baidu.take_all(group(template, "e", rest, &[Fault::Replay, Fault::NumbersAsText])),
        ]);
        let (groups, meanwhile) = tokio::join!(groups, meanwhile);
        let groups = groups.into_iter().collect::<Result<_, _>>()?;
        Ok((Self { groups, forged, cut_off }, meanwhile))
    }

    /// Every record of the rush once more, as after a restart of the platform; the one that was cut off comes last.
    pub async fn ask_again(&self, baidu: &Simulator) -> anyhow::Result<Vec<TakeReport>> {
        let mut again = Vec::new();
        for take in self.takes().chain([&self.cut_off]) {
            again.push(baidu.retake(&take.record_id, Vec::new()).await?);
        }
        Ok(again)
    }

    /// The codes that came out of it.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.takes().filter_map(TakeReport::code)
    }

    fn takes(&self) -> impl Iterator<Item = &TakeReport> {
        self.groups.iter().flat_map(|group| &group.results)
    }

    /// What it showed. `repaired` is the code that Baidu had for the take that was cut off, before it asked again.
    pub fn judge(
        &self,
        again: &[TakeReport],
        repaired: Option<&str>,
        baidu: &Simulator,
    ) -> Vec<Promise> {
        let codes: Vec<&str> = self.codes().collect();
        let different: HashSet<&str> = codes.iter().copied().collect();
        let refused =
            self.takes().filter(|take| matches!(take.outcome, Outcome::Refused { .. })).count();
        // The take that was cut off has a coupon too, although Baidu had not heard of it yet.
        let kept = usize::try_from(STOCK).unwrap_or_default() - 1;
        let takes = self.takes().count();
        let calls: usize = self.takes().chain(again).map(|take| take.tries.len()).sum();
        let changed = self.takes().chain(again).filter(|take| !take.consistent).count();
        let same =
            self.takes().zip(again).filter(|(then, now)| then.outcome == now.outcome).count();
        let late = again.last().and_then(TakeReport::code);
        vec![
            Promise::new(
                "一条记录一张券",
                "one coupon per record",
                changed == 0 && baidu.report().violations.is_empty(),
                format!("{calls} calls for {} records, {changed} changed their answer", takes + 1),
            ),
            Promise::new(
                "绝不多发",
                "never one too many",
                codes.len() == kept && different.len() == kept && refused == takes - kept,
                format!(
                    "{STOCK} in stock: {} taken, 1 on its way, {refused} told 已领完",
                    codes.len()
                ),
            ),
            Promise::new(
                "应答丢失不丢券",
                "a lost answer loses nothing",
                late.is_some() && late == repaired,
                "all 3 answers of one take were cut off; kaquan told Baidu the code itself",
            ),
            Promise::new(
                "重启后答复不变",
                "the same answers after a restart",
                same == takes,
                format!("{same} of {takes} records answered as before"),
            ),
            self.judge_forged(),
            self.judge_times(),
        ]
    }

    fn judge_forged(&self) -> Promise {
        let through = self.forged.iter().filter(|take| take.code().is_some()).count();
        let forged = self.forged.len();
        Promise::new(
            "伪造请求拿不到券",
            "forged calls get nothing",
            through == 0,
            format!(
                "{forged} calls with a broken sign, an old time or shifted ids: {through} codes"
            ),
        )
    }

    fn judge_times(&self) -> Promise {
        let tries = self.takes().flat_map(|take| &take.tries);
        let times: Vec<u64> = tries.map(|call| call.ms).collect();
        let slowest = times.iter().copied().max().unwrap_or_default();
        Promise::new(
            "及时应答",
            "answers in time",
            slowest < 1200,
            format!("slowest of {} answers {slowest} ms, 1200 allowed", times.len()),
        )
    }
}

async fn forge(baidu: &Simulator, template: i64) -> anyhow::Result<Vec<TakeReport>> {
    let mut forged = Vec::new();
    for (name, fault) in [
        ("broken-sign", Fault::BreakSign),
        ("stale", Fault::Stale { seconds: -3600 }),
        ("shifted", Fault::ShiftBoundary),
    ] {
        forged.extend(baidu.take_all(group(template, name, 10, &[fault])).await?.results);
    }
    Ok(forged)
}

fn group(template: i64, name: &str, size: usize, faults: &[Fault]) -> CrowdOrder {
    CrowdOrder {
        open_ids: (0..size).map(|number| format!("user-{name}-{number}")).collect(),
        faults: faults.to_vec(),
        parallel: 32,
        coupon_template_id: template,
        ..CrowdOrder::default()
    }
}
