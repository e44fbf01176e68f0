//! Uploads of codes over the admin API, also cut off and repeated ones.

use axum::body::{Body, Bytes};
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::support::admin::Admin;

async fn uploading() -> (Admin, String) {
    let admin = Admin::new().await;
    let template = admin.given_template(json!({ "codes": { "type": "uploaded" } })).await;
    (admin, template)
}

/// New, duplicate in file, already there, malformed.
fn counts(import: &Value) -> [i64; 4] {
    ["new", "duplicate_in_file", "already_there", "malformed"]
        .map(|name| import[name].as_i64().unwrap())
}

fn file(range: std::ops::Range<u32>) -> String {
    range.fold("券码\r\n".to_owned(), |file, number| format!("{file}C-{number:06}\r\n"))
}

#[tokio::test]
async fn each_line_of_an_upload_has_a_verdict() {
    let (admin, template) = uploading().await;
    admin.upload(&template, "OLD-1").await.created();

    let file = "\u{feff}code\r\nNEW-1\nOLD-1\r\n\n\"NEW-2\"\nNEW-1\nOLD-1\nA B\nA,B\n\"A\n";
    let import = admin.upload(&template, file).await.created();

    insta::assert_json_snapshot!(import, { ".id" => "imp_…", ".template_id" => "tpl_…" }, @r#"
    {
      "already_there": 2,
      "duplicate_in_file": 1,
      "finished_at": "2026-11-11T04:00:00Z",
      "id": "imp_…",
      "lines": 10,
      "malformed": 3,
      "new": 2,
      "problems": [
        {
          "line": 3,
          "verdict": "already_there"
        },
        {
          "line": 6,
          "verdict": "duplicate_in_file"
        },
        {
          "line": 7,
          "verdict": "already_there"
        },
        {
          "line": 8,
          "reason": "a code has 1 to 32 letters, digits, - or _",
          "verdict": "malformed"
        },
        {
          "line": 9,
          "reason": "there is more than one column",
          "verdict": "malformed"
        },
        {
          "line": 10,
          "reason": "the quotes do not match",
          "verdict": "malformed"
        }
      ],
      "problems_truncated": false,
      "started_at": "2026-11-11T04:00:00Z",
      "template_id": "tpl_…"
    }
    "#);
    let path = format!("/v1/admin/templates/{template}");
    let count = admin.get(&format!("{path}/codes")).await.ok();
    assert_eq!(count, json!({ "free": 3, "taken": 0 }));
    let one = format!("{path}/code-imports/{}", import["id"].as_str().unwrap());
    assert_eq!(counts(&admin.get(&one).await.ok()), counts(&import));
    let all = admin.get(&format!("{path}/code-imports")).await.ok();
    assert_eq!(all["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn odd_files_harm_nobody() {
    let (admin, template) = uploading().await;
    for (file, expected) in [
        (b"".as_slice(), [0, 0, 0, 0]),
        (b"\n\r\n  \n", [0, 0, 0, 0]),
        (b"\xc8\xaf\xc2\xeb\nGBK-1\n\xd2\xbb\n", [1, 0, 0, 1]),
        (b"N\0UL\nNUL-2", [1, 0, 0, 1]),
        (b"R-1\nR-2,x\nR-3,,,\n", [1, 0, 0, 2]),
        (b"\"Q-1\nQ-2\n", [1, 0, 0, 1]),
        (b"123456789012345678901234567890123\n12345678901234567890123456789012", [1, 0, 0, 1]),
        (b" S-1\nS-2 \nS-3\t\n=S-4\n@S-5\n", [0, 0, 0, 5]),
        (b"M-1\rM-2\n", [0, 0, 0, 1]),
    ] {
        let import = admin.upload(&template, file).await.created();
        assert_eq!(counts(&import), expected, "{file:?}");
    }
    let utf_16: Vec<u8> = "\u{feff}code\nA\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    admin.upload(&template, utf_16).await.problem(400, "wrong_encoding");
}

#[tokio::test]
async fn a_line_of_three_megabytes_is_one_malformed_line() {
    let (admin, template) = uploading().await;
    let chunks = std::iter::once(Bytes::from_static(b"A-1\n"))
        .chain(std::iter::repeat_n(Bytes::from(vec![b'x'; 3_000]), 1_000))
        .chain([Bytes::from_static(b"\nA-2\n")]);

    let body = Body::from_stream(futures_util::stream::iter(chunks.map(Ok::<_, std::io::Error>)));
    let import = admin.upload(&template, body).await.created();

    assert_eq!(counts(&import), [2, 0, 0, 1]);
    assert_eq!(import["problems"][0]["line"], 2);
}

#[tokio::test]
async fn fifty_thousand_codes_go_in_once_and_sending_them_again_is_harmless() {
    let (admin, template) = uploading().await;
    let file = file(0..50_000);

    let first = admin.upload(&template, file.clone()).await.created();
    let again = admin.upload(&template, file).await.created();

    assert_eq!((counts(&first), &first["lines"]), ([50_000, 0, 0, 0], &json!(50_001)));
    assert_eq!(counts(&again), [0, 0, 50_000, 0]);
    assert_eq!(again["problems"].as_array().unwrap().len(), 1_000);
    assert_eq!(again["problems_truncated"], true);
}

#[tokio::test]
async fn one_file_sent_four_times_at_once_goes_in_once() {
    let (admin, template) = uploading().await;
    let forward = file(0..9_000);
    let backward = forward.lines().rev().collect::<Vec<_>>().join("\n");

    let files = [&forward, &backward, &forward, &backward];
    let uploads = files.map(|file| admin.upload(&template, file.clone()));
    let replies = futures_util::future::join_all(uploads).await;

    let mut new = 0;
    for reply in replies {
        let [added, duplicate, there, _] = counts(&reply.created());
        assert_eq!((duplicate, added + there), (0, 9_000));
        new += added;
    }
    assert_eq!(new, 9_000);
    let count = admin.get(&format!("/v1/admin/templates/{template}/codes")).await.ok();
    assert_eq!(count["free"], 9_000);
}

#[tokio::test]
async fn a_duplicate_is_one_however_far_apart_its_lines_are() {
    let (admin, template) = uploading().await;
    admin.upload(&template, "OLD").await.created();
    let far = format!("TWICE\nOLD\n{}TWICE\nOLD\n", file(0..5_000));

    let import = admin.upload(&template, far).await.created();

    // The header stands in the middle here, so it is a line like any other.
    assert_eq!(counts(&import), [5_001, 1, 2, 1]);
}

#[tokio::test]
async fn an_upload_that_broke_off_is_finished_by_the_same_file() {
    let (admin, template) = uploading().await;
    let file = file(0..5_000);
    let broken = futures_util::stream::iter([Ok(Bytes::from(file[..35_000].to_owned()))])
        .chain(futures_util::stream::iter([Err(std::io::Error::other("gone"))]));

    admin.upload(&template, Body::from_stream(broken)).await.problem(400, "unreadable_body");
    let path = format!("/v1/admin/templates/{template}/code-imports");
    let cut_off = admin.get(&path).await.ok()["data"][0].clone();
    let again = admin.upload(&template, file).await.created();

    assert_eq!((counts(&cut_off)[0], &cut_off["finished_at"]), (1_999, &json!(null)));
    assert_eq!(counts(&again)[..3], [3_001, 0, 1_999]);
    let count = admin.get(&format!("/v1/admin/templates/{template}/codes")).await.ok();
    assert_eq!(count["free"], 5_000);
}

#[tokio::test]
async fn progress_shows_while_the_file_is_still_arriving() {
    let (admin, template) = uploading().await;
    let (sender, receiver) = tokio::sync::mpsc::channel::<Bytes>(1);
    let chunks = futures_util::stream::unfold(receiver, async |mut receiver| {
        receiver.recv().await.map(|chunk| (Ok::<_, std::io::Error>(chunk), receiver))
    });
    let path = format!("/v1/admin/templates/{template}/code-imports");

    let watching = async {
        sender.send(file(0..4_000).into()).await.unwrap();
        // Room for the next chunk means that this one is being read.
        sender.send(Bytes::from_static(b"LAST-1\n")).await.unwrap();
        sender.send(Bytes::from_static(b"LAST-2\n")).await.unwrap();
        sender.send(Bytes::from_static(b"LAST-3\n")).await.unwrap();
        let seen = admin.get(&path).await.ok()["data"][0].clone();
        drop(sender);
        seen
    };
    let (reply, seen) = tokio::join!(admin.upload(&template, Body::from_stream(chunks)), watching);

    assert_eq!((counts(&seen)[0], &seen["finished_at"]), (3_999, &json!(null)));
    assert_eq!(counts(&reply.created()), [4_003, 0, 0, 0]);
}

#[tokio::test]
async fn codes_cannot_be_uploaded_where_they_are_generated_or_are_not_csv() {
    let (admin, template) = uploading().await;
    let generated = admin.given_template(json!({})).await;
    let nowhere = "tpl_00000000000070008000000000000001";

    admin.upload(&generated, "A").await.problem(409, "codes_are_generated");
    admin.upload(nowhere, "A").await.problem(404, "not_found");
    let path = format!("/v1/admin/templates/{template}/code-imports");
    admin.post(&path, json!(["A"])).await.problem(415, "unsupported_media_type");
    admin
        .get(&format!("{path}/imp_00000000000070008000000000000001"))
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn a_code_that_is_in_somebodys_hands_is_already_there() {
    let (admin, template) = uploading().await;
    sqlx::query(
        "insert into coupon (coupon_id, placement_id, template_id, terms_version, app_id, holder_id,
            person_id, ordinal, record, way, code, valid_from, valid_until, issued_at)
        values (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, gen_random_uuid(),
            gen_random_uuid(), gen_random_uuid(), 1, 'r', 'take', 'ISSUED', now(), now() + '1 day', now())",
    )
    .execute(admin.db())
    .await
    .unwrap();

    let import = admin.upload(&template, "ISSUED\nFREE\n").await.created();

    assert_eq!(counts(&import), [1, 0, 1, 0]);
}
