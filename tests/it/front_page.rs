//! The front page's walk: the bodies that it shows are accepted, and lead to a coupon that was claimed and used.

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::admin::Admin;

/// A call of the walk, as the shell would read it.
struct Call {
    /// `admin PATH BODY`, `claim KEY PERSON` or `redeem KEY BODY`.
    function: &'static str,
    words: [String; 2],
}

/// The calls in the shell blocks, in order; not where their functions are written.
fn calls() -> Vec<Call> {
    let page = include_str!("../../README.md");
    let blocks =
        page.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n"));
    let mut calls = Vec::new();
    for block in blocks {
        let starts = ["admin ", "claim ", "redeem "];
        let starts = starts.into_iter().flat_map(|name| block.match_indices(name));
        let mut starts: Vec<(usize, &'static str)> = starts
            .filter(|(place, _)| *place == 0 || block[..*place].ends_with(['(', '\n']))
            .map(|(place, name)| (place, name.trim_end()))
            .collect();
        starts.sort_unstable();
        calls.extend(starts.into_iter().map(|(place, function)| {
            let (first, rest) = word(&block[place + function.len()..]);
            Call { function, words: [first, word(rest).0] }
        }));
    }
    calls
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
        _ => text.split_at(text.find(char::is_whitespace).unwrap_or(text.len())),
    };
    (word.replace("\\\"", "\""), rest)
}

/// The walk so far: what the shell's variables hold, and what was answered.
#[derive(Default)]
struct Walk {
    variables: Vec<(&'static str, String)>,
    answers: Vec<(StatusCode, Value)>,
}

impl Walk {
    async fn step(&mut self, admin: &Admin, call: Call) {
        let [first, second] = call.words.map(|text| {
            let known = self.variables.iter();
            known.fold(text, |text, (name, value)| text.replace(name, value))
        });
        let (reply, made, field) = if call.function == "claim" {
            let placement = json!({ "id": self.known("$placement") });
            (admin.claim(&placement, &first, &second).await, "$code", "code")
        } else if call.function == "redeem" {
            let body: Value = serde_json::from_str(&second).unwrap();
            let mut request = admin.request("POST", "/v1/redemptions", body.to_string());
            request.headers_mut().insert("idempotency-key", first.parse().unwrap());
            (admin.send(request).await, "", "")
        } else {
            let body = serde_json::from_str(&second).unwrap();
            let reply = admin.post(&format!("/v1/admin/{first}"), body).await;
            let made = match first.as_str() {
                "apps" => "$app",
                "templates" => "$template",
                "placements" => "$placement",
                _ => "",
            };
            (reply, made, "id")
        };
        if !made.is_empty() {
            self.variables.push((made, reply.body[field].as_str().unwrap().to_owned()));
        }
        self.answers.push((reply.status, reply.body));
    }

    fn known(&self, variable: &str) -> &str {
        &self.variables.iter().find(|(name, _)| *name == variable).unwrap().1
    }
}

#[tokio::test]
async fn the_walk_of_the_front_page_leads_to_a_coupon_that_is_claimed_and_used() {
    let admin = Admin::new().await;
    let mut walk = Walk::default();

    for call in calls() {
        walk.step(&admin, call).await;
    }

    let statuses: Vec<u16> = walk.answers.iter().map(|(status, _)| status.as_u16()).collect();
    // App, template, placement, publication, two additions, a claim and its repetition, a use.
    assert_eq!(statuses, [201, 201, 201, 202, 201, 201, 201, 201, 201], "{:#?}", walk.answers);
    assert_eq!(walk.answers[6], walk.answers[7]);
    let path = format!("/v1/admin/placements/{}", walk.known("$placement"));
    let shown = admin.get(&path).await.ok();
    assert_eq!(shown["platform_state"], "publishing");
    let left: Vec<_> = shown["stock"].as_array().unwrap().iter().map(|one| &one["left"]).collect();
    assert_eq!(left, [49, 100]);
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
