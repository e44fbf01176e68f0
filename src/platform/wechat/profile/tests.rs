//! The official samples, and what is not meant for us.

use super::*;

const RAW_DATA: &str = r#"{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzYsrztuuICqIM5ibXQ/0"}"#;
const APP_ID: &str = "wx4f4bc4dec97d474b";
const IV: &str = "r7BXXKkLb8qrSNn05n0qiA==";
const SEALED: &str = "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew==";

fn key(text: &str) -> SessionKey {
    SessionKey::parse(text).unwrap()
}

fn open_with(
    sealed: &str,
    iv: &str,
    session_key: &str,
    app_id: &str,
) -> Result<Profile, Unsealable> {
    open(sealed, iv, &key(session_key), app_id)
}

const KEY: &str = "tiihtNczf5v6AKRyjwEUhQ==";

#[test]
fn the_official_signature_is_met_and_no_other() {
    let key = key("HyVFkGl5F5OQWJZZaNzBBg==");
    let signature = "75e81ceda165f4ffa64f4068af58c64b8f54b88c";

    assert!(is_signed(RAW_DATA, &key, signature));
    for wrong in ["", "75e8", "75e81ceda165f4ffa64f4068af58c64b8f54b88d", "zz"] {
        assert!(!is_signed(RAW_DATA, &key, wrong), "{wrong}");
    }
    assert!(!is_signed(&RAW_DATA.replace("Band", "Bend"), &key, signature));
}

#[test]
fn the_official_sample_opens() {
    let profile = open_with(SEALED, IV, KEY, APP_ID).unwrap();

    assert_eq!(profile.open_id.unwrap().as_str(), "oGZUI0egBJY1zhBYw2KhdUfwVJJE");
    assert_eq!(profile.union_id.unwrap().as_str(), "ocMvos6NjeKLIBqg5Mr9QjxrP1FA");
    assert_eq!(profile.data["watermark"]["appid"], APP_ID);
}

#[test]
fn what_was_sealed_for_another_or_touched_does_not_open() {
    let touched = SEALED.replacen("CiyL", "CiyM", 1);
    let cut = &SEALED[..SEALED.len() - 24];
    for (sealed, iv, session_key, app_id) in [
        (SEALED, IV, KEY, "wxother"),
        (SEALED, IV, "HyVFkGl5F5OQWJZZaNzBBg==", APP_ID),
        (SEALED, IV, "short", APP_ID),
        (SEALED, "AAAA", KEY, APP_ID),
        (&touched, IV, KEY, APP_ID),
        (cut, IV, KEY, APP_ID),
        ("", IV, KEY, APP_ID),
        ("!", IV, KEY, APP_ID),
        (&"A".repeat(LONGEST + 4), IV, KEY, APP_ID),
    ] {
        assert_eq!(open_with(sealed, iv, session_key, app_id), Err(Unsealable));
    }
}
