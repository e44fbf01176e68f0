//! What the worker makes of each thing that Baidu may say: again and when, never again, by a person, or the whole app later.

use chrono::{DateTime, TimeDelta, Utc};
use kaquan::{
    clock::Clock,
    domain::delivery::MOST_ATTEMPTS,
    simulator::{aim::FaultAim, effects::EffectKind, fault::CallFault},
};

use crate::support::{
    delivery_scene::{DeliveryScene, Used},
    delivery_stub::{Reply, Stub},
};

/// What a first call comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reaction {
    /// Asked once more with a fresh token, within the same attempt.
    FreshToken,
    /// Tried again; so it stands in the books.
    Again(&'static str),
    /// The whole app goes slower, and nothing is burned.
    TooFast,
    /// The app is paused for a person, and nothing is burned.
    Locked,
    /// Done before, it says.
    Presumed,
    /// Left to a person.
    Dead,
}

use Reaction::{Again, Dead, FreshToken, Locked, Presumed, TooFast};

const GATEWAY: [(i64, Reaction); 18] = [
    (1, Again("unknown")),
    (2, Again("retry")),
    (3, Dead),
    (4, TooFast),
    (5, Locked),
    (6, Dead),
    (13, Again("retry")),
    (14, Locked),
    (15, Locked),
    (18, TooFast),
    (19, Locked),
    (100, FreshToken),
    (101, Locked),
    (104, Locked),
    (110, FreshToken),
    (111, FreshToken),
    (50029, TooFast),
    (9999, Dead),
];

const BUSINESS: [(i64, Reaction); 33] = [
    (70000, Dead),
    (70001, Dead),
    (70002, Dead),
    (70003, Dead),
    (40000, Presumed),
    (40001, Dead),
    (41000, Dead),
    (2002, Dead),
    (30001, Dead),
    (40006, Dead),
    (47000, Dead),
    (47001, Dead),
    (47003, Dead),
    (47008, Dead),
    (501, Again("unknown")),
    (404, Dead),
    (405, Locked),
    (44001, Locked),
    (6001, Locked),
    (40007, Locked),
    (45000, Locked),
    (45001, Locked),
    (44002, FreshToken),
    (44003, FreshToken),
    (44004, FreshToken),
    (50029, TooFast),
    (-1024, Dead),
    (500, Again("unknown")),
    (5000, Again("retry")),
    (1000, Again("unknown")),
    (6002, Again("unknown")),
    (123_456, Dead),
    (-1, Dead),
];

#[tokio::test]
async fn every_number_that_baidu_may_say_has_its_reaction() {
    let scene = DeliveryScene::new().await;
    let gateway = GATEWAY.map(|(code, reaction)| (CallFault::Gateway { code }, reaction));
    let business = BUSINESS.map(|(errno, reaction)| (CallFault::Busy { errno }, reaction));
    let cases: Vec<_> = gateway.into_iter().chain(business).collect();
    let dead = cases.iter().filter(|(_, reaction)| *reaction == Dead).count();

    for (number, (fault, reaction)) in (0u32..).zip(cases) {
        scene.owe(number..number + 1, Used::No).await;
        scene.next_of("sync", &[fault]);
        scene.drain().await;
        look(&scene, &format!("record-{number}"), fault, reaction).await;
    }

    assert_eq!(scene.count("dead").await, i64::try_from(dead).unwrap());
    assert_eq!(scene.count("pending").await, 0);
    scene.finish_owing().await;
}

/// Looks at what the first attempt left, and at how it goes on.
async fn look(scene: &DeliveryScene, record: &str, fault: CallFault, reaction: Reaction) {
    let (row, channel) = (scene.row("sync", record).await, scene.channel().await);
    let said = format!("{fault:?}: {row:?} {channel:?}");
    let brief = |row: &crate::support::delivery_chaos::Row| {
        (row.state.clone(), row.attempts, row.presumed, row.outcomes.join(","))
    };
    let is = |state: &str, attempts, presumed, outcomes: &str| {
        (state.to_owned(), attempts, presumed, outcomes.to_owned())
    };
    match reaction {
        FreshToken => assert_eq!(brief(&row), is("done", 1, false, "ok"), "{said}"),
        Presumed => assert_eq!(brief(&row), is("done", 1, true, "ok"), "{said}"),
        Dead => assert_eq!(brief(&row), is("dead", 1, false, "permanent"), "{said}"),
        Again(outcome) => {
            assert_eq!(brief(&row), is("pending", 1, false, outcome), "{said}");
            assert!((800..=1200).contains(&row.due_in.num_milliseconds()), "{said}");
            scene.advance(row.due_in);
            scene.drain().await;
            let row = scene.row("sync", record).await;
            assert_eq!(brief(&row), is("done", 2, false, &format!("{outcome},ok")), "{said}");
        }
        TooFast => {
            assert_eq!(brief(&row), is("pending", 0, false, ""), "{said}");
            let rest = (channel.open_until.unwrap() - scene.clock.now()).num_milliseconds();
            assert!((1000..=1500).contains(&rest) && channel.failures == 0, "{said}");
            scene.advance(TimeDelta::milliseconds(rest - 1));
            assert_eq!(scene.drain().await, 0, "{said}");
            scene.advance(TimeDelta::seconds(1));
            assert_eq!(scene.drain().await, 1, "{said}");
            assert_eq!(brief(&scene.row("sync", record).await), is("done", 1, false, "ok"));
        }
        Locked => {
            assert_eq!(brief(&row), is("pending", 0, false, ""), "{said}");
            assert!(channel.pause_reason.unwrap().contains("Baidu"), "{said}");
            scene.advance(TimeDelta::minutes(5));
            assert_eq!(scene.drain().await, 0, "{said}");
            scene.resume().await;
            assert_eq!(scene.drain().await, 1, "{said}");
            assert_eq!(brief(&scene.row("sync", record).await), is("done", 1, false, "ok"));
        }
    }
}

#[tokio::test]
async fn pauses_grow_to_six_hours_until_a_delivery_is_left_to_a_person() {
    let scene = DeliveryScene::new().await;
    scene.owe(0..1, Used::No).await;
    let always = FaultAim::share(100.0, 0, CallFault::Unavailable).at("sync");
    scene.baidu.fault_calls(always).unwrap();
    let steps = [1, 5, 30, 120, 600, 1800, 3600, 7200, 14_400, 21_600];

    for number in 1..MOST_ATTEMPTS {
        assert_eq!(scene.drain().await, 1);
        let row = scene.row("sync", "record-0").await;
        assert_eq!((row.state.as_str(), row.attempts), ("pending", number));
        let step = steps[usize::try_from(number - 1).unwrap().min(steps.len() - 1)] * 1000;
        let pause = row.due_in.num_milliseconds();
        assert!((step * 4 / 5..=step * 6 / 5).contains(&pause), "{number}: {pause} ms");
        scene.advance(row.due_in - TimeDelta::milliseconds(1));
        assert_eq!(scene.drain().await, 0, "not a moment too early");
        scene.advance(TimeDelta::milliseconds(1));
    }
    assert_eq!(scene.drain().await, 1);

    let row = scene.row("sync", "record-0").await;
    assert_eq!((row.state.as_str(), row.attempts), ("dead", MOST_ATTEMPTS));
    assert!(row.note.unwrap().contains("error_code 2"));
    scene.finish_owing().await;
}

#[tokio::test]
async fn a_pause_that_baidu_asks_for_is_granted_up_to_a_quarter_of_an_hour() {
    for (status, asked, granted) in
        [(503, "60", 60), (429, "120", 120), (503, "3600", 900), (500, "999999999999", 900)]
    {
        let scene = DeliveryScene::new().await;
        let answer = move |asked_for: &crate::support::delivery_stub::Asked| {
            if asked_for.is_for_token() {
                return Reply::token();
            }
            Reply::status(status, &[("retry-after", asked)])
        };
        let stub = Stub::start(answer).await;
        stub.takes_calls_of(scene.db(), scene.campaign.app).await;
        scene.owe(0..1, Used::No).await;

        scene.drain().await;

        let row = scene.row("sync", "record-0").await;
        assert_eq!((row.state.as_str(), row.attempts), ("pending", 1));
        assert_eq!(row.due_in.num_seconds(), granted, "{status} {asked}");
        scene.finish_owing().await;
    }
}

#[tokio::test]
async fn who_has_used_up_the_day_waits_for_midnight_in_china() {
    let scene = DeliveryScene::new().await;
    scene.owe(0..40, Used::No).await;
    let midnight: DateTime<Utc> = "2026-11-12T00:00:00+08:00".parse().unwrap();
    scene.next_of("sync", &[CallFault::Gateway { code: 17 }]);

    // The others of the same moment get through, and change nothing about that.
    scene.drain().await;

    assert_eq!(scene.channel().await.open_until, Some(midnight));
    scene.owe(40..41, Used::No).await;
    scene.advance(midnight - scene.clock.now() - TimeDelta::seconds(1));
    assert_eq!(scene.drain().await, 0);
    scene.advance(TimeDelta::seconds(1));
    assert_eq!(scene.drain().await, 2);
    assert_eq!(scene.effects(EffectKind::Sync), (41, 1));
    scene.finish().await;
}

#[tokio::test]
async fn one_call_that_was_too_fast_slows_the_app_whatever_came_of_the_others() {
    let scene = DeliveryScene::new().await;
    scene.owe(0..40, Used::No).await;
    scene.next_of("sync", &[CallFault::TooFast]);

    scene.drain().await;

    assert!(scene.channel().await.open_until.is_some_and(|until| until > scene.clock.now()));
    assert_eq!(scene.count("done").await, 39);
    scene.advance(TimeDelta::seconds(2));
    scene.drain().await;
    scene.finish().await;
}

#[tokio::test]
async fn a_delivery_that_fails_alone_keeps_its_pauses_while_others_succeed() {
    let scene = DeliveryScene::new().await;
    let stub = Stub::start(|asked| match asked {
        asked if asked.is_for_token() => Reply::token(),
        asked if asked.body.contains("\"record-0\"") => Reply::json(r#"{"errno":500}"#),
        _ => Reply::success(),
    })
    .await;
    stub.takes_calls_of(scene.db(), scene.campaign.app).await;

    for round in 0..4 {
        scene.owe(round * 20..round * 20 + 20, Used::No).await;
        scene.drain().await;
    }

    let row = scene.row("sync", "record-0").await;
    assert_eq!((row.attempts, scene.count("done").await), (1, 79), "{row:?}");
    scene.finish_owing().await;
}
