//! Vectors of the documents and of others, and what must not open.

use proptest::prelude::*;

use super::*;

const CLAIM: &str = include_str!("../../../../tests/fixtures/wechat/claim.xml");
const SEALED: &str = include_str!("../../../../tests/fixtures/wechat/claim.sealed");
const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
const APP_ID: &str = "wxsim0000000000001";
const RANDOM: &[u8; 16] = b"0123456789abcdef";

fn key() -> MessageKey {
    MessageKey::parse(KEY).unwrap()
}

fn signed(values: &[&str]) -> String {
    let values: Vec<_> = values.iter().map(|value| value.as_bytes()).collect();
    signature(&values)
}

/// Sealed as WeChat would, but for what is in it.
fn sealed(filled: &[u8]) -> String {
    let key = key();
    let cipher = cbc::Encryptor::<Aes256>::new((&*key.0).into(), key.start().into());
    STANDARD.encode(cipher.encrypt_padded_vec::<NoPadding>(filled))
}

#[test]
fn values_are_sorted_as_bytes_and_hashed() {
    for (values, expected) in [
        (
            ["AAAAA", "1714036504", "1514711492"].as_slice(),
            "f464b24fc39322e44b38aa78f5edd27bd1441696",
        ),
        (&["AAAAA", "1714037059", "486452656"], "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
        (&["123", "345"], "9f537aeb751ec72605f57f94a2f6dc3e3958e1dd"),
        (&["c", "a", "b"], "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (&["simtoken", "1700000123", "998877"], "0a3b07f3c30ce83fcdc02a0da1a8829e45e26c10"),
        (&["simtoken", "1700000123", "998877", SEALED], "cea9e50e2938d42206cb278cc2cae505872103b1"),
    ] {
        assert_eq!(signed(values), expected);
        let bytes: Vec<_> = values.iter().map(|value| value.as_bytes()).collect();
        assert!(is_signed(&bytes, expected));
        assert!(!is_signed(&bytes, &expected.to_ascii_uppercase()));
        assert!(!is_signed(&bytes, &expected[1..]) && !is_signed(&bytes, ""));
    }
}

#[test]
fn the_platforms_own_example_opens() {
    let message = "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04=";
    let key = MessageKey::parse(&"A".repeat(43)).unwrap();
    let values = ["AAAAA", "1714112445", "415670741", message];

    assert_eq!(signed(&values), "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3");
    let opened = key.open(message, "wxba5fad812f8e6fb9").unwrap();
    assert_eq!(
        opened,
        r#"{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714112445,"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}"#
    );
}

#[test]
fn the_platforms_own_example_of_an_answer_is_sealed_as_there() {
    let key = MessageKey::parse(&"A".repeat(43)).unwrap();

    let sealed =
        key.seal(*b"707722b803182950", r#"{"demo_resp":"good luck"}"#, "wxba5fad812f8e6fb9");

    assert_eq!(
        sealed,
        "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
    );
    let signature = signed(&["AAAAA", "1713424427", "415670741", &sealed]);
    assert_eq!(signature, "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1");
}

#[test]
fn a_length_counts_bytes_and_a_key_may_end_in_bits_that_count_for_nothing() {
    let sealed =
        "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg==";

    let seal = key().seal(*b"aaaabbbbccccdddd", "我是中文abcd123", "wxb11529c136998cb6");

    assert_eq!(seal, sealed);
    assert_eq!(key().open(sealed, "wxb11529c136998cb6").unwrap(), "我是中文abcd123");
}

#[test]
fn messages_are_filled_up_to_32_bytes_by_1_to_32() {
    for (length, sealed) in [
        (
            26,
            "Q3stYC6hdFzMh9T8HCvyDHDxbrF7f8TfmYxXSN1y2Vbjja9RgRLcXPjzJF67v90VAK8E80Mae3lS7UY85t2O0IgSz95YIT+v2w7AMRtXRCg9SUdBG5R8tKXoAeaeLT4c",
        ),
        (
            25,
            "Q3stYC6hdFzMh9T8HCvyDHKNXV2kFh0kNSkrOec3Ns1ZyTFk0u9SeGjvkDHLLd8kpMqzBYawvUWQxQxyRDcFCg==",
        ),
        (
            9,
            "Q3stYC6hdFzMh9T8HCvyDL8Yo7i34M/xBz0tY1mvdRfyV56wJAg/Qm0r8GVTXGJa2sVF8EdfhOo91qXEDn0Uww==",
        ),
        (
            10,
            "Q3stYC6hdFzMh9T8HCvyDJ3UYksfmYjXutQGJ93hjiLzZaE8sLf+oFuOZBb+Uv9ZQ675PMxZsFjUjlVwmxHW0A==",
        ),
    ] {
        let message = "x".repeat(length);
        assert_eq!(key().seal(*RANDOM, &message, APP_ID), sealed);
        assert_eq!(key().open(sealed, APP_ID).unwrap(), message);
    }
}

#[test]
fn a_whole_event_opens_for_its_account_only() {
    assert_eq!(CLAIM.len(), 628);
    assert_eq!(key().open(SEALED, APP_ID).unwrap(), CLAIM);
    assert_eq!(key().seal(*RANDOM, CLAIM, APP_ID), SEALED);
    for other in ["wxsim0000000000002", "wxsim000000000000", "wxsim00000000000011", ""] {
        assert_eq!(key().open(SEALED, other), Err(Refused), "{other}");
    }
    let other = MessageKey::parse(&KEY.replace('a', "b")).unwrap();
    assert_eq!(other.open(SEALED, APP_ID), Err(Refused));
}

#[test]
fn what_is_not_filled_up_or_measured_rightly_is_refused() {
    let head = |length: u32| [&RANDOM[..], &length.to_be_bytes()].concat();
    let whole = |length: u32, filling: &[u8]| {
        [&head(length), "m".as_bytes(), APP_ID.as_bytes(), filling].concat()
    };
    // 39 bytes before the filling.
    let right = whole(1, &[25; 25]);
    assert_eq!(key().open(&sealed(&right), APP_ID).unwrap(), "m");

    let with_last = |last: u8| {
        let mut bytes = right.clone();
        *bytes.last_mut().unwrap() = last;
        bytes
    };
    let mut uneven = right.clone();
    uneven[40] = 24;
    let too_short = [&RANDOM[..], &[16; 16]].concat();
    for (name, filled) in [
        ("filling of 0", with_last(0)),
        ("filling of 33", with_last(33)),
        ("filling of 255", with_last(255)),
        ("uneven filling", uneven),
        ("length beyond the end", whole(100, &[25; 25])),
        ("length of all that can be", whole(u32::MAX, &[25; 25])),
        ("length into the AppID", whole(2, &[25; 25])),
        ("no length", too_short),
    ] {
        assert_eq!(key().open(&sealed(&filled), APP_ID), Err(Refused), "{name}");
    }
    for text in ["", "AAAA", "====", "n o", &SEALED[1..], &SEALED[..SEALED.len() - 4]] {
        assert_eq!(key().open(text, APP_ID), Err(Refused), "{text}");
    }
}

#[test]
fn a_key_has_43_letters_that_can_be_read() {
    for text in ["", "abc", &KEY[1..], &format!("{KEY}A"), &KEY.replace('a', "-")] {
        assert!(MessageKey::parse(text).is_err(), "{text}");
    }
    assert_eq!(format!("{:?}", key()), "MessageKey(…)");
}

#[test]
fn token_and_key_are_letters_and_digits() {
    assert_eq!(check(Some("simtoken"), Some(KEY)), Ok(()));
    assert_eq!(check(None, None), Ok(()));
    for (token, key, wrong) in [
        (Some("ab"), None, "token"),
        (Some("with-a-dash"), None, "token"),
        (Some("a234567890123456789012345678901234"), None, "token"),
        (None, Some("short"), "encoding_aes_key"),
        (None, Some("abcdefghijklmnopqrstuvwxyz0123456789ABCDEF+"), "encoding_aes_key"),
    ] {
        let problems = check(token, key).unwrap_err();
        assert_eq!(problems.iter().map(|one| one.param).collect::<Vec<_>>(), [wrong]);
    }
}

/// All that an honest receiver does.
fn receive(sealed: &str, timestamp: &str, nonce: &str, shown: &str) -> Result<String, Refused> {
    let values = ["simtoken", timestamp, nonce, sealed].map(str::as_bytes);
    if is_signed(&values, shown) { key().open(sealed, APP_ID) } else { Err(Refused) }
}

proptest! {
    #[test]
    fn what_is_sealed_opens(message in ".{0,200}", random: [u8; 16], app_id in "wx[0-9a-f]{16}") {
        let sealed = key().seal(random, &message, &app_id);
        prop_assert_eq!(STANDARD.decode(&sealed).unwrap().len() % 32, 0);
        prop_assert_eq!(key().open(&sealed, &app_id).unwrap(), message);
    }

    #[test]
    fn any_byte_that_changes_is_noticed(at in 0..SEALED.len(), letter in "[A-Za-z0-9+/]") {
        let shown = "cea9e50e2938d42206cb278cc2cae505872103b1";
        let mut changed = SEALED.to_owned();
        changed.replace_range(at..=at, &letter);
        let heard = receive(&changed, "1700000123", "998877", shown);
        prop_assert_eq!(heard.is_ok(), changed == SEALED);
    }

    #[test]
    fn nothing_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), app_id in ".{0,30}") {
        let whole = bytes.len() / 16 * 16;
        let _whatever = key().open(&STANDARD.encode(&bytes), &app_id);
        let _whatever = key().open(&sealed(&bytes[..whole]), &app_id);
        let _whatever = key().open(&String::from_utf8_lossy(&bytes), &app_id);
    }
}

#[test]
fn a_changed_query_is_noticed() {
    let shown = "cea9e50e2938d42206cb278cc2cae505872103b1";
    assert!(receive(SEALED, "1700000123", "998877", shown).is_ok());
    assert!(receive(SEALED, "1700000123", "998878", shown).is_err());
    assert!(receive(SEALED, "1700000124", "998877", shown).is_err());
    assert!(receive(SEALED, "01700000123", "998877", shown).is_err());
}
