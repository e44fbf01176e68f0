//! Published vectors, our own, and the ways in which others get them wrong.

use serde_json::Value;

use super::*;

const TICKET: &str =
    "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg";
const OUR_TICKET: &str =
    "sim_ticket-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789abcd";
const CODE: Option<&str> = Some("QC-2025-000001");
const OPEN_ID: Option<&str> = Some("oUSER000000000000000000000AA");

fn sign(ticket: &str, ext: CardExt<'_>) -> String {
    let text = card_ext(&AccessToken::parse(ticket).unwrap(), ext);
    let read: Value = serde_json::from_str(&text).unwrap();
    read["signature"].as_str().unwrap().to_owned()
}

/// V4: from a test of another project, made with Tencent's own page for checking signatures.
fn published() -> CardExt<'static> {
    CardExt {
        card_id: "random_card_id",
        timestamp: 1_414_587_457,
        nonce: "Wm3WZYTPz0wzccnW",
        ..CardExt::default()
    }
}

/// V6: ours, computed by independent programs.
fn ours() -> CardExt<'static> {
    CardExt {
        card_id: "pSIM0000000000000000000000AA",
        timestamp: 1_700_000_000,
        nonce: "n0nceN0nce123456",
        ..CardExt::default()
    }
}

#[test]
fn the_published_vectors_are_met() {
    let with_code = CardExt { code: Some("random_code"), ..published() };

    assert_eq!(sign(TICKET, published()), "22dce6bad4db532d4a2ef82ca2ca7bbe1e10ef28");
    assert_eq!(sign(TICKET, with_code), "2e9c6d12952246e071717d7baeab20c30420b5cd");
}

#[test]
fn code_and_open_id_are_signed_where_they_are_present() {
    for (code, open_id, signature) in [
        (None, None, "4fd461f3986ed679278e186f0da4edef95f1472d"),
        (CODE, None, "c5473ad2e9abdb74943a3f62b5b18402d4697e33"),
        (None, OPEN_ID, "4cdfcde192f330e9d7a1d50742f78bfd0a978f89"),
        (CODE, OPEN_ID, "6cc1d4f517f2b63a451f4d4bcb7a88629bc98392"),
        (Some(""), Some(""), "4fd461f3986ed679278e186f0da4edef95f1472d"),
    ] {
        let ext = CardExt { code, open_id, ..ours() };
        assert_eq!(sign(OUR_TICKET, ext), signature, "{code:?} {open_id:?}");
    }
}

#[test]
fn channel_and_beginning_are_not_signed() {
    let ext = CardExt { outer_str: Some("c_01J"), fixed_begin: Some(1_700_003_600), ..ours() };

    assert_eq!(sign(OUR_TICKET, ext), "4fd461f3986ed679278e186f0da4edef95f1472d");
}

#[test]
fn values_are_sorted_as_bytes_neither_folded_nor_counted() {
    let ext = CardExt {
        card_id: "pCard",
        timestamp: 1_700_000_000,
        nonce: "aNonce",
        code: Some("Code-1"),
        ..CardExt::default()
    };
    let number = CardExt { code: Some("9"), ..ext };

    let (text, number) = (sign("Zz_ticket", ext), sign("Zz_ticket", number));

    assert_eq!(text, "52e9603dcdd37e179371ab074a41cd804b5ade9d");
    assert_eq!(number, "b4c3c7509cec8e0644a7839d71abb24f425952f7");
    // Folded and unsorted; sorted as numbers.
    assert_ne!(text, "3a79fe8e4bf4bd3dad17cff40959e0643fe6597b");
    assert_ne!(text, "203f8a330dc3aa19130c3c1eb7d8574990f8d411");
    assert_ne!(number, "02a9631a763f95211fd54d32c55259da96420951");
}

#[test]
fn the_sum_meets_the_vectors_of_pushes_and_of_older_links() {
    let sum = |values: &[&str]| {
        signature(&values.iter().map(|value| value.as_bytes()).collect::<Vec<_>>())
    };
    for (values, signature) in [
        (&["AAAAA", "1714036504", "1514711492"][..], "f464b24fc39322e44b38aa78f5edd27bd1441696"),
        (&["AAAAA", "1714037059", "486452656"], "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
        (&["345", "123"], "9f537aeb751ec72605f57f94a2f6dc3e3958e1dd"),
        (&["b", "c", "a"], "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            &["SECRET", "751234212312", "pFS7Fjg8kV1IdDz01r4SQwMkuCKc"],
            "41cab3381b6e35796d5dc353fe01385c76b99fd9",
        ),
    ] {
        assert_eq!(sum(values), signature, "{values:?}");
    }
}

/// Another signature of WeChat's, with keys and `&`, is met by the same sum over one value: not to be mixed up.
#[test]
fn the_signature_of_web_pages_is_another_one() {
    let text = format!(
        "jsapi_ticket={TICKET}&noncestr=Wm3WZYTPz0wzccnW&timestamp=1414587457\
         &url=http://mp.weixin.qq.com?params=value"
    );

    let signature = signature(&[text.as_bytes()]);

    assert_eq!(signature, "0f9de62fce790f9a083d5c99e95740ceb90c27ed");
    assert_ne!(signature, sign(TICKET, published()));
}

#[test]
fn the_text_has_the_documented_keys_and_never_the_ticket() {
    let bare = card_ext(&AccessToken::parse(OUR_TICKET).unwrap(), ours());
    let full = CardExt {
        code: CODE,
        open_id: OPEN_ID,
        outer_str: Some("c_01J"),
        fixed_begin: Some(1_700_003_600),
        ..ours()
    };
    let full = card_ext(&AccessToken::parse(OUR_TICKET).unwrap(), full);

    assert_eq!(
        bare,
        r#"{"timestamp":"1700000000","nonce_str":"n0nceN0nce123456","signature":"4fd461f3986ed679278e186f0da4edef95f1472d"}"#
    );
    assert_eq!(
        full,
        r#"{"timestamp":"1700000000","nonce_str":"n0nceN0nce123456","code":"QC-2025-000001","openid":"oUSER000000000000000000000AA","outer_str":"c_01J","fixed_begintimestamp":1700003600,"signature":"6cc1d4f517f2b63a451f4d4bcb7a88629bc98392"}"#
    );
    assert!(!full.contains("ticket"));
}
