//! Both sides' wallets side by side, and the end of a story.

use std::collections::BTreeMap;

use kaquan::{
    clock::Clock, domain::reconciliation::DifferenceKind, ops::audit::AuditScope,
    simulator::wechat::coupon::CouponStatus,
};

use super::{super::recount::recount, WechatStage};

impl WechatStage {
    /// Each coupon that is in somebody's wallet at WeChat, and how it stands there.
    fn theirs(&self) -> BTreeMap<String, String> {
        let held = self.wechat.wallets().into_values().flatten();
        held.map(|held| {
            let standing = match held.status {
                CouponStatus::Normal | CouponStatus::Expire => "issued",
                CouponStatus::Consumed => "redeemed",
                CouponStatus::Gifting | CouponStatus::GiftTimeout => "gifting",
                CouponStatus::Delete => "deleted",
                CouponStatus::Unavailable => "void",
                CouponStatus::GivenAway => "given_away",
            };
            (held.code, format!("{} {standing}", held.openid))
        })
        .collect()
    }

    /// The same with us.
    async fn ours(&self) -> BTreeMap<String, String> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "select code, open_id || ' ' || coalesce(reason, state)
             from coupon
             join holder on holder.holder_id = coupon.holder_id
             left join coupon_suspension on coupon_suspension.coupon_id = coupon.coupon_id
             where coupon.app_id = $1::uuid and coalesce(reason, '') <> 'given_away'",
        )
        .bind(self.account.strip_prefix("app_").unwrap())
        .fetch_all(self.db())
        .await
        .unwrap();
        rows.into_iter().collect()
    }

    /// Whether both sides' wallets say the same.
    pub async fn agree(&self) {
        assert_eq!(self.ours().await, self.theirs());
    }

    /// What our figures and WeChat's differ in, of three days and today: ours and theirs.
    pub async fn differences(&self) -> Vec<(DifferenceKind, Option<i64>, Option<i64>)> {
        let worker = &self.servers[0].worker;
        let (_, comparison) = worker.reconcile(self.account.parse().unwrap(), 3).await.unwrap();
        comparison.differences.into_iter().map(|one| (one.kind, one.ours, one.theirs)).collect()
    }

    /// Ends the story: nothing is owed any more, both sides say the same of every card, WeChat has nothing to complain of,
    /// and the books agree.
    pub async fn finish(self) {
        self.finish_with(&[]).await;
    }

    /// The same where WeChat has turned phones away, for these reasons and so often.
    pub async fn finish_with(self, turned_away: &[(&str, u64)]) {
        self.settle().await;
        let owed = self.texts("select kind || ' ' || state || ' ' || coalesce(note, '') from delivery where state not in ('done', 'cancelled')").await;
        assert!(owed.is_empty(), "{owed:?}");
        self.agree().await;
        self.close(turned_away).await;
    }

    /// The same where something is left to a person.
    pub async fn finish_apart(self) {
        self.close(&[]).await;
    }

    async fn close(self, turned_away: &[(&str, u64)]) {
        let mut report = self.wechat.report();
        for (reason, times) in turned_away {
            assert_eq!(report.deviations.remove(*reason), Some(*times), "{reason}");
        }
        assert!(report.is_clean(), "{report:#?}");
        for entry in self.wechat.journal() {
            for key in ["center_url\"", "custom_url\"", "promotion_url\""] {
                assert!(!entry.body.contains(key), "{} {}", entry.path, entry.body);
            }
        }
        recount(self.db(), self.clock.now(), AuditScope::DataOnly).await;
        for server in self.servers {
            server.stop().await;
        }
        self.wechat.stop().await.unwrap();
    }
}
