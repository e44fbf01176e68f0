//! The conformance kit: the gateways keep to their documents, and a server that does not is found out.

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, extract::RawQuery, response::IntoResponse};
use kaquan::{
    app::App,
    clock::SystemClock,
    domain::access::Role,
    ops::conform::{
        self, ConformError, Gateway, Settings,
        report::{Outcome, Report},
    },
    service::create_key::create_key,
};
use md5::{Digest, Md5};
use reqwest::Url;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{command, database::TestDatabase, test_app::config};

const SALT: &str = "conform-salt";

fn url(address: SocketAddr) -> Url {
    format!("http://{address}").parse().unwrap()
}

fn settings(gateway: Gateway, address: SocketAddr, key: &str) -> Settings {
    Settings { gateway, url: url(address), key: key.into(), admin: None, only: None }
}

/// A server that answers everything alike.
async fn serve<Said: IntoResponse + 'static>(
    answer: impl Fn(String) -> Said + Clone + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(async move |RawQuery(query): RawQuery| {
        answer(query.unwrap_or_default()).into_response()
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn run(settings: Settings) -> Result<Report, ConformError> {
    conform::run(settings, Arc::new(SystemClock), |_| {}).await
}

fn outcome<'a>(report: &'a Report, name: &str) -> &'a Outcome {
    &report.cases.iter().find(|verdict| verdict.name == name).unwrap().outcome
}

#[track_caller]
fn told(report: &Report, name: &str) -> Vec<String> {
    match outcome(report, name) {
        Outcome::Differs(difference) => difference.told.clone(),
        other @ (Outcome::Passed | Outcome::Skipped(_)) => panic!("{name}: {other:?}"),
    }
}

fn zvcms_yes(_: String) -> impl IntoResponse {
    let body = r#"{"status":true,"code":0,"message":"操作成功","data":{"item_list":[]}}"#;
    ([("content-type", "application/json")], body)
}

/// A total of zero, for a digest over this text.
fn yoho_zero(data: &'static str, hashed: &str) -> impl IntoResponse {
    let md5 = hex::encode(Md5::digest(format!("{SALT}:{hashed}").as_bytes()));
    let body = format!(
        r#"{{"alg":"SALT_MD5","code":200,"data":{data},"md5":"{md5}","message":"coupons total"}}"#
    );
    ([("content-type", "application/json;charset=UTF-8")], body)
}

#[tokio::test]
async fn a_server_that_says_yes_to_everything_does_not_conform() {
    let address = serve(zvcms_yes).await;

    let report = run(settings(Gateway::Zvcms, address, "id:secret@grant")).await.unwrap();

    assert!(!report.conforms());
    assert!(matches!(outcome(&report, "body-json"), Outcome::Passed));
    assert!(matches!(outcome(&report, "receive-one"), Outcome::Skipped(_)));
    for (case, way) in [
        ("token-by-another-secret", "/code: 0 and not 10004"),
        ("time-too-early", "/code: 0 and not 10005"),
        ("nonce-twice", "/code: 0 and not 10006"),
        ("user-missing", "/code: 0 and not 20003"),
    ] {
        let told = told(&report, case);
        assert!(told.iter().any(|line| line == way), "{case}: {told:?}");
        assert!(told.iter().any(|line| line.contains("`data` is too much")), "{case}: {told:?}");
    }
}

#[tokio::test]
async fn a_digest_of_another_text_is_found() {
    let right = serve(|_| yoho_zero(r#"{"total":0}"#, r#"{"total":0}"#)).await;
    let wrong = serve(|_| yoho_zero(r#"{"total":0}"#, r#"{"total": 0}"#)).await;
    let loose = serve(|_| yoho_zero(r#"{"total": 0}"#, r#"{"total": 0}"#)).await;
    let of = async |address| {
        let mut settings = settings(Gateway::Yoho, address, &format!("h5:key:{SALT}"));
        settings.only = Some("get".to_owned());
        run(settings).await.unwrap()
    };

    let (right, wrong, loose) = (of(right).await, of(wrong).await, of(loose).await);

    assert!(matches!(outcome(&right, "get"), Outcome::Passed), "{:?}", outcome(&right, "get"));
    assert!(told(&wrong, "get")[0].starts_with("`md5` is not"));
    assert_eq!(told(&loose, "get"), ["/data: blanks between the parts"]);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_no_difference() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();

    let error = run(settings(Gateway::Yoho, address, "h5:key:salt")).await.unwrap_err();

    assert!(matches!(error, ConformError::Unreachable { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_exit_status_says_what_came_of_it() {
    let address = serve(zvcms_yes).await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let key = ("KAQUAN_CONFORM_KEY", "id:a-secret@grant");
    let ask = async |address: SocketAddr, more: &[&str]| {
        let url = url(address).to_string();
        let words = [&["conform", "zvcms", "--url", &url], more].concat();
        command::kaquan(&words, &[key]).await
    };

    let well = ask(address, &["--only", "body-form"]).await;
    let different = ask(address, &["--only", "token", "--json"]).await;
    let unreachable = ask(gone, &[]).await;
    let list = command::kaquan(&["conform", "yoho", "--list"], &[]).await;
    let nobody = command::kaquan(&["conform", "yoho", "--url", "http://127.0.0.1:1"], &[]).await;

    assert_eq!(
        (well.code, different.code, unreachable.code),
        (0, 1, 2),
        "{well:?} {unreachable:?}"
    );
    assert!(well.out.contains("ok    body-form (2.2 body formats)\n"), "{}", well.out);
    let report: Value = serde_json::from_str(&different.out).unwrap();
    let cases = report["cases"].as_array().unwrap();
    let wrong = cases.iter().find(|case| case["name"] == "token-without-params").unwrap();
    assert_eq!(wrong["outcome"], "differs");
    assert!(wrong["detail"]["came"].as_str().unwrap().contains("操作成功"), "{wrong}");
    assert!(!different.out.contains("a-secret"));
    assert!(list.code == 0 && list.out.contains("secret-missing ("), "{}", list.out);
    assert!(nobody.code == 1 && nobody.err.contains("KAQUAN_CONFORM_KEY"), "{nobody:?}");
}

/// A whole server that both kits are run against, with the credentials of a client of each.
struct House {
    server: App,
    owner: SecretString,
    _database: TestDatabase,
}

impl House {
    async fn open() -> Self {
        let database = TestDatabase::new().await;
        let config = config(([127, 0, 0, 1], 0).into());
        let clock = Arc::new(SystemClock);
        let server = App::start(&config, &database.options, clock).await.unwrap();
        let now = kaquan::clock::Clock::now(&SystemClock);
        let (_, owner) = create_key(&database.pool, now, "owner", Role::Owner).await.unwrap();
        Self { server, owner: owner.reveal().to_owned().into(), _database: database }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let url = url(self.server.address).join(path).unwrap();
        let request = reqwest::Client::builder().build().unwrap().post(url);
        let key = secrecy::ExposeSecret::expose_secret(&self.owner);
        let reply = request.bearer_auth(key).json(&body).send().await.unwrap();
        let (status, body) = (reply.status(), reply.json::<Value>().await.unwrap());
        assert!(status.is_success(), "{path}: {body}");
        body
    }

    /// Runs every case.
    async fn conforms(&self, gateway: Gateway, key: &str) {
        let mut settings = settings(gateway, self.server.address, key);
        settings.admin = Some((url(self.server.address), self.owner.clone()));
        let report = run(settings).await.unwrap();

        let odd = report.cases.iter().filter(|case| !matches!(case.outcome, Outcome::Passed));
        let odd: Vec<_> = odd.map(ToString::to_string).collect();
        assert!(odd.is_empty(), "{report}\n{}", odd.join("\n"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_zvcms_gateway_keeps_every_rule() {
    let house = House::open().await;
    let secret = "conform-secret-of-32-characters-x";
    let client = json!({ "protocol": "zvcms", "name": "conform", "secret": secret });
    let made = house.post("/v1/admin/gateway-clients", client).await;
    let grants = format!("/v1/admin/gateway-clients/{}/grants", made["id"].as_str().unwrap());
    house.post(&grants, json!({ "code": "782c281f62" })).await;

    house.conforms(Gateway::Zvcms, &format!("conform:{secret}@782c281f62")).await;

    house.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_yoho_gateway_keeps_every_rule() {
    let house = House::open().await;
    let client = json!({ "protocol": "yoho", "name": "h5", "secret": "key", "salt": SALT });
    house.post("/v1/admin/gateway-clients", client).await;

    house.conforms(Gateway::Yoho, &format!("h5:key:{SALT}")).await;

    house.server.stop().await;
}
