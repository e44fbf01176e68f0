//! What WeChat answers nobody any more today, or for a minute, is not asked again for each person who waits.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kaquan::{
    clock::Clock,
    domain::code::CouponCode,
    platform::wechat::desk::{AskError, CardTickets},
};

use crate::support::{wechat_scene::WechatScene, wechat_stub::Mishap::Refused};

const TOKEN: &str = "/cgi-bin/stable_token";
const TICKET: &str = "/cgi-bin/ticket/getticket";
const DECRYPT: &str = "/card/code/decrypt";
const LOOK: &str = "/card/code/get";
const CODE: &str = "110201201245";

/// What somebody waits for.
#[derive(Debug, Clone, Copy)]
enum Wish {
    Ticket,
    Decrypt,
    Look,
}

struct People {
    scene: WechatScene,
    desk: Arc<dyn CardTickets>,
}

impl People {
    async fn new() -> Self {
        let scene = WechatScene::new().await;
        scene.wechat.world().codes.insert(CODE.to_owned(), "NORMAL".to_owned());
        let desk = scene.worker.wechat_desk().tickets;
        Self { scene, desk }
    }

    async fn ask(&self, wish: Wish) -> Result<(), AskError> {
        let app = self.scene.app;
        let code = CODE.to_owned();
        match wish {
            Wish::Ticket => self.desk.ticket(app).await.map(drop),
            Wish::Decrypt => self.desk.read_code(app, code).await.map(drop),
            Wish::Look => {
                let code = CouponCode::parse(&code).unwrap();
                self.desk.whose_code(app, "p1".to_owned(), code).await.map(drop)
            }
        }
    }

    async fn is_away(&self, wish: Wish) -> bool {
        matches!(self.ask(wish).await, Err(AskError::Away(_)))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_used_up_today_is_asked_again_tomorrow_and_not_for_each_who_waits() {
    for (wish, path) in [
        (Wish::Ticket, TOKEN),
        (Wish::Ticket, TICKET),
        (Wish::Decrypt, TOKEN),
        (Wish::Decrypt, DECRYPT),
        (Wish::Look, LOOK),
    ] {
        let people = People::new().await;
        let scene = &people.scene;
        scene.wechat.next(path, [Refused(45009)]);
        assert!(people.is_away(wish).await, "{wish:?}");

        // It is noon there.
        for _ in 0..10 {
            scene.clock.advance(TimeDelta::hours(1));
            assert!(people.is_away(wish).await, "{wish:?} {path}");
        }
        assert_eq!(scene.wechat.calls(path), 1, "{wish:?}");
        scene.clock.advance(TimeDelta::hours(3));

        people.ask(wish).await.unwrap();
        assert_eq!(scene.wechat.calls(path), 2, "{wish:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_too_fast_leaves_wechat_alone_for_a_minute_whoever_waits() {
    for (wish, path) in [
        (Wish::Ticket, TOKEN),
        (Wish::Ticket, TICKET),
        (Wish::Decrypt, DECRYPT),
        (Wish::Look, LOOK),
    ] {
        let people = People::new().await;
        let scene = &people.scene;
        scene.wechat.next(path, [Refused(45011)]);
        assert!(people.is_away(wish).await, "{wish:?}");

        scene.clock.advance(TimeDelta::seconds(58));
        assert!(people.is_away(wish).await, "{wish:?}");
        assert_eq!(scene.wechat.calls(path), 1, "{wish:?}");
        scene.clock.advance(TimeDelta::seconds(3));

        people.ask(wish).await.unwrap();
        assert_eq!(scene.wechat.calls(path), 2, "{wish:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_call_that_is_used_up_holds_up_no_other() {
    let people = People::new().await;
    people.scene.wechat.next(DECRYPT, [Refused(45009)]);
    assert!(people.is_away(Wish::Decrypt).await);

    people.ask(Wish::Look).await.unwrap();
    people.ask(Wish::Ticket).await.unwrap();

    assert!(people.is_away(Wish::Decrypt).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_learn_what_people_were_told_of_tokens() {
    let people = People::new().await;
    let scene = &people.scene;
    scene.wechat.next(TOKEN, [Refused(45009)]);
    assert!(people.is_away(Wish::Look).await);
    scene.clock.advance(TimeDelta::hours(1));

    scene.add("first", 10).await.unwrap();
    scene.publish().await.unwrap();
    scene.drain().await;

    let rests: Option<DateTime<Utc>> =
        sqlx::query_scalar("select open_until from channel").fetch_one(scene.db()).await.unwrap();
    let least = scene.clock.now() + TimeDelta::hours(3);
    assert!(rests.is_some_and(|until| until > least), "{rests:?}");
    assert_eq!(scene.wechat.calls(TOKEN), 1);
    scene.clock.advance(TimeDelta::hours(12));
    scene.settle().await;
    assert_eq!(scene.states("publish").await, ["done"]);
}
