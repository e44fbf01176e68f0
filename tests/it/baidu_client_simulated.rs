//! Our client before the simulator, which was written from the documents and knows nothing of it: happy and refused
//! stories for every call, and not one remark about what we send.

use chrono::{DateTime, TimeDelta, Utc};
use kaquan::{
    domain::delivery::Outcome,
    outgoing::secret::AccessToken,
    platform::baidu::{
        client::{Account, Client},
        comparison::differences,
        error::{CallError, Failure},
        form::{BannerForm, StockLetter, SyncLetter, TemplateForm},
        settings::TokenBy,
    },
    simulator::{
        self, Simulator,
        app::{DEFAULT_APP_KEY, DEFAULT_APP_SECRET},
        fault::CallFault,
    },
};
use secrecy::SecretString;
use tokio::net::TcpListener;
use url::Url;

use crate::support::{
    baidu_desk::{banner, client, template},
    plant::noon,
};

/// The simulator, our client, and a token.
struct Scene {
    baidu: Simulator,
    url: Url,
    client: Client,
    token: AccessToken,
}

impl Scene {
    async fn set() -> Self {
        let settings = simulator::Settings {
            clock: simulator::clock::Clock::from_source(noon),
            seed: Some(1),
            ..simulator::Settings::default()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let baidu = simulator::start(listener, settings).unwrap();
        let url: Url = baidu.base_url().parse().unwrap();
        let client = client();
        let account = Account { app_key: DEFAULT_APP_KEY, open_api: &url, session_api: &url };
        let fresh = client.token(account, &secret(), TokenBy::PostForm).await.unwrap().value;
        assert_eq!(fresh.expires_in, TimeDelta::days(30));
        Self { token: fresh.token, baidu, url, client }
    }

    fn account(&self) -> Account<'_> {
        Account { app_key: DEFAULT_APP_KEY, open_api: &self.url, session_api: &self.url }
    }

    async fn create(&self, form: &TemplateForm) -> Result<i64, CallError> {
        let created = self.client.create_template(self.account(), &self.token, form).await;
        created.map(|heard| heard.value.id)
    }

    async fn add(&self, letter: StockLetter<'_>) -> Result<(), CallError> {
        let added = self.client.add_stock(self.account(), &self.token, &letter).await;
        added.map(|heard| heard.value)
    }

    async fn sync(&self, letter: SyncLetter<'_>) -> Result<(), CallError> {
        let synced = self.client.sync(self.account(), &self.token, &letter).await;
        synced.map(|heard| heard.value)
    }

    async fn write_off(&self, record: &str, open_id: &str) -> Result<(), CallError> {
        let told = self.client.write_off(self.account(), &self.token, record, open_id).await;
        told.map(|heard| heard.value)
    }

    /// A user signs in inside the mini-program.
    async fn login_code(&self, open_id: &str) -> SecretString {
        let url = self.url.join("/_sim/login_code").unwrap();
        let who = serde_json::json!({ "app_key": DEFAULT_APP_KEY, "open_id": open_id });
        let reply = reqwest::Client::builder().no_proxy().build().unwrap().post(url).json(&who);
        let said: serde_json::Value = reply.send().await.unwrap().json().await.unwrap();
        SecretString::from(said["code"].as_str().unwrap_or_else(|| panic!("{said}")))
    }

    /// Baidu has nothing to remark.
    async fn finish(self) {
        let report = self.baidu.report();
        assert!(report.is_clean(), "{report:#?}");
        self.baidu.stop().await.unwrap();
    }
}

fn secret() -> SecretString {
    SecretString::from(DEFAULT_APP_SECRET)
}

/// A template that the simulator can call back about.
fn form() -> TemplateForm {
    TemplateForm {
        effect_time: noon().timestamp(),
        expire_time: (noon() + TimeDelta::days(30)).timestamp(),
        callback_url: SecretString::from("http://127.0.0.1:9/callbacks/baidu/x"),
        ..template()
    }
}

fn stock(template: i64, name: &str, amount: i64) -> StockLetter<'_> {
    StockLetter { template, name, amount, at: noon() }
}

fn letter(template: i64) -> SyncLetter<'static> {
    let until: DateTime<Utc> = noon() + TimeDelta::days(7);
    let (open_id, record, code) = ("open-1", "rec-1", "CODE1");
    SyncLetter { template, open_id, record, code, from: noon(), until }
}

fn errno(error: &CallError) -> Option<i64> {
    match error.failure {
        Failure::Business { errno, .. } => Some(errno),
        Failure::BannerExists { .. } => Some(70000),
        Failure::Gateway { .. }
        | Failure::OAuth { .. }
        | Failure::DataFalse
        | Failure::Decode(_)
        | Failure::Http { .. }
        | Failure::Transport { .. }
        | Failure::NotSent(_) => None,
    }
}

#[tokio::test]
async fn a_token_comes_either_way_and_only_for_the_right_secret() {
    let scene = Scene::set().await;

    let by_get = scene.client.token(scene.account(), &secret(), TokenBy::Get).await;
    let wrong = SecretString::from("wrong");
    let refused = scene.client.token(scene.account(), &wrong, TokenBy::PostForm).await;

    assert!(by_get.is_ok());
    let error = refused.unwrap_err();
    assert_eq!(error.failure, Failure::OAuth { error: "invalid_client".to_owned() });
    assert_eq!(error.outcome(false), Outcome::Locked);
    scene.finish().await;
}

#[tokio::test]
async fn a_template_stands_there_as_it_was_told() {
    let scene = Scene::set().await;

    let id = scene.create(&form()).await.unwrap();

    let listed = scene.client.list_all_templates(scene.account(), &scene.token).await.unwrap();
    assert!(listed.value.complete);
    let shown = &listed.value.items[0];
    assert_eq!((shown.id, shown.bg_color.as_str()), (id, "#9857AE"));
    assert_eq!(differences(shown, &form()), Vec::<&str>::new());
    assert_eq!(shown.created_at, DateTime::from_timestamp(noon().timestamp(), 0));
    scene.finish().await;
}

#[tokio::test]
async fn a_template_beyond_the_limits_is_refused() {
    let scene = Scene::set().await;
    let mut long = form();
    long.title = "券".repeat(11);

    let error = scene.create(&long).await.unwrap_err();

    assert_eq!((errno(&error), error.outcome(false)), (Some(40001), Outcome::Refused));
    assert!(error.answer().as_str().contains("40001"));
    scene.finish().await;
}

#[tokio::test]
async fn a_template_whose_creation_went_unanswered_is_found_again() {
    let scene = Scene::set().await;
    scene.baidu.next_call(CallFault::HangUpAfterAccepting);

    let error = scene.create(&form()).await.unwrap_err();
    assert_eq!(error.outcome(false), Outcome::Unknown { after: None });

    let listed = scene.client.list_all_templates(scene.account(), &scene.token).await.unwrap();
    let ours = listed.value.items.iter().filter(|shown| differences(shown, &form()).is_empty());
    assert_eq!(ours.count(), 1);
    scene.finish().await;
}

#[tokio::test]
async fn a_long_list_is_read_to_its_end_whatever_its_first_page_is_called() {
    for tolerant in [true, false] {
        let scene = Scene::set().await;
        let mut switches = scene.baidu.switches();
        switches.first_page_tolerance = tolerant;
        scene.baidu.set_switches(switches);
        for number in 0..101 {
            let form = TemplateForm { title: format!("券{number}"), ..form() };
            scene.create(&form).await.unwrap();
        }

        let listed = scene.client.list_all_templates(scene.account(), &scene.token).await.unwrap();

        assert_eq!((listed.value.items.len(), listed.value.complete), (101, true));
        scene.finish().await;
    }
}

#[tokio::test]
async fn a_named_addition_counts_once() {
    let scene = Scene::set().await;
    let id = scene.create(&form()).await.unwrap();

    scene.add(stock(id, "n-1", 1000)).await.unwrap();
    scene.add(stock(id, "n-1", 1000)).await.unwrap();
    let other = scene.add(stock(id, "n-1", 999)).await.unwrap_err();
    let nowhere = scene.add(stock(1, "n-2", 1)).await.unwrap_err();

    assert_eq!((errno(&other), other.outcome(true)), (Some(40000), Outcome::Refused));
    assert_eq!((errno(&nowhere), nowhere.outcome(true)), (Some(70001), Outcome::Refused));
    assert_eq!(scene.baidu.templates()[0].stock, 1000);
    scene.finish().await;
}

#[tokio::test]
async fn a_revoked_token_is_told_apart_and_a_fresh_one_works() {
    let mut scene = Scene::set().await;
    scene.baidu.revoke_tokens();

    let error = scene.create(&form()).await.unwrap_err();
    assert!(error.token_problem());

    let fresh = scene.client.token(scene.account(), &secret(), TokenBy::PostForm).await.unwrap();
    scene.token = fresh.value.token;
    scene.create(&form()).await.unwrap();
    scene.finish().await;
}

#[tokio::test]
async fn trouble_at_the_gateway_says_what_to_do() {
    let scene = Scene::set().await;
    let id = scene.create(&form()).await.unwrap();
    for (fault, meant) in [
        (CallFault::Unavailable, Outcome::Busy { after: None }),
        (CallFault::TooFast, Outcome::TooFast { after: None }),
        (CallFault::BadGateway, Outcome::Unknown { after: None }),
        (CallFault::HangUp, Outcome::Unknown { after: None }),
    ] {
        scene.baidu.next_call(fault);

        let error = scene.add(stock(id, "n-1", 5)).await.unwrap_err();

        assert_eq!(error.outcome(false), meant, "{error}");
    }
    scene.add(stock(id, "n-1", 5)).await.unwrap();
    assert_eq!(scene.baidu.templates()[0].stock, 5);
    scene.finish().await;
}

#[tokio::test]
async fn a_template_is_replaced_and_deleted() {
    let scene = Scene::set().await;
    let id = scene.create(&form()).await.unwrap();
    let changed = TemplateForm { title: "新标题".to_owned(), ..form() };
    let (client, account, token) = (&scene.client, scene.account(), &scene.token);

    let updated = client.update_template(account, token, id, &changed).await.unwrap();
    let nowhere = client.update_template(account, token, 1, &changed).await.unwrap_err();
    client.delete_template(account, token, id).await.unwrap();
    let again = client.delete_template(account, token, id).await.unwrap_err();

    assert_eq!(differences(&updated.value, &changed), Vec::<&str>::new());
    assert_eq!((errno(&nowhere), nowhere.outcome(false)), (Some(70001), Outcome::Refused));
    assert_eq!((errno(&again), again.outcome(false)), (Some(70001), Outcome::DoneBefore));
    scene.finish().await;
}

#[tokio::test]
async fn a_banner_is_shown_once_and_taken_away() {
    let scene = Scene::set().await;
    let id = scene.create(&form()).await.unwrap();
    let (client, account, token) = (&scene.client, scene.account(), &scene.token);
    let other = BannerForm { title: "另".to_owned(), ..banner() };

    let shown = client.create_banner(account, token, id, &banner()).await.unwrap().value;
    let second = client.create_banner(account, token, id, &other).await.unwrap_err();
    let nowhere = client.create_banner(account, token, 1, &banner()).await.unwrap_err();
    let listed = client.list_all_banners(account, token, Some(id)).await.unwrap().value;
    client.delete_banner(account, token, id, shown.id).await.unwrap();
    let again = client.delete_banner(account, token, id, shown.id).await.unwrap_err();

    assert_eq!((shown.dest_url.as_str(), shown.coupon_template_id), ("/pages/index", id));
    assert!(matches!(second.failure, Failure::BannerExists { .. }), "{second}");
    assert_eq!(errno(&nowhere), Some(70001));
    assert_eq!(listed.items, [shown]);
    assert_eq!(again.outcome(false), Outcome::DoneBefore);
    assert!(client.list_all_banners(account, token, None).await.unwrap().value.items.is_empty());
    scene.finish().await;
}

#[tokio::test]
async fn a_synced_coupon_lies_in_the_wallet_once() {
    let scene = Scene::set().await;
    let id = scene.create(&form()).await.unwrap();

    scene.sync(letter(id)).await.unwrap();
    scene.sync(letter(id)).await.unwrap();
    let stranger = scene.sync(SyncLetter { open_id: "open-2", ..letter(id) }).await.unwrap_err();
    let nowhere = scene.sync(SyncLetter { record: "rec-2", ..letter(1) }).await.unwrap_err();

    assert_eq!((errno(&stranger), stranger.outcome(false)), (Some(40000), Outcome::DoneBefore));
    assert_eq!((errno(&nowhere), nowhere.outcome(false)), (Some(70001), Outcome::Refused));
    let wallet = scene.baidu.wallet("open-1");
    assert_eq!((wallet.len(), wallet[0].code.as_str()), (1, "CODE1"));
    scene.finish().await;
}

#[tokio::test]
async fn a_lost_answer_to_a_write_off_is_cleared_up_by_the_second() {
    let scene = Scene::set().await;
    let id = scene.create(&form()).await.unwrap();
    scene.sync(letter(id)).await.unwrap();
    scene.baidu.next_call(CallFault::HangUpAfterAccepting);

    let lost = scene.write_off("rec-1", "open-1").await.unwrap_err();
    let second = scene.write_off("rec-1", "open-1").await.unwrap_err();
    let stranger = scene.write_off("rec-1", "open-2").await.unwrap_err();

    assert_eq!(lost.outcome(false), Outcome::Unknown { after: None });
    assert_eq!((errno(&second), second.outcome(true)), (Some(-1024), Outcome::DoneBefore));
    assert_eq!(stranger.outcome(false), Outcome::Refused);
    scene.finish().await;
}

#[tokio::test]
async fn what_baidu_counted_can_be_read() {
    let scene = Scene::set().await;
    let id = scene.create(&form()).await.unwrap();
    scene.add(stock(id, "n-1", 7)).await.unwrap();
    let today = (noon() + TimeDelta::hours(8)).date_naive();

    let days = (today, today);
    let counted = scene.client.statistics(scene.account(), &scene.token, days, 0).await.unwrap();
    let backwards = (today, today.pred_opt().unwrap());
    let refused = scene.client.statistics(scene.account(), &scene.token, backwards, 0).await;

    let row = &counted.value.items[0];
    assert_eq!((row.template, row.day, row.get_pv, row.stock), (id, Some(today), 0, 7));
    assert_eq!(refused.unwrap_err().outcome(false), Outcome::Refused);
    scene.finish().await;
}

#[tokio::test]
async fn a_login_code_is_good_for_one_session() {
    let scene = Scene::set().await;
    let (client, account, token) = (&scene.client, scene.account(), &scene.token);
    let (first, second) = (scene.login_code("open-1").await, scene.login_code("open-2").await);

    let new = client.session_key(account, token, &first).await.unwrap().value;
    let spent = client.session_key(account, token, &first).await.unwrap_err();
    let old = client.old_session_key(account, &secret(), &second).await.unwrap().value;
    let spent_too = client.old_session_key(account, &secret(), &second).await.unwrap_err();
    let locked = client.old_session_key(account, &SecretString::from("wrong"), &second).await;

    assert_eq!((new.open_id.as_str(), new.key.expose().len()), ("open-1", 32));
    assert_eq!((old.open_id.as_str(), old.key.expose().len()), ("open-2", 32));
    assert_eq!(spent.outcome(false), Outcome::Refused);
    assert_eq!(spent_too.outcome(false), Outcome::Refused);
    assert_eq!(locked.unwrap_err().outcome(false), Outcome::Locked);
    scene.finish().await;
}
