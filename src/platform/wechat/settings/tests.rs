//! What an account can be told, and what it cannot.

use serde_json::json;

use super::*;

fn params(settings: &Value) -> Vec<&'static str> {
    check(settings).err().into_iter().flatten().map(|problem| problem.param).collect()
}

#[test]
fn an_app_without_settings_lives_at_wechats_own_address() {
    let (settings, mini) = (Settings::read(&json!({})), MiniSettings::read(&json!({})));

    let account = settings.account("wx1");

    assert_eq!((account.app_id, account.api.as_str()), ("wx1", "https://api.weixin.qq.com/"));
    assert_eq!(mini.account("wx2").api.as_str(), "https://api.weixin.qq.com/");
    assert_eq!((settings.token_by, settings.push), (TokenBy::StableToken, PushMode::Encrypted));
}

#[test]
fn all_of_it_can_be_set() {
    let settings = json!({
        "original_id": "gh_86a091e50ad4", "api_url": "http://127.0.0.1:8001/wechat",
        "token_by": "token", "push": "compatible",
        "card": {
            "brand_name": "微信餐厅", "logo_url": "http://mmbiz.qpic.cn/mmbiz/x/0",
            "notice": "使用时向服务员出示此券", "code_type": "only_qrcode",
            "custom": { "label": "立即使用", "user_name": "gh_86a091e50ad4@app", "page": "API/cardPage" },
        },
    });

    assert_eq!(check(&settings), Ok(()));
    let read = Settings::read(&settings);
    assert_eq!((read.token_by, read.push), (TokenBy::Token, PushMode::Compatible));
    assert_eq!(read.card.brand_name.as_deref(), Some("微信餐厅"));
}

#[test]
fn what_is_misspelt_or_unsafe_is_refused() {
    for bad in [
        json!({ "api": "x" }),
        json!({ "token_by": "get" }),
        json!({ "push": "secure" }),
        json!({ "card": { "custom_url": "" } }),
        json!({ "api_url": "api.weixin.qq.com" }),
        json!([]),
        json!("x"),
    ] {
        assert_eq!(params(&bad), ["settings"], "{bad}");
    }
    assert_eq!(params(&json!({ "api_url": "http://api.weixin.qq.com" })), ["settings.api_url"]);
    for bad in ["wx123", "gh_", "gh_A", "gh_1@app"] {
        assert_eq!(params(&json!({ "original_id": bad })), ["settings.original_id"], "{bad}");
    }
    assert_eq!(params(&json!({ "card": { "notice": "示".repeat(17) } })), ["card.notice"]);
}

#[test]
fn a_mini_program_has_an_address_and_nothing_else() {
    assert_eq!(check_mini(&json!({ "api_url": "https://proxy.example/" })), Ok(()));
    let bad = check_mini(&json!({ "api_url": "ftp://x.example/" })).unwrap_err();
    assert_eq!(bad[0].param, "settings.api_url");
    assert_eq!(check_mini(&json!({ "push": "plain" })).unwrap_err()[0].param, "settings");
}
