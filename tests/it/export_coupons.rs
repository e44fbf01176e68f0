//! `GET /v1/admin/exports/coupons`: every coupon once, in pieces, for one who reads fast, slowly, or not at all.

use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt;
use http::{Request, Response};
use http_body_util::BodyExt;
use kaquan::{
    api::{self, ApiState, export::Exports},
    domain::access::Role,
};
use serde_json::{Value, json};
use sqlx::PgPool;
use tower::ServiceExt;

use crate::support::{
    admin::Admin,
    audit::{plant_consistent, run},
    until::until,
};

/// So many more coupons, enough for several pieces.
async fn fill(db: &PgPool, count: i64) {
    run(
        db,
        &format!(
            "insert into coupon (coupon_id, placement_id, template_id, terms_version, app_id, holder_id, person_id,
                 ordinal, record, way, code, valid_from, valid_until, issued_at)
             select md5('more ' || n)::uuid, placement_id, template_id, terms_version, app_id, md5('m' || n)::uuid,
                 md5('m' || n)::uuid, 1, 'more-' || n, way, 'MORE-' || n, valid_from, valid_until, issued_at
             from coupon, generate_series(1, {count}) as n
             where record = 'record-1'"
        ),
    )
    .await;
}

async fn ask(admin: &Admin, query: &str) -> Response<Body> {
    let request: Request<Body> =
        admin.request("GET", &format!("/v1/admin/exports/coupons?{query}"), Body::empty());
    admin.router.clone().oneshot(request).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    assert_eq!(response.status(), 200);
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

async fn lines(admin: &Admin, query: &str) -> Vec<Value> {
    let said = text(ask(admin, &format!("format=json&{query}")).await).await;
    said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The same server with other room for exports.
fn with_room(admin: &mut Admin, exports: &Exports) {
    admin.router = api::router(ApiState { exports: exports.clone(), ..admin.state.clone() });
}

#[tokio::test]
async fn a_csv_file_has_each_coupon_once_with_its_use_and_no_code() {
    let admin = Admin::new().await;
    plant_consistent(admin.db()).await;
    run(
        admin.db(),
        "update redemption set store = '=HYPERLINK(1)', amount_fen = 9000, discount_fen = 2000
                     where order_no = 'order-3'",
    )
    .await;

    let response = ask(&admin, "bom=true").await;

    assert_eq!(response.headers()["content-type"], "text/csv; charset=utf-8");
    assert_eq!(response.headers()["content-disposition"], "attachment; filename=\"coupons.csv\"");
    let said = text(response).await;
    let rows: Vec<_> = said.strip_prefix('\u{feff}').unwrap().split_terminator("\r\n").collect();
    assert!(
        rows[0]
            .starts_with(r#""coupon_id","template_id","title","app_id","placement_id","record""#)
    );
    assert_eq!(rows.len(), 1 + 9, "{said}");
    let used = rows.iter().find(|row| row.contains("record-8")).unwrap();
    assert!(used.contains(r#""used""#), "{used}");
    assert!(
        used.ends_with(r#""order-3","'=HYPERLINK(1)","2026-11-05T02:00:00Z","2000""#),
        "{used}"
    );
    for code in ["KQ000000000000000", "UP-O1", "up-01"] {
        assert!(!said.contains(code), "{code} is told in full");
    }
}

#[tokio::test]
async fn lines_of_json_can_be_filtered_by_all_that_has_a_name() {
    let admin = Admin::new().await;
    plant_consistent(admin.db()).await;
    let all = lines(&admin, "").await;
    let one = all.iter().find(|line| line["record"] == "record-4").unwrap();
    let [template, app] = ["template_id", "app_id"].map(|name| one[name].as_str().unwrap());

    for (query, records) in [
        (format!("template_id={template}"), vec!["record-4", "record-5"]),
        (format!("app_id={app}&from=2026-11-02&to=2026-11-02"), vec!["record-1", "record-5"]),
        ("state=used".to_owned(), vec!["record-7", "record-8"]),
        ("state=usable".to_owned(), vec![]),
        ("state=void".to_owned(), vec!["record-5"]),
        ("state=expired".to_owned(), vec!["record-1", "record-10", "record-2", "record-3"]),
        ("state=locked".to_owned(), vec!["record-4"]),
    ] {
        let mut found: Vec<_> = lines(&admin, &query).await;
        found.sort_by_key(|line| line["record"].to_string());
        let found: Vec<_> = found.iter().map(|line| line["record"].as_str().unwrap()).collect();

        assert_eq!(found, records, "{query}");
    }
    assert_eq!(all.len(), 9);
    assert_eq!((&one["title"], &one["store"]), (&json!("满 100 减 20"), &Value::Null));
}

#[tokio::test]
async fn a_lock_counts_while_it_lives() {
    let admin = Admin::new().await;
    plant_consistent(admin.db()).await;
    run(admin.db(), "delete from coupon_lock;
         update coupon set state = 'locked' where record in ('record-4', 'record-5');
         insert into coupon_lock select coupon_id, 'o', 'test', issued_at,
             case record when 'record-4' then '2026-11-11T12:00:01+08:00' else '2026-11-11T12:00:00+08:00' end::timestamptz
         from coupon where state = 'locked'").await;

    let locked = lines(&admin, "state=locked").await;
    let usable = lines(&admin, "state=usable").await;

    assert_eq!((locked.len(), &locked[0]["record"]), (1, &json!("record-4")));
    assert_eq!((usable.len(), &usable[0]["record"]), (1, &json!("record-5")));
}

#[tokio::test]
async fn every_coupon_is_in_one_of_many_pieces_once() {
    let admin = Admin::new().await;
    plant_consistent(admin.db()).await;
    fill(admin.db(), 12_000).await;

    let said = lines(&admin, "").await;

    let mut ids: Vec<_> = said.iter().map(|line| line["coupon_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 12_009);
    assert!(ids.is_sorted());
    ids.dedup();
    assert_eq!(ids.len(), 12_009);
    assert_eq!(lines(&admin, "state=used").await.len(), 2, "pieces in which nothing is wanted");
}

#[tokio::test]
async fn a_reader_who_does_not_read_holds_no_connection_and_one_who_leaves_frees_his_place() {
    let mut admin = Admin::new().await;
    plant_consistent(admin.db()).await;
    fill(admin.db(), 25_000).await;
    let exports = Exports::new(2, Duration::from_mins(10));
    with_room(&mut admin, &exports);
    let (first, second) = (ask(&admin, "").await, ask(&admin, "").await);

    until("no connection is held", async || {
        admin.db().num_idle() == usize::try_from(admin.db().size()).unwrap()
    })
    .await;
    assert_eq!(ask(&admin, "").await.status(), 429);
    drop(first);
    until("a place is free", async || exports.free() == 1).await;

    assert_eq!(ask(&admin, "state=void").await.status(), 200);
    assert_eq!(text(second).await.lines().count(), 25_010);
}

#[tokio::test]
async fn a_reader_who_is_too_slow_hears_that_the_file_is_not_whole() {
    let mut admin = Admin::new().await;
    plant_consistent(admin.db()).await;
    fill(admin.db(), 25_000).await;
    let exports = Exports::new(1, Duration::from_millis(50));
    with_room(&mut admin, &exports);
    let response = ask(&admin, "").await;

    until("the place is free again", async || exports.free() == 1).await;

    let pieces: Vec<_> = StreamExt::collect(response.into_body().into_data_stream()).await;
    assert!(pieces.last().unwrap().is_err(), "a part was taken for the whole");
}

#[tokio::test]
async fn only_those_who_may_look_may_export() {
    let admin = Admin::new().await;

    for (role, status) in [(Role::Auditor, 200), (Role::Clerk, 403)] {
        let key = admin.key(role).await;
        let mut request = admin.request("GET", "/v1/admin/exports/coupons", Body::empty());
        request.headers_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
        let response = admin.router.clone().oneshot(request).await.unwrap();

        assert_eq!(response.status().as_u16(), status, "{role:?}");
    }
    for query in ["format=xlsx", "state=gone", "from=yesterday", "bom=1", "code=full"] {
        assert_eq!(ask(&admin, query).await.status(), 400, "{query}");
    }
}

#[tokio::test]
async fn figures_are_a_file_too() {
    let admin = Admin::new().await;
    plant_consistent(admin.db()).await;
    let get = async |query: &str| {
        let path = format!("/v1/admin/exports/stats?from=2026-10-01&to=2026-11-11&{query}");
        let request = admin.request("GET", &path, Body::empty());
        text(admin.router.clone().oneshot(request).await.unwrap()).await
    };

    let (csv, json) = (get("group_by=none").await, get("group_by=template&format=json").await);

    let rows: Vec<_> = csv.split_terminator("\r\n").collect();
    assert!(rows[0].starts_with(r#""group","name","offered","claimed""#), "{csv}");
    assert!(rows[0].ends_with(r#""refused_stale","claim_rate","redeem_rate","give_back_rate","void_rate","expire_rate","refuse_rate""#));
    assert!(
        rows[1].starts_with(r#""all","","20","8","1","3","0","1","5","1","0","0","0","0","1""#),
        "{csv}"
    );
    assert!(rows[1].ends_with(r#""0.4000","0.3750","0.0000","0.1250","0.6250","0.1111""#), "{csv}");
    assert_eq!(json.lines().count(), 2);
    assert!(json.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
}
