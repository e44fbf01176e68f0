//! `GET /v1/admin/stats`: sums by day, template and app, with their rates.

use kaquan::domain::access::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::admin::Admin;

/// Sums as a week of sales would leave them, half of them not folded yet.
async fn given_a_week(admin: &Admin) -> (String, String) {
    let placement = admin.given_placement().await;
    let id = |name: &str| placement[name].as_str().unwrap().to_owned();
    let (template, app) = (id("template_id"), id("app_id"));
    for (table, day, measure, count) in [
        ("daily_sum", "2026-11-09", "offered", 1000),
        ("daily_sum", "2026-11-09", "claimed", 300),
        ("daily_sum", "2026-11-09", "refused_limit_reached", 20),
        ("tally", "2026-11-11", "claimed", 100),
        ("tally", "2026-11-11", "redeemed", 90),
        ("tally", "2026-11-11", "redeemed", 10),
        ("tally", "2026-11-11", "given_back", 5),
        ("tally", "2026-11-11", "refused_sold_out", 30),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "insert into {table} (day, template_id, app_id, measure, count)
             values ($1::date, $2, $3, $4, $5)"
        )))
        .bind(day.parse::<chrono::NaiveDate>().unwrap())
        .bind(uuid_of(&template))
        .bind(uuid_of(&app))
        .bind(measure)
        .bind(count)
        .execute(admin.db())
        .await
        .unwrap();
    }
    (template, app)
}

fn uuid_of(id: &str) -> Uuid {
    Uuid::parse_str(id.split_once('_').unwrap().1).unwrap()
}

async fn ask(admin: &Admin, query: &str) -> Value {
    admin.get(&format!("/v1/admin/stats?{query}")).await.ok()
}

#[tokio::test]
async fn a_sum_has_its_rates_and_its_funnel() {
    let admin = Admin::new().await;
    given_a_week(&admin).await;

    let said = ask(&admin, "from=2026-11-01&to=2026-11-30&group_by=none").await;

    assert_eq!((&said["from"], &said["to"]), (&json!("2026-11-01"), &json!("2026-11-30")));
    assert_eq!(
        said["total"],
        json!({
            "offered": 1000, "claimed": 400, "locked": 0, "redeemed": 100, "given_back": 5,
            "voided": 0, "expired": 0, "refused": { "limit_reached": 20, "sold_out": 30 },
            "rates": {
                "claim_rate": 0.4, "redeem_rate": 0.25, "give_back_rate": 0.05, "void_rate": 0.0,
                "expire_rate": 0.0, "refuse_rate": 0.1111,
            },
            "funnel": [
                { "step": "offered", "count": 1000, "of_previous": null, "of_first": null },
                { "step": "claimed", "count": 400, "of_previous": 0.4, "of_first": 0.4 },
                { "step": "redeemed", "count": 100, "of_previous": 0.25, "of_first": 0.1 },
                { "step": "kept", "count": 95, "of_previous": 0.95, "of_first": 0.095 },
            ],
        })
    );
    assert_eq!(said["groups"], json!([said["total"]]));
}

#[tokio::test]
async fn days_without_anything_stand_between_the_others() {
    let admin = Admin::new().await;
    given_a_week(&admin).await;

    let said = ask(&admin, "from=2026-11-09&to=2026-11-11").await;

    let days = said["groups"].as_array().unwrap();
    let claimed: Vec<_> = days.iter().map(|day| (&day["day"], &day["claimed"])).collect();
    assert_eq!(
        claimed,
        [
            (&json!("2026-11-09"), &json!(300)),
            (&json!("2026-11-10"), &json!(0)),
            (&json!("2026-11-11"), &json!(100)),
        ]
    );
    assert_eq!(days[1]["rates"]["claim_rate"], Value::Null);
    assert_eq!(ask(&admin, "").await["groups"].as_array().unwrap().len(), 30);
}

#[tokio::test]
async fn templates_and_apps_are_named_and_can_be_asked_for_alone() {
    let admin = Admin::new().await;
    let (template, app) = given_a_week(&admin).await;
    let other = admin.given_template(json!({})).await;

    let by_template = ask(&admin, "group_by=template").await;
    let by_app = ask(&admin, &format!("group_by=app&template_id={template}&app_id={app}")).await;
    let nothing = ask(&admin, &format!("group_by=template&template_id={other}")).await;

    assert_eq!(by_template["groups"][0]["template_id"], template.as_str());
    assert_eq!(by_template["groups"][0]["name"], "满 100 减 20");
    assert_eq!(
        (&by_app["groups"][0]["app_id"], &by_app["groups"][0]["name"]),
        (&json!(app), &json!("商城"))
    );
    assert_eq!(by_app["total"], by_template["total"]);
    assert_eq!((&nothing["groups"], &nothing["total"]["claimed"]), (&json!([]), &json!(0)));
}

#[tokio::test]
async fn a_span_that_is_none_and_a_word_that_nobody_knows_are_refused() {
    let admin = Admin::new().await;

    for (query, status, code) in [
        ("from=2026-11-02&to=2026-11-01", 422, "invalid_values"),
        ("from=2025-11-10&to=2026-11-11", 422, "invalid_values"),
        ("from=2026-02-30", 400, "invalid_query"),
        ("group_by=hour", 400, "invalid_query"),
        ("by=day", 400, "invalid_query"),
        ("from=2026-11-02&from=2026-11-03", 400, "invalid_query"),
    ] {
        admin.get(&format!("/v1/admin/stats?{query}")).await.problem(status, code);
    }
    ask(&admin, "from=2025-11-11&to=2026-11-11").await;
}

#[tokio::test]
async fn whoever_may_look_may_see_the_figures_and_nobody_else() {
    let admin = Admin::new().await;

    for (role, status) in [(Role::Auditor, 200), (Role::Operator, 200), (Role::Clerk, 403)] {
        let key = admin.key(role).await;
        let mut request = admin.request("GET", "/v1/admin/stats", "");
        request.headers_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());

        assert_eq!(admin.send(request).await.status.as_u16(), status, "{role:?}");
    }
}
