//! The front page's walk: the bodies that it shows are accepted, and lead to a stock to issue from.

use serde_json::Value;

use crate::support::admin::Admin;

/// The calls of `admin PATH BODY` in the shell blocks, as the shell would read them.
fn calls() -> Vec<(String, String)> {
    let page = include_str!("../../README.md");
    let blocks =
        page.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n"));
    let calls = blocks.flat_map(|block| block.split("admin ").skip(1));
    calls
        .map(|call| {
            let (path, rest) = word(call);
            (path, word(rest).0)
        })
        .collect()
}

/// A word of the shell, with or without quotes, and what follows it.
fn word(text: &str) -> (String, &str) {
    let text = text.trim_start();
    let (word, rest) = match text.chars().next() {
        Some('\'') => text[1..].split_once('\'').unwrap(),
        Some('"') => {
            let end = text[1..].match_indices('"').map(|(end, _)| end + 1);
            let end = end.into_iter().find(|end| !text[..*end].ends_with('\\')).unwrap();
            (&text[1..end], &text[end + 1..])
        }
        _ => text.split_once(char::is_whitespace).unwrap(),
    };
    (word.replace("\\\"", "\""), rest)
}

#[tokio::test]
async fn the_walk_of_the_front_page_leads_to_a_coupon_that_can_be_taken() {
    let admin = Admin::new().await;
    let mut made: Vec<(String, Value)> = Vec::new();

    for (path, body) in calls() {
        let known = |text: String| {
            made.iter().fold(text, |text, (name, reply)| {
                text.replace(&format!("${name}"), reply["id"].as_str().unwrap())
            })
        };
        let (path, body) = (known(path), known(body));
        let body = serde_json::from_str(&body).unwrap();
        let reply = admin.post(&format!("/v1/admin/{path}"), body).await.created();
        made.push((path.trim_end_matches('s').to_owned(), reply));
    }

    let names: Vec<&str> = made.iter().map(|(name, _)| name.as_str()).collect();
    let placement = made[2].1["id"].as_str().unwrap();
    let stock = format!("placements/{placement}/stock-addition");
    assert_eq!(names, ["app", "template", "placement", &stock]);
    assert!(made[2].1["callback_url"].is_string());
    let shown = admin.get(&format!("/v1/admin/placements/{placement}")).await.ok();
    let take = shown["stock"].as_array().unwrap().iter().find(|stock| stock["way"] == "take");
    assert_eq!(take.unwrap()["left"], 100);
}

#[tokio::test]
async fn the_sample_terms_of_the_admin_page_are_accepted() {
    let admin = Admin::new().await;
    let page = include_str!("../../docs/admin-api.md");
    let mut blocks = page.split("```json").skip(1).filter_map(|rest| rest.split("```").next());
    let sample = blocks.find(|block| block.contains("claim_from")).unwrap();

    let reply = admin.post("/v1/admin/templates", serde_json::from_str(sample).unwrap()).await;

    assert_eq!(reply.created()["per_person_limit"], 1);
}
