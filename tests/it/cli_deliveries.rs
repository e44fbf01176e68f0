//! `kaquan deliveries`, run as an operator would.

use std::process::{Command, Output};

use chrono::TimeDelta;
use kaquan::{
    clock::{Clock, SystemClock},
    domain::id::{AppId, DeliveryId},
};
use serde_json::Value;
use sqlx::ConnectOptions;
use unicode_width::UnicodeWidthStr;
use uuid::Uuid;

use crate::support::{
    admin::Admin,
    delivery_plant::{Owed, look_at, plant_attempt},
    plant::noon,
};

/// A terminal beside a database.
struct Operator {
    admin: Admin,
    url: String,
    shop: AppId,
    latin: AppId,
}

/// What a command did.
struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl Operator {
    async fn sit_down() -> Self {
        let admin = Admin::new().await;
        let url = admin.database.options.to_url_lossy().to_string();
        let shop = admin.given_app("shop-key").await.parse().unwrap();
        admin.clock.advance(TimeDelta::seconds(1));
        let latin: AppId = admin.given_app("latin-key").await.parse().unwrap();
        for (app, name) in [(shop, "百度商城小程序旗舰店"), (latin, "Latin")] {
            sqlx::query("update app set name = $2 where app_id = $1")
                .bind(app.uuid())
                .bind(name)
                .execute(admin.db())
                .await
                .unwrap();
        }
        Self { admin, url, shop, latin }
    }

    /// Runs `kaquan deliveries` with these words behind it.
    async fn says(&self, words: &str) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kaquan"));
        command.arg("deliveries").args(words.split(' ').filter(|word| !word.is_empty()));
        command.env_clear().env("DATABASE_URL", &self.url);
        let ended = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
        Ended::from(ended.unwrap())
    }

    async fn plant(&self, owed: Owed) -> DeliveryId {
        owed.plant(self.admin.db()).await
    }

    async fn state(&self, id: DeliveryId) -> String {
        look_at(self.admin.db(), id).await.state
    }
}

impl Ended {
    #[track_caller]
    fn well(self) -> String {
        assert_eq!(self.code, 0, "{}", self.err);
        self.out
    }

    #[track_caller]
    fn refused(self, with: &str) {
        assert_eq!((self.code, self.out.as_str()), (1, ""), "{}", self.err);
        assert!(self.err.contains(with), "{}", self.err);
    }

    #[track_caller]
    fn json(self) -> Value {
        serde_json::from_str(&self.well()).unwrap()
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap();
        Self { code, out: text(output.stdout), err: text(output.stderr) }
    }
}

#[track_caller]
fn fits_a_terminal(text: &str) {
    for line in text.lines() {
        assert!(line.width() <= 80 && line.trim_end() == line, "{line:?}");
    }
}

#[tokio::test]
async fn a_list_fits_a_terminal_and_says_why() {
    let operator = Operator::sit_down().await;
    let dead = Owed {
        kind: "delete_banner",
        attempts: 25,
        note: Some(
            "平台不认识这张券，已经试过很多次了，请检查百度后台的券模板是否仍然存在并且没有被下架或者删除",
        ),
        ..Owed::to(operator.shop).that_is("dead")
    };
    let dead = operator.plant(dead).await;
    let done = Owed { note: Some("busy"), ..Owed::to(operator.latin).that_is("done") };
    let done = operator.plant(done.later(TimeDelta::seconds(1))).await;

    let list = operator.says("list").await.well();
    let only = operator.says("list --app shop-key --state dead --kind delete_banner").await.well();
    let none = operator.says("list --state leased").await.well();
    let cut = operator.says("list --limit 1 --json").await;

    let lines: Vec<_> = list.lines().collect();
    assert_eq!(lines.len(), 4, "{list}");
    assert!(lines[1].starts_with(&format!("{done}  done       sync               0")), "{list}");
    assert!(lines[2].starts_with(&format!("{dead}  dead       delete_banner     25")), "{list}");
    assert!(lines[3].starts_with("  平台不认识这张券") && lines[3].ends_with('…'), "{list}");
    fits_a_terminal(&list);
    assert_eq!(only.lines().count(), 3);
    assert_eq!(none, "");
    assert!(cut.err.contains("There are more"), "{}", cut.err);
    assert_eq!(cut.json()[0]["id"], done.to_string());
}

#[tokio::test]
async fn since_is_about_the_end_of_those_that_have_ended() {
    let operator = Operator::sit_down().await;
    let now = SystemClock.now();
    let old = now - TimeDelta::days(3);
    let died_late = Owed { created_at: old, settled_at: now, ..Owed::to(operator.shop) };
    let died_late = operator.plant(died_late.that_is("dead")).await;
    let died_early = Owed { created_at: old, settled_at: old, ..Owed::to(operator.shop) };
    operator.plant(died_early.that_is("dead")).await;
    let fresh = Owed { created_at: now, ..Owed::to(operator.shop) };
    let fresh = operator.plant(fresh).await;

    let dead = operator.says("list --state dead --since 2h --json").await.json();
    let owed = operator.says("list --since 2h --json").await.json();

    assert_eq!(
        (dead.as_array().unwrap().len(), &dead[0]["id"]),
        (1, &died_late.to_string().into())
    );
    assert_eq!((owed.as_array().unwrap().len(), &owed[0]["id"]), (1, &fresh.to_string().into()));
}

#[tokio::test]
async fn one_is_shown_with_its_attempts_and_what_holds_it_back() {
    let operator = Operator::sit_down().await;
    let coupon = Uuid::from_u128(1);
    let to_shop = || Owed { subject: coupon, ..Owed::to(operator.shop) };
    let sync = operator.plant(to_shop().that_is("dead")).await;
    let used =
        Owed { kind: "write_off", doubt: true, note: Some("no answer in time"), ..to_shop() };
    let used = operator.plant(used).await;
    plant_attempt(operator.admin.db(), used, 1, "unknown", None).await;
    let answer = "{\"errno\":10101,\"msg\":\"优惠券不存在或者已经被删除，请联系管理员\"}\u{1b}[2J";
    plant_attempt(operator.admin.db(), used, 2, "permanent", Some(answer)).await;

    let shown = operator.says(&format!("show {used}")).await.well();
    let json = operator.says(&format!("show {used} --json")).await.json();

    let shown_without_ids = shown
        .replace(&used.to_string(), "dlv_used")
        .replace(&sync.to_string(), "dlv_sync")
        .replace(&operator.shop.to_string(), "app_shop");
    insta::assert_snapshot!(shown_without_ids, @r#"
    dlv_used  write_off  pending, perhaps done
    app        app_shop  百度商城小程序旗舰店
    coupon     cpn_00000000000000000000000000000001
    identity   record-00000000000000000000000000000001
    owed       2026-11-11 04:00:00Z
    due        2026-11-11 04:00:00Z
    held by    dlv_sync  sync  dead
    note       no answer in time

      #  when                     took  outcome    answer
      1  2026-11-11 04:00:01Z    41 ms  unknown
      2  2026-11-11 04:00:02Z    41 ms  permanent  {"errno":10101,"msg":"优惠券不存
                                                   在或者已经被删除，请联系管理员"}\
                                                   u{1b}[2J
    "#);
    fits_a_terminal(&shown);
    assert_eq!(json["attempts"][1]["answer"], answer);
    assert_eq!(json["held_back_by"]["id"], sync.to_string());
    let api = operator.admin.get(&format!("/v1/admin/deliveries/{used}")).await.ok();
    assert_eq!(json, api);
}

#[tokio::test]
async fn the_status_of_apps_is_aligned_whatever_their_names() {
    let operator = Operator::sit_down().await;
    for state in ["waiting", "pending", "leased", "dead"] {
        operator.plant(Owed::to(operator.shop).that_is(state)).await;
    }
    operator.says("pause --app latin-key --reason 维护").await.well();

    let status = operator.says("status").await.well();
    let json = operator.says("status --json").await.json();

    let lines: Vec<_> = status.lines().collect();
    let columns = |line: &str, word: &str| line.find(word).map(|place| line[..place].width());
    assert_eq!(lines.len(), 4, "{status}");
    assert_eq!(columns(lines[0], "channel"), columns(lines[1], "closed"), "{status}");
    assert_eq!(columns(lines[0], "channel"), columns(lines[2], "paused"), "{status}");
    assert_eq!(lines[0].width(), lines[1].width(), "{status}");
    assert_eq!(lines[0].width(), lines[2].width(), "{status}");
    assert!(lines[3].starts_with("  paused for ") && lines[3].ends_with(": 维护"), "{status}");
    fits_a_terminal(&status);
    let api = operator.admin.get(&format!("/v1/admin/apps/{}/channel", operator.shop)).await.ok();
    assert_eq!(json[0]["deliveries"], api["deliveries"]);
    assert_eq!(json[1]["paused"]["reason"], "维护");
}

#[tokio::test]
async fn dead_ones_are_replayed_and_others_are_given_up() {
    let operator = Operator::sit_down().await;
    let now = SystemClock.now();
    let dead = || Owed { settled_at: now, ..Owed::to(operator.shop).that_is("dead") };
    let one = operator.plant(dead()).await;
    let other = operator.plant(Owed { kind: "write_off", ..dead() }).await;
    let lost = operator.plant(dead()).await;
    let path = format!("replay --dead --since 24h --app {} --kind write_off", operator.shop);

    let first = operator.says(&format!("replay {one}")).await.well();
    let many = operator.says(&path).await.well();
    let none = operator.says("replay --dead --since 24h --app latin-key --json").await.json();
    let cancelled = operator.says(&format!("cancel {lost}")).await.well();

    assert_eq!(first, format!("{one} is tried anew.\n"));
    assert_eq!(many, "1 delivery is tried anew.\n");
    assert_eq!(none["replayed"], 0);
    assert_eq!(cancelled, format!("{lost} is no longer owed.\n"));
    assert_eq!(operator.state(one).await, "pending");
    assert_eq!(operator.state(other).await, "pending");
    assert_eq!(operator.state(lost).await, "cancelled");
}

#[tokio::test]
async fn a_channel_is_paused_and_resumed_by_id_or_key() {
    let operator = Operator::sit_down().await;
    let dead = operator.plant(Owed::to(operator.shop).that_is("dead")).await;

    let paused = operator.says(&format!("pause --app {} --reason moving", operator.shop)).await;
    let replayed = operator.says(&format!("replay {dead}")).await;
    let resumed = operator.says("resume --app shop-key --json").await.json();

    assert_eq!(paused.well(), "百度商城小程序旗舰店 is not called until it is resumed.\n");
    assert_eq!(replayed.err, "Calls to 百度商城小程序旗舰店 are paused: moving\n");
    replayed.well();
    assert_eq!(
        (&resumed["paused"], &resumed["name"]),
        (&Value::Null, &"百度商城小程序旗舰店".into())
    );
}

#[tokio::test]
async fn a_refusal_ends_with_one_and_its_reason() {
    let operator = Operator::sit_down().await;
    let leased = operator.plant(Owed::to(operator.shop).that_is("leased")).await;
    let nobody = "dlv_00000000000070008000000000000001";
    sqlx::query(
        "insert into app (app_id, platform, app_key, name, created_at, updated_at)
         values ($1, 'own', 'shop-key', 'twin', $2, $2)",
    )
    .bind(Uuid::now_v7())
    .bind(noon())
    .execute(operator.admin.db())
    .await
    .unwrap();

    let says = async |words: &str| operator.says(words).await;
    says(&format!("replay {leased}")).await.refused("only a dead delivery");
    says(&format!("cancel {leased}")).await.refused("an attempt is under way");
    says(&format!("show {nobody}")).await.refused("there is no delivery");
    says(&format!("replay {nobody}")).await.refused("no such delivery");
    says("list --app nobody").await.refused("there is no app nobody");
    says("pause --app shop-key --reason x").await.refused("several apps have the key shop-key");
    let no_reason = format!("x{}", "y".repeat(200));
    says(&format!("pause --app latin-key --reason {no_reason}")).await.refused("reason: 1 to 200");
    for unreadable in ["replay", "replay --dead", "list --state lost", "list --since never"] {
        assert_eq!(says(unreadable).await.code, 2, "{unreadable}");
    }
}
