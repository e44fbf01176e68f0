//! Files of codes as spreadsheets and people spoil them: each line that is none is told by its number, and the rest is in.

use serde_json::json;

use crate::support::admin::Admin;

/// A file, how many codes of it are new, and its lines that are none with the reason.
struct Spoilt(&'static str, &'static [u8], i64, &'static [(i64, &'static str)]);

const NOT_A_CODE: &str = "a code has 1 to 32 letters, digits, - or _";
const QUOTES: &str = "the quotes do not match";
const COLUMNS: &str = "there is more than one column";

const FILES: &[Spoilt] = &[
    Spoilt(
        "GBK, as spreadsheets in China save",
        b"\xc8\xaf\xc2\xeb\r\nGBK-1\r\n\xc8\xaf\r\n",
        1,
        &[(3, NOT_A_CODE)],
    ),
    Spoilt("a byte order mark", b"\xef\xbb\xbfcode\nBOM-1\n", 1, &[]),
    Spoilt("a byte order mark before a code", b"\xef\xbb\xbfBOM-2\n", 1, &[]),
    Spoilt("mixed line ends, and none at the end", b"MIX-1\r\nMIX-2\n\r\n\nMIX-3\r\nMIX-4", 4, &[]),
    Spoilt("line ends of an old Macintosh", b"OLD-1\rOLD-2\r", 0, &[(1, NOT_A_CODE)]),
    Spoilt("a NUL", b"NUL-1\nNUL\0-2\nNUL-3\0\n", 1, &[(2, NOT_A_CODE), (3, NOT_A_CODE)]),
    Spoilt(
        "UTF-16 without its mark",
        b"U\0-\x001\0\n\0U\0-\x002\0",
        0,
        &[(1, NOT_A_CODE), (2, NOT_A_CODE)],
    ),
    Spoilt("an unclosed quote", b"\"QUO-1\nQUO-2\n", 1, &[(1, QUOTES)]),
    Spoilt("something behind the closing quote", b"\"QUO-3\"x\n", 0, &[(1, QUOTES)]),
    Spoilt(
        "ragged rows",
        b"RAG-1\nRAG-2,x\nRAG-3,,\n\"RAG-4\",\"\"\n",
        1,
        &[(2, COLUMNS), (3, COLUMNS), (4, COLUMNS)],
    ),
    Spoilt(
        "33 bytes",
        b"123456789-123456789-123456789-12\n123456789-123456789-123456789-123\n",
        1,
        &[(2, NOT_A_CODE)],
    ),
    Spoilt("a blank within", b"SPA 1\n", 0, &[(1, NOT_A_CODE)]),
    Spoilt("letters of another width", "ＷＩＤ－１\n".as_bytes(), 0, &[(1, NOT_A_CODE)]),
    Spoilt("a formula", b"=1+1\n@x\n", 0, &[(1, NOT_A_CODE), (2, NOT_A_CODE)]),
];

#[tokio::test]
async fn each_spoilt_line_is_told_by_its_number() {
    let admin = Admin::new().await;

    for Spoilt(story, file, new, problems) in FILES {
        let template = admin.given_template(json!({ "codes": { "type": "uploaded" } })).await;
        let said = admin.upload(&template, *file).await.created();

        let told: Vec<_> = said["problems"].as_array().unwrap().iter().collect();
        let told: Vec<_> = told
            .iter()
            .map(|line| (line["line"].as_i64().unwrap(), line["reason"].as_str().unwrap()))
            .collect();
        assert_eq!(told, *problems, "{story}");
        assert_eq!(said["new"], *new, "{story}");
    }
}

#[tokio::test]
async fn utf_16_is_refused_as_what_it_is() {
    let admin = Admin::new().await;
    let template = admin.given_template(json!({ "codes": { "type": "uploaded" } })).await;

    for file in [&b"\xff\xfeA\0-\x001\0\n\0"[..], &b"\xfe\xff\0A\0-\x001\0\n"[..]] {
        admin.upload(&template, file).await.problem(400, "wrong_encoding");
    }
}

#[tokio::test]
async fn a_line_of_many_megabytes_is_one_line_that_is_none() {
    let admin = Admin::new().await;
    let template = admin.given_template(json!({ "codes": { "type": "uploaded" } })).await;
    let pieces = (0..64).map(|_| Ok::<_, std::io::Error>(vec![b'A'; 1 << 20]));
    let end = [Ok(b"\nLONG-1\n".to_vec())];
    let file = axum::body::Body::from_stream(futures_util::stream::iter(pieces.chain(end)));

    let said = admin.upload(&template, file).await.created();

    assert_eq!((&said["new"], &said["malformed"]), (&json!(1), &json!(1)));
    assert_eq!(said["problems"][0]["reason"], "the line is too long");
}
