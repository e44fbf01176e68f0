//! People take coupons on Baidu, while things go wrong on the way.

use chrono::TimeDelta;
use kaquan::simulator::{
    fault::Fault,
    record::{Outcome, TakeReport},
};
use serde_json::json;

use crate::support::{
    campaign_offer::set_app_settings, plant::terms, recount::Counts, test_app::TestApp,
};

fn refusal(report: &TakeReport) -> &str {
    let Outcome::Refused { msg, .. } = &report.outcome else {
        panic!("expected a refusal, got {:?}", report.outcome);
    };
    msg
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_hundred_people_one_hundred_and_fifty_get_a_coupon_whatever_is_lost_or_doubled() {
    let app = TestApp::start(150).await;

    let crowd = app
        .baidu_crowd_takes(
            200,
            &[Fault::Duplicate { times: 3 }, Fault::drop_answer(), Fault::Replay],
        )
        .await;

    assert_eq!((crowd.issued, crowd.refused, crowd.inconsistent), (150, 50, 0));
    assert!(crowd.results.iter().all(|take| take.same_bytes));
    let no = crowd.results.iter().filter(|take| take.code().is_none());
    assert!(no.map(refusal).all(|reason| reason == "已领完"));
    let counts = Counts::read(&app.database.pool).await;
    assert_eq!(counts, Counts { coupons: 150, refusals: 50, issued: 150 });
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_was_lost_twice_is_given_a_third_time() {
    let app = TestApp::start(10).await;

    let take = app.baidu_user_takes_amid("open-1", &[Fault::DropAnswer { tries: 2 }]).await;

    assert_eq!(take.tries.len(), 3);
    assert_eq!(app.baidu.wallet("open-1")[0].code, take.code().unwrap());
    assert!(take.same_bytes);
    assert_eq!(Counts::read(&app.database.pool).await.coupons, 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_hangs_up_after_the_last_byte_finds_the_code_later() {
    let app = TestApp::start(100).await;

    let crowd = app.baidu_crowd_takes(50, &[Fault::HangUp { tries: 3 }]).await;

    assert_eq!(crowd.failed, 50);
    for take in &crowd.results {
        let later = app.baidu.retake(&take.record_id, vec![]).await.unwrap();
        assert!(later.code().is_some() && later.consistent);
    }
    let counts = Counts::read(&app.database.pool).await;
    assert_eq!(counts, Counts { coupons: 50, refusals: 0, issued: 50 });
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_may_come_in_any_order() {
    let app = TestApp::start(100).await;

    let swapped = app.baidu_crowd_takes(40, &[Fault::SwapPairs]).await;
    let overtaken = app.baidu_user_takes_amid("open-x", &[Fault::RetryOvertakesFirst]).await;

    assert_eq!((swapped.issued, swapped.inconsistent), (40, 0));
    assert!(overtaken.code().is_some() && overtaken.same_bytes);
    assert_eq!(overtaken.tries.len(), 2);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_calls_change_nothing() {
    let app = TestApp::start(10).await;
    let other = Fault::OtherPerson { open_id: "thief".to_owned() };
    let honest = app.baidu_user_takes("open-1").await;
    let before = Counts::read(&app.database.pool).await;

    let broken = app.baidu_user_takes_amid("open-2", &[Fault::BreakSign]).await;
    let late = app.baidu_user_takes_amid("open-2", &[Fault::Stale { seconds: -301 }]).await;
    let early = app.baidu_user_takes_amid("open-2", &[Fault::Stale { seconds: 301 }]).await;
    let shifted = app.baidu_user_takes_amid("open-2", &[Fault::ShiftBoundary]).await;
    let stolen = app.baidu.retake(&honest.record_id, vec![other]).await.unwrap();

    assert_eq!(refusal(&broken), "签名错误");
    assert_eq!([refusal(&late), refusal(&early)], ["请求已过期"; 2]);
    // A record of 32 characters and one more is none: the shift is seen by its shape.
    assert_eq!(shifted.tries[0].status, Some(400));
    assert_eq!(refusal(&stolen), "领取记录冲突");
    assert_eq!(Counts::read(&app.database.pool).await, before);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_record_is_answered_long_after_its_time() {
    let app = TestApp::start(10).await;
    let first = app.baidu_user_takes("open-1").await;

    app.clock.advance(TimeDelta::days(60));
    let stale = vec![Fault::Stale { seconds: -3600 }];
    let again = app.baidu.retake(&first.record_id, stale).await.unwrap();

    assert_eq!(again.tries[0].body, first.tries[0].body);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_may_come_as_text() {
    let app = TestApp::start(10).await;

    let take = app.baidu_user_takes_amid("open-1", &[Fault::NumbersAsText]).await;
    let again = app.baidu.retake(&take.record_id, vec![]).await.unwrap();

    assert!(take.code().is_some());
    assert!(again.same_bytes);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_other_reading_of_the_sign_is_accepted_and_counted_until_one_is_pinned() {
    let app = TestApp::start(10).await;
    let mirrored = "kaquan_baidu_signs_total{reading=\"mirrored\"}";
    let before = app.metric(mirrored).await;

    let free = app.baidu_user_takes_amid("open-1", &[Fault::SaltV2]).await;
    let counted = app.metric(mirrored).await;
    let pin = json!({ "sign_reading": "documented" });
    set_app_settings(&app.database.pool, app.offer.campaign.app, pin).await;
    app.knows_all_changes().await;
    let pinned = app.baidu_user_takes_amid("open-2", &[Fault::SaltV2]).await;
    let documented = app.baidu_user_takes("open-3").await;

    assert!(free.code().is_some());
    assert!(counted > before);
    assert_eq!(refusal(&pinned), "签名错误");
    assert!(documented.code().is_some());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_server_answers_with_the_bytes_of_the_old_one() {
    let mut app = TestApp::start(3).await;
    let takes = app.baidu_crowd_takes(6, &[Fault::DropAnswer { tries: 3 }]).await;
    assert_eq!(takes.failed, 6);

    app.restart().await;

    for take in &takes.results {
        let again = app.baidu.retake(&take.record_id, vec![]).await.unwrap();
        assert_eq!(again.tries[0].body, take.tries[0].body);
        assert!(again.consistent);
    }
    let counts = Counts::read(&app.database.pool).await;
    assert_eq!(counts, Counts { coupons: 3, refusals: 3, issued: 3 });
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_gets_as_many_as_the_terms_say_however_often_they_ask() {
    let mut two_each = terms();
    two_each.per_person_limit = 2;
    let app = TestApp::start_with(&two_each, 100).await;

    let takes =
        futures_util::future::join_all((0..8).map(|_| app.baidu_user_takes("open-1"))).await;

    let (got, refused): (Vec<_>, Vec<_>) = takes.iter().partition(|take| take.code().is_some());
    assert_eq!(got.len(), 2);
    assert!(refused.iter().all(|take| refusal(take) == "已达领取上限"));
    assert_eq!(app.baidu.wallet("open-1").len(), 2);
    app.finish().await;
}
