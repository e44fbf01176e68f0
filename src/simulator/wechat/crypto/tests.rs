//! The published vectors, and those that were recomputed by independent programs.

use super::*;

const TRAILING: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
const V7: &str = "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04=";
const V12: &str = r"<xml><ToUserName><![CDATA[gh_sim000000001]]></ToUserName><FromUserName><![CDATA[oUSER000000000000000000000AA]]></FromUserName><CreateTime>1700000123</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[user_get_card]]></Event><CardId><![CDATA[pSIM0000000000000000000000AA]]></CardId><IsGiveByFriend>0</IsGiveByFriend><UserCardCode><![CDATA[226009850808]]></UserCardCode><FriendUserName><![CDATA[]]></FriendUserName><OuterId>0</OuterId><OldUserCardCode><![CDATA[]]></OldUserCardCode><OuterStr><![CDATA[poster-7]]></OuterStr><IsRestoreMemberCard>0</IsRestoreMemberCard><IsRecommendByFriend>0</IsRecommendByFriend></xml>";
const V12_SEALED: &str = "Q3stYC6hdFzMh9T8HCvyDCdiFaxuSoU+tyEPvs9eSE7qyPqH813buPlS9p3CTN3oKvVkDjLocP8el53KC6owyMmTtPGyKjQpiZWmUFb7oX2souIEEBsY7AXb99Y5AYjxZDNXb30RSOgTRXdmH+2u6qwaHETndnRH28iRkmAB9lgXQGtHMfSuTLydBFNmk6/U8pLaI+oiOgXsEaHBfWBh8zJ40H5SZZXf2idASjaWIs6o/U2m8D21Tr/Lx8f+paAwHPNIcjeTCjcP+eYrnkdZ9psUrknPmNCoWDju/dDEc/vC1miQKlcGEvqN8AghP0nGfrC/3heETYB/DH1A5xexpa4VIPnVOtqxrPlpaODZGDmwihibjZ0Mkvdcx0hsI3ooglS+yxEFMCnNmfKJ7UoEm2vgL5RK3qZCI2SiBJqHU5ZdfDAxac8rMCnSBa4q4QPVkGnqLksZupxtlwDOr0GLKad8mN5Y7wkWloise40I83vLhqvnYHCgJ725TX6vBRLCJnBMCPATo83xiCHQESrBl5Vf7mHyCLtv7c0+o1Ijgp1WjnzHz/Q4nUdR0JfmKEqI9armZyKYKFnrTZObg9f1VnrYYZ7Imw0spQ9J3ONI0BCtum+J+DkiPytA7RX5UUSCbRJoC6sO9zKcKq7HRKIM3RcV1GPC6CpqG41zSH0SPaG33uQ/fGh2w3S0D03C7qgZ9X3JpkruQX/YArHsdhjF3Mi6VvSxLhsp+Iuszs45+l4/IL/cjgY+PFaLamkOs8vBY6eWqHIfMsSTTSFt5pHWLuQ/UgaBPCwuWOhn4tDHlmXIJZW6Pr75uznNgx9rAfOw++kJf3YJUN1eXA8MPB/6BBi0v4cT162HNVuD8wskBNwMjY1RCB2zQE7xh8f1gEdg";

fn key(encoding: &str) -> [u8; 32] {
    aes_key(encoding).unwrap()
}

fn random(text: &str) -> [u8; 16] {
    text.as_bytes().try_into().unwrap()
}

#[test]
fn values_are_sorted_as_bytes_and_joined_by_nothing() {
    let cases: [(&[&str], &str); 8] = [
        (&["AAAAA", "1714036504", "1514711492"], "f464b24fc39322e44b38aa78f5edd27bd1441696"),
        (&["AAAAA", "1714037059", "486452656"], "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
        (&["123", "345"], "9f537aeb751ec72605f57f94a2f6dc3e3958e1dd"),
        (&["c", "a", "b"], "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            &["Zz_ticket", "1700000000", "pCard", "aNonce", "Code-1"],
            "52e9603dcdd37e179371ab074a41cd804b5ade9d",
        ),
        (
            &["Zz_ticket", "1700000000", "pCard", "aNonce", "9"],
            "b4c3c7509cec8e0644a7839d71abb24f425952f7",
        ),
        (&["AAAAA", "1714112445", "415670741", V7], "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"),
        (
            &["simtoken", "1700000123", "998877", V12_SEALED],
            "cea9e50e2938d42206cb278cc2cae505872103b1",
        ),
    ];

    for (values, expected) in cases {
        assert_eq!(sorted_sha1(values), expected, "{values:?}");
    }
}

#[test]
fn the_official_example_opens() {
    let (message, appid) = open(&key(&"A".repeat(43)), V7).unwrap();

    assert_eq!(appid, "wxba5fad812f8e6fb9");
    assert_eq!(message.len(), 167);
    assert!(message.contains(r#""debug_str":"hello world""#));
}

#[test]
fn messages_are_sealed_as_published() {
    let official = seal(
        &key(&"A".repeat(43)),
        &random("707722b803182950"),
        r#"{"demo_resp":"good luck"}"#,
        "wxba5fad812f8e6fb9",
    );
    assert_eq!(
        official,
        "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
    );
    assert_eq!(
        sorted_sha1(&["AAAAA", "1713424427", "415670741", &official]),
        "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"
    );
    let chinese =
        seal(&key(TRAILING), &random("aaaabbbbccccdddd"), "我是中文abcd123", "wxb11529c136998cb6");
    assert_eq!(
        chinese,
        "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg=="
    );
}

#[test]
fn every_edge_of_the_padding_is_as_published() {
    let cases = [
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
    ];

    for (length, expected) in cases {
        let message = "x".repeat(length);
        let sealed =
            seal(&key(TRAILING), &random("0123456789abcdef"), &message, "wxsim0000000000001");

        assert_eq!(sealed, expected, "{length}");
        let opened = open(&key(TRAILING), expected).unwrap();
        assert_eq!(opened, (message, "wxsim0000000000001".to_owned()));
    }
}

#[test]
fn a_whole_event_is_sealed_and_opened() {
    let sealed = seal(&key(TRAILING), &random("0123456789abcdef"), V12, "wxsim0000000000001");

    assert_eq!(sealed, V12_SEALED);
    assert_eq!(open(&key(TRAILING), &sealed).unwrap().0, V12);
}

#[test]
fn a_bad_key_or_cipher_opens_nothing() {
    assert!(aes_key("short").is_none());
    assert!(aes_key(&"-".repeat(43)).is_none());
    assert!(open(&key(TRAILING), "AAAA").is_none());
    assert!(open(&key(TRAILING), V7).is_none());
    let (mut foreign, twelve) = (V12_SEALED.to_owned(), V12_SEALED.len());
    foreign.replace_range(twelve - 8..twelve - 7, "A");
    assert!(open(&key(TRAILING), &foreign).is_none());
}
