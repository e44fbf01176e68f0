//! What the issuing engine promises when nothing breaks.

use chrono::TimeDelta;
use futures_util::future::join_all;
use kaquan::{
    domain::{
        audience::Audience,
        claim::{FinalRefusal, PassingRefusal},
        terms::CodeSource,
    },
    issuing::{Answer, Made},
};

use crate::support::{
    database::TestDatabase,
    engine::{Said, TestEngine},
    plant::{Campaign, noon, plant_app, plant_codes, plant_member, terms},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_gets_one_coupon_and_keeps_it() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 10).await;
    let engine = TestEngine::start(&database.options);

    let first = engine.issuer.issue(campaign.request("r-1", "open-1")).await.coupon();
    engine.clock.advance(TimeDelta::days(400));
    let again = engine.issuer.issue(campaign.request("r-1", "open-1")).await.coupon();

    assert_eq!(
        first.valid_until,
        "2026-11-18T00:00:00+08:00".parse::<chrono::DateTime<chrono::Utc>>().unwrap()
    );
    assert!(first.code.is_well_typed());
    assert_eq!(first, again);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_callers_race_for_the_last_coupon_and_one_wins() {
    let database = TestDatabase::new().await;
    let engines = [TestEngine::start(&database.options), TestEngine::start(&database.options)];
    for round in 0..50 {
        let campaign = Campaign::plant(&database.pool, &terms(), 1).await;

        let answers = join_all((0..64).map(|caller| {
            let request = campaign.request(&format!("{round}-{caller}"), &format!("open-{caller}"));
            engines[caller % 2].issuer.issue(request)
        }))
        .await;

        let (won, lost): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|answer| matches!(answer, Ok(Answer::Issued(_))));
        assert_eq!(won.len(), 1);
        assert!(lost.into_iter().all(|answer| answer.refusal() == FinalRefusal::SoldOut.into()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_requests_of_one_person_get_no_more_than_the_limit() {
    let database = TestDatabase::new().await;
    let engines = [TestEngine::start(&database.options), TestEngine::start(&database.options)];
    let mut three_each = terms();
    three_each.per_person_limit = 3;
    for round in 0..50 {
        let campaign = Campaign::plant(&database.pool, &three_each, 100).await;

        let answers = join_all((0..64).map(|caller| {
            let request = campaign.request(&format!("{round}-{caller}"), "open-1");
            engines[caller % 2].issuer.issue(request)
        }))
        .await;

        let (got, refused): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|answer| matches!(answer, Ok(Answer::Issued(_))));
        assert_eq!(got.len(), 3);
        let limit = FinalRefusal::LimitReached.into();
        assert!(refused.into_iter().all(|answer| answer.refusal() == limit));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_storm_from_two_servers_gives_each_record_one_code() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 1000).await;
    let engines = [TestEngine::start(&database.options), TestEngine::start(&database.options)];

    let answers = join_all((0..3000).map(|call| {
        let person = call % 200;
        let request = campaign.request(&format!("r-{person}"), &format!("open-{person}"));
        let engine = &engines[(call / 200) % 2];
        async move { (person, engine.issuer.issue(request).await.coupon()) }
    }))
    .await;

    let mut codes = std::collections::HashMap::new();
    for (person, coupon) in answers {
        assert_eq!(codes.entry(person).or_insert_with(|| coupon.clone()), &coupon);
    }
    let issued: i64 = sqlx::query_scalar("select issued from stock where way = 'take'")
        .fetch_one(&database.pool)
        .await
        .unwrap();
    assert_eq!((codes.len(), issued), (200, 200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_members_holders_share_one_limit_over_all_placements() {
    let database = TestDatabase::new().await;
    let here = Campaign::plant(&database.pool, &terms(), 10).await;
    let app = plant_app(&database.pool).await;
    let there = Campaign::place(&database.pool, app, here.template, 10).await;
    plant_member(&database.pool, &[], &[(here.app, "open-1"), (there.app, "other-1")]).await;
    let engines = [TestEngine::start(&database.options), TestEngine::start(&database.options)];

    let (one, other) = tokio::join!(
        engines[0].issuer.issue(here.request("r-1", "open-1")),
        engines[1].issuer.issue(there.request("r-1", "other-1")),
    );

    let answers = [one, other];
    let issued = answers.iter().filter(|answer| matches!(answer, Ok(Answer::Issued(_)))).count();
    assert_eq!(issued, 1, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_final_refusal_is_heard_again_and_a_passing_one_is_not() {
    let database = TestDatabase::new().await;
    let sold_out = Campaign::plant(&database.pool, &terms(), 0).await;
    let mut later = terms();
    later.claim_from = noon() + TimeDelta::minutes(1);
    let to_come = Campaign::plant(&database.pool, &later, 1).await;
    let engine = TestEngine::start(&database.options);

    let first = engine.issuer.issue(sold_out.request("r-1", "open-1")).await.refusal();
    let early = engine.issuer.issue(to_come.request("r-2", "open-1")).await.refusal();
    sqlx::query("update stock set total = 10").execute(&database.pool).await.unwrap();
    engine.clock.advance(TimeDelta::minutes(1));
    let again = engine.issuer.issue(sold_out.request("r-1", "open-1")).await.refusal();
    let in_time = engine.issuer.issue(to_come.request("r-2", "open-1")).await;

    assert_eq!(first, FinalRefusal::SoldOut.into());
    assert_eq!(again, first);
    assert_eq!(early, PassingRefusal::NotOpen.into());
    in_time.coupon();
    engine.issuer.issue(sold_out.request("r-3", "open-1")).await.coupon();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_is_never_given_to_somebody_else_or_for_something_else() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 10).await;
    let other = crate::support::plant::plant_template(&database.pool, &terms()).await;
    let other = Campaign::place(&database.pool, campaign.app, other, 10).await;
    let engine = TestEngine::start(&database.options);
    let first = engine.issuer.issue(campaign.request("r-1", "open-1")).await.coupon();

    let stranger = engine.issuer.issue(campaign.request("r-1", "open-2")).await.refusal();
    let elsewhere = engine.issuer.issue(other.request("r-1", "open-1")).await.refusal();
    let (one, two) = tokio::join!(
        engine.issuer.issue(campaign.request("r-2", "open-3")),
        engine.issuer.issue(other.request("r-2", "open-3")),
    );

    assert_eq!(stranger, PassingRefusal::RecordTaken.into());
    assert_eq!(elsewhere, PassingRefusal::RecordTaken.into());
    let both = [one.unwrap(), two.unwrap()];
    let issued = both.iter().filter(|answer| matches!(answer, Answer::Issued(_))).count();
    assert_eq!(issued, 1, "{both:?}");
    assert_eq!(engine.issuer.issue(campaign.request("r-1", "open-1")).await.coupon(), first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploaded_codes_are_given_once_each_in_their_order() {
    let database = TestDatabase::new().await;
    let mut uploaded = terms();
    uploaded.codes = CodeSource::Uploaded;
    let campaign = Campaign::plant(&database.pool, &uploaded, 100).await;
    let codes: Vec<_> = (0..40).map(|number| format!("CODE-{number:03}")).collect();
    plant_codes(&database.pool, campaign.template, &codes).await;
    let engine = TestEngine::start(&database.options);

    let first = engine.issuer.issue(campaign.request("first", "open-first")).await.coupon();
    let answers = join_all((0..60).map(|caller| {
        let request = campaign.request(&format!("r-{caller}"), &format!("open-{caller}"));
        engine.issuer.issue(request)
    }))
    .await;

    let mut given: Vec<_> = answers
        .iter()
        .filter_map(|answer| match answer {
            Ok(Answer::Issued(coupon)) => Some(coupon.code.as_str().to_owned()),
            _ => None,
        })
        .collect();
    given.sort();
    assert_eq!(first.code.as_str(), "CODE-000");
    assert_eq!(given, codes[1..]);
    let sold_out = FinalRefusal::SoldOut.into();
    let refused = answers.into_iter().filter(|answer| *answer == Ok(Answer::Refused(sold_out)));
    assert_eq!(refused.count(), 60 - 39);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_audience_gets_a_coupon() {
    let database = TestDatabase::new().await;
    let mut gold = terms();
    gold.audience = Audience::MemberClasses { any_of: vec!["gold".into()] };
    let campaign = Campaign::plant(&database.pool, &gold, 10).await;
    plant_member(&database.pool, &["gold"], &[(campaign.app, "golden")]).await;
    plant_member(&database.pool, &["silver"], &[(campaign.app, "silvern")]).await;
    let engine = TestEngine::start(&database.options);

    let golden = engine.issuer.issue(campaign.request("r-1", "golden")).await;
    let silvern = engine.issuer.issue(campaign.request("r-2", "silvern")).await;
    let stranger = engine.issuer.issue(campaign.request("r-3", "stranger")).await;

    golden.coupon();
    assert_eq!(silvern.refusal(), FinalRefusal::NotEligible.into());
    assert_eq!(stranger.refusal(), FinalRefusal::NotEligible.into());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_requests_are_refused_unless_their_record_is_known() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 10).await;
    let engine = TestEngine::start(&database.options);
    let made = |record: &str, seconds: i64| {
        let mut request = campaign.request(record, record);
        let at = noon() + TimeDelta::seconds(seconds);
        request.made = Some(Made { at, tolerance: TimeDelta::seconds(300) });
        engine.issuer.issue(request)
    };

    let early = made("r-1", -300).await;
    let late = made("r-2", 300).await;
    let stale = [made("r-3", -301).await, made("r-4", 301).await];
    engine.clock.advance(TimeDelta::hours(1));
    let replay = made("r-1", -300).await;

    assert_eq!(early.coupon(), replay.coupon());
    late.coupon();
    for answer in stale {
        assert_eq!(answer.refusal(), PassingRefusal::Stale.into());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_work_goes_on_when_the_caller_hangs_up() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 10).await;
    let engine = TestEngine::start(&database.options);

    {
        let mut asking = Box::pin(engine.issuer.issue(campaign.request("r-1", "open-1")));
        // Polled once: the request is in the engine's hands when the caller goes.
        assert!(futures_util::poll!(&mut asking).is_pending());
    }
    let options = database.options.clone();
    engine.finish().await;

    let issued: i64 = sqlx::query_scalar("select count(*) from coupon where record = 'r-1'")
        .fetch_one(&database.pool)
        .await
        .unwrap();
    assert_eq!(issued, 1);
    let restarted = TestEngine::start(&options);
    restarted.issuer.issue(campaign.request("r-1", "open-1")).await.coupon();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_changes_the_next_coupon_and_no_earlier_one() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 10).await;
    let engine = TestEngine::start(&database.options);
    let before = engine.issuer.issue(campaign.request("r-1", "open-1")).await.coupon();

    let mut longer = terms();
    longer.validity =
        kaquan::domain::validity::ValidityRule::AfterClaim { days: 30, starts_after_days: 0 };
    sqlx::query(
        "with edited as (update template set version = 2 where template_id = $1)
         insert into template_terms (template_id, version, document, created_at)
         values ($1, 2, $2, now())",
    )
    .bind(campaign.template.uuid())
    .bind(serde_json::to_value(&longer).unwrap())
    .execute(&database.pool)
    .await
    .unwrap();
    let after = engine.issuer.issue(campaign.request("r-2", "open-2")).await.coupon();

    assert_eq!(after.valid_until - before.valid_until, TimeDelta::days(23));
    let again = engine.issuer.issue(campaign.request("r-1", "open-1")).await.coupon();
    assert_eq!(again, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_races_for_two_templates_gets_a_coupon_or_a_refusal_and_never_both() {
    let database = TestDatabase::new().await;
    let plenty = Campaign::plant(&database.pool, &terms(), 1000).await;
    let template = crate::support::plant::plant_template(&database.pool, &terms()).await;
    let nothing = Campaign::place(&database.pool, plenty.app, template, 0).await;
    let engines = [TestEngine::start(&database.options), TestEngine::start(&database.options)];

    join_all((0..300).map(|number| {
        let (record, open_id) = (format!("r-{number}"), format!("open-{number}"));
        let engines = &engines;
        async move {
            let (one, other) = tokio::join!(
                engines[0].issuer.issue(plenty.request(&record, &open_id)),
                engines[1].issuer.issue(nothing.request(&record, &open_id)),
            );
            (one.unwrap(), other.unwrap())
        }
    }))
    .await;

    let both: i64 =
        sqlx::query_scalar("select count(*) from coupon join refusal using (app_id, record)")
            .fetch_one(&database.pool)
            .await
            .unwrap();
    assert_eq!(both, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_out_of_date_copy_of_a_request_spoils_no_timely_one_beside_it() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 100).await;
    let engine = TestEngine::start(&database.options);

    let answers = join_all((0..64).map(|call| {
        let record = format!("r-{}", call / 2);
        let mut request = campaign.request(&record, &record);
        let age = if call % 2 == 0 { 3600 } else { 0 };
        let at = noon() - TimeDelta::seconds(age);
        request.made = Some(Made { at, tolerance: TimeDelta::seconds(300) });
        engine.issuer.issue(request)
    }))
    .await;

    for timely in answers.into_iter().skip(1).step_by(2) {
        timely.coupon();
    }
}

/// Panics when it is asked for the first time.
#[derive(Debug)]
struct BrokenClock(std::sync::atomic::AtomicBool);

impl kaquan::clock::Clock for BrokenClock {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        noon()
    }

    fn at_database(&self, _: chrono::DateTime<chrono::Utc>) -> chrono::DateTime<chrono::Utc> {
        assert!(self.0.swap(true, std::sync::atomic::Ordering::Relaxed), "a bug, on purpose");
        noon()
    }

    fn instead_of_database(&self) -> Option<chrono::DateTime<chrono::Utc>> {
        None
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bug_costs_one_batch_and_not_the_engine() {
    let database = TestDatabase::new().await;
    let campaign = Campaign::plant(&database.pool, &terms(), 10).await;
    let clock = std::sync::Arc::new(BrokenClock(false.into()));
    let settings = kaquan::config::issuing::Issuing::default();
    let (issuer, engine) = kaquan::issuing::start(&settings, &database.options, clock).unwrap();

    let first = issuer.issue(campaign.request("r-1", "open-1")).await;
    let again = issuer.issue(campaign.request("r-1", "open-1")).await;

    assert_eq!(first, Err(kaquan::issuing::NoAnswer::Busy));
    again.coupon();
    drop(issuer);
    engine.finish().await;
}
