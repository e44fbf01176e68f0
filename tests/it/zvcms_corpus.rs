//! Every bad request of the zvcms protocol that we could think of, one after the other. None may leave anything behind, and
//! after each the books agree and a good request is answered.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::support::zvcms::{Heard, JSON, LIST, SECRET, Shop};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    code: i64,
    message: Option<String>,
    text: Option<String>,
    #[serde(default)]
    action: String,
    #[serde(default)]
    params: Value,
    #[serde(default)]
    fields: Map<String, Value>,
    #[serde(default)]
    sign: Map<String, Value>,
}

fn cases() -> Vec<Case> {
    let lines = include_str!("../fixtures/zvcms/bad.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"))).collect()
}

/// The rows of every table but those that remember requests, answered or not.
async fn rows(shop: &Shop) -> Vec<(String, i64)> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.tables
         where table_schema = 'public' and table_type = 'BASE TABLE'
           and table_name not in ('gateway_nonce', 'idempotency')
         order by 1",
    )
    .fetch_all(shop.admin.db())
    .await
    .unwrap();
    let counts = tables.iter().map(|table| format!("select '{table}', count(*) from \"{table}\""));
    let query = sqlx::AssertSqlSafe(counts.collect::<Vec<_>>().join(" union all "));
    sqlx::query_as(query).fetch_all(shop.admin.db()).await.unwrap()
}

async fn send(shop: &Shop, case: &Case, words: &[(&str, String)]) -> Heard {
    if let Some(text) = &case.text {
        return shop.post(JSON, text.clone()).await;
    }
    let params = case.params.to_string();
    let params = words.iter().fold(params, |text, (word, meaning)| text.replace(word, meaning));
    let mut letter = shop.letter(&case.action, serde_json::from_str(&params).unwrap());
    letter.0.extend(case.sign.clone());
    let mut letter = letter.signed(SECRET);
    letter.0.extend(case.fields.clone());
    shop.send(&letter).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_requests_are_answered_as_documented_and_leave_nothing_behind() {
    let shop = Shop::open().await;
    shop.member("1001", json!({})).await;
    shop.member("1002", json!({})).await;
    let coupon = shop.coupon("1001", json!({})).await;
    let template = shop.template(json!({}), 5).await;
    let mut wrong = Vec::new();
    for (number, case) in cases().into_iter().enumerate() {
        let words = [
            ("$template", template.to_string()),
            ("$coupon", coupon["id"].to_string()),
            ("$name", format!("n-{number}")),
        ];
        let before = rows(&shop).await;

        let heard = send(&shop, &case, &words).await;

        let body = heard.body();
        let is_business = case.code >= 20_000;
        let expected = case.message.as_deref().or(body["message"].as_str());
        if (body["code"].as_i64(), body["status"].as_bool(), body["message"].as_str())
            != (Some(case.code), Some(is_business), expected)
            || body.get("data").is_some()
        {
            wrong.push(format!("{}: {} {}", case.name, case.code, heard.0));
        }
        if rows(&shop).await != before {
            wrong.push(format!("{}: something is left behind", case.name));
        }
        shop.is_sound().await;
        shop.ask(LIST, json!({ "user_id": "1001" })).await.done();
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}
