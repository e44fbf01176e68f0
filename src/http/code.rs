//! Every code of a refusal that our own API gives: a closed list, and with each its status and its title.
//!
//! The text of a code is part of the API and stays. Titles are for people, in their language.

use http::StatusCode;

use super::language::Language;

/// Who can do something about a refusal, and is therefore to understand its detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Whoever holds the telephone or stands at the till: the detail is in their language.
    People,
    /// Whoever wrote the program that asked: the detail is in English and may name fields.
    Programs,
}

macro_rules! codes {
    ($($name:ident $text:literal $status:ident $reader:ident $zh:literal $en:literal;)*) => {
        /// What a refusal is called.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $en] $name,)*
        }

        impl Code {
            /// All of them, in the order in which they are documented.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// As programs read it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The status of every answer with this code.
            pub const fn status(self) -> StatusCode {
                match self {
                    $(Self::$name => StatusCode::$status,)*
                }
            }

            /// Who is to understand its detail.
            pub const fn reader(self) -> Reader {
                match self {
                    $(Self::$name => Reader::$reader,)*
                }
            }

            /// What it means, whatever the occurrence.
            pub const fn title(self, language: Language) -> &'static str {
                match (self, language) {
                    $(
                        (Self::$name, Language::Chinese) => $zh,
                        (Self::$name, Language::English) => $en,
                    )*
                }
            }
        }
    };
}

codes! {
    // Requests that cannot be read.
    InvalidJson "invalid_json" BAD_REQUEST Programs "请求体不是 JSON" "The body is not JSON";
    InvalidBody "invalid_body" BAD_REQUEST Programs "请求体不符合要求" "The body is not of the expected shape";
    InvalidQuery "invalid_query" BAD_REQUEST Programs "查询参数不正确" "The query is not acceptable";
    InvalidCursor "invalid_cursor" BAD_REQUEST Programs "翻页游标无效" "The cursor is not one of ours";
    InvalidHeader "invalid_header" BAD_REQUEST Programs "请求头不正确" "A header is not acceptable";
    UnreadableBody "unreadable_body" BAD_REQUEST Programs "请求体读取失败" "The body could not be read";
    WrongEncoding "wrong_encoding" BAD_REQUEST Programs "文件编码不受支持" "The file is in another encoding";
    IdempotencyKeyRequired "idempotency_key_required" BAD_REQUEST Programs "缺少 Idempotency-Key" "An Idempotency-Key is required";
    IdempotencyKeyInvalid "idempotency_key_invalid" BAD_REQUEST Programs "Idempotency-Key 格式不正确" "The Idempotency-Key is not well formed";
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED Programs "不支持该请求方法" "This address knows other methods only";
    BodyTooLarge "body_too_large" PAYLOAD_TOO_LARGE Programs "请求体过大" "The body is too large";
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE Programs "请求体类型不受支持" "The body is of another media type";

    // Who asks, and how often.
    Unauthenticated "unauthenticated" UNAUTHORIZED Programs "未登录或凭证已失效" "Not authenticated";
    WrongCredentials "wrong_credentials" UNAUTHORIZED People "账号或密码错误" "The login or the password is wrong";
    WrongPassword "wrong_password" FORBIDDEN People "原密码不正确" "The present password is wrong";
    Forbidden "forbidden" FORBIDDEN Programs "没有权限" "Not allowed";
    SourceNotAllowed "source_not_allowed" FORBIDDEN Programs "来源地址不在允许范围内" "Not allowed from this address";
    LoginRefused "login_refused" UNAUTHORIZED People "登录失败，请重新打开小程序" "The platform does not accept this login";
    RateLimited "rate_limited" TOO_MANY_REQUESTS People "操作太频繁，请稍后再试" "Too many requests; try again later";

    // What is there, and what is acceptable.
    NotFound "not_found" NOT_FOUND Programs "不存在" "Not found";
    NoSuchCoupon "no_such_coupon" NOT_FOUND People "没有这张卡券" "No such coupon";
    InvalidValues "invalid_values" UNPROCESSABLE_ENTITY Programs "部分内容不正确" "Some values are not acceptable";
    NoSuchReference "no_such_reference" UNPROCESSABLE_ENTITY Programs "引用的对象不存在" "A field names something that is not there";

    // The same request twice.
    IdempotencyKeyTaken "idempotency_key_taken" CONFLICT Programs "Idempotency-Key 已用于其他请求" "The Idempotency-Key was used for another request";
    InFlight "in_flight" CONFLICT Programs "相同请求正在处理，请稍后再试" "The same request is being answered; try again";

    // Claims.
    Ended "ended" CONFLICT People "活动已结束" "The campaign has ended";
    Closed "closed" CONFLICT People "领取已结束" "The time for claiming is over";
    NotEligible "not_eligible" CONFLICT People "您不符合领取条件" "Not eligible for this coupon";
    LimitReached "limit_reached" CONFLICT People "已达到领取上限" "As many as one may have";
    SoldOut "sold_out" CONFLICT People "优惠券已抢光" "Sold out";
    Paused "paused" CONFLICT People "活动暂停中" "Not being issued at the moment";
    NotOpen "not_open" CONFLICT People "领取尚未开始" "Claiming has not begun";
    Reserved "reserved" CONFLICT People "您有一张券正在领取中，请稍后再试" "A card that was just signed is not taken yet";
    Stale "stale" CONFLICT Programs "请求已过时" "The request is out of date";

    TakenThere "taken_there" CONFLICT Programs "该卡券须在平台上领取" "People take these cards on the platform";

    MemberNotLinked "member_not_linked" CONFLICT Programs "该会员在此应用没有账号" "The member has no account on this app";

    // Coupons in use.
    Locked "locked" CONFLICT People "卡券已被其他订单占用" "The coupon is kept for another order";
    AlreadyRedeemed "already_redeemed" CONFLICT People "卡券已使用" "The coupon was used before";
    NotYetValid "not_yet_valid" CONFLICT People "卡券尚未到可用时间" "The coupon is not valid yet";
    Expired "expired" CONFLICT People "卡券已过期" "The coupon has expired";
    NotRedeemed "not_redeemed" CONFLICT People "卡券尚未使用" "The coupon was not used";
    GivenBack "given_back" CONFLICT People "卡券已退还" "The use was given back";
    Suspended "suspended" CONFLICT People "卡券在平台上已转赠或删除，暂不可用" "The platform keeps the coupon from being used";
    UseIsFinal "use_is_final" CONFLICT People "核销不可撤销" "The use is final";
    ThresholdNotMet "threshold_not_met" CONFLICT People "未达到使用门槛" "The threshold is not met";
    OutOfScope "out_of_scope" CONFLICT People "订单中没有可用商品" "Nothing in the order is covered";
    DiscountDiffers "discount_differs" CONFLICT People "优惠金额不一致" "The discount comes out differently";

    // The state of the merchant's own things.
    VersionConflict "version_conflict" CONFLICT Programs "内容已被他人修改" "Somebody else was faster";
    WrongState "wrong_state" CONFLICT Programs "当前状态不允许该操作" "Not in this state";
    AppExists "app_exists" CONFLICT Programs "应用已存在" "There is such an app already";
    NoLogins "no_logins" CONFLICT Programs "该平台不支持登录" "Nobody logs in on this platform";
    AppHasNoSecret "app_has_no_secret" CONFLICT Programs "应用没有密钥" "The app has no secret";
    NoMasterKey "no_master_key" CONFLICT Programs "没有主密钥" "There is no master key";
    NoPlacements "no_placements" CONFLICT Programs "该平台不能投放卡券" "Nothing is placed on this platform";
    NoWallet "no_wallet" CONFLICT Programs "该平台没有卡包" "This platform has no wallet";
    NoImports "no_imports" CONFLICT Programs "该平台不支持导入" "Nothing is imported from this platform";
    NoBanners "no_banners" CONFLICT Programs "该平台没有横幅" "This platform shows no banners";
    NoCallbacks "no_callbacks" CONFLICT Programs "该平台没有回调" "This platform does not call back";
    NoPlatformFigures "no_platform_figures" CONFLICT Programs "该平台没有可核对的数据" "This platform has no figures";
    CodesInUse "codes_in_use" CONFLICT Programs "券码来源已不能更改" "The kind of codes stays";
    CodesAreGenerated "codes_are_generated" CONFLICT Programs "该模板的券码由系统生成" "This template's codes are generated";
    AlreadyPlaced "already_placed" CONFLICT Programs "已投放到该应用" "Placed on this app already";
    CardsAreOut "cards_are_out" CONFLICT Programs "已有人领取，平台编号不能更改或去掉" "People have cards of this id, so it stays";
    PlatformRefTaken "platform_ref_taken" CONFLICT Programs "平台券模板编号已被占用" "The platform's id is taken";
    NotReviewed "not_reviewed" CONFLICT Programs "平台尚未审核通过" "The platform has not passed it";
    AlreadyPublished "already_published" CONFLICT Programs "已发布到平台" "Published already";
    NotPublished "not_published" CONFLICT Programs "尚未发布到平台" "Not published";
    GivenUp "given_up" CONFLICT Programs "推送已放弃，需人工处理" "An earlier delivery was given up";
    BannerExists "banner_exists" CONFLICT Programs "已有一个横幅" "There is a banner already";
    NameTaken "name_taken" CONFLICT Programs "名称已被占用" "The name is taken";
    StockBelowIssued "stock_below_issued" CONFLICT Programs "库存不能低于已发放数量" "The stock would be below what is issued";
    AttemptUnderWay "attempt_under_way" CONFLICT Programs "推送正在进行" "An attempt is under way";
    HolderLinkedElsewhere "holder_linked_elsewhere" CONFLICT Programs "该领券人属于其他会员" "The holder belongs to another member";
    HolderHasCoupons "holder_has_coupons" CONFLICT Programs "该领券人已有卡券" "The holder has coupons already";
    TwoKeysAlready "two_keys_already" CONFLICT Programs "同名密钥最多两个" "Two keys of this name count already";
    LoginTaken "login_taken" CONFLICT Programs "登录名已被占用" "The login is taken";
    LastOwner "last_owner" CONFLICT Programs "不能移除最后一位所有者" "The last owner stays";

    // Trouble of ours.
    Internal "internal" INTERNAL_SERVER_ERROR People "系统错误" "An error of ours";
    Busy "busy" SERVICE_UNAVAILABLE People "系统繁忙，请稍后再试" "Too busy; try again";
    PlatformUnavailable "platform_unavailable" SERVICE_UNAVAILABLE People "平台暂时无法访问，请稍后再试" "The platform cannot be reached; try again";
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, fmt::Write, fs, path::Path};

    use super::*;

    #[test]
    fn every_code_is_said_once_and_in_both_languages() {
        let (mut texts, mut titles) = (HashSet::new(), HashSet::new());
        for &code in Code::ALL {
            let text = code.as_str();
            let is_snake = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            assert!(is_snake && !text.is_empty(), "{text}");
            assert!(texts.insert(text), "{text} stands twice");
            for language in [Language::Chinese, Language::English] {
                let title = code.title(language);
                assert!(!title.is_empty() && titles.insert(title), "{text}: {title}");
                assert!(!title.ends_with(['.', '。']), "{title}");
            }
            assert!(code.title(Language::English).is_ascii(), "{text}");
            let chinese = code.title(Language::Chinese);
            assert!(chinese.chars().any(|letter| ('一'..='龥').contains(&letter)), "{chinese}");
            assert!(code.status().is_client_error() || code.status().is_server_error());
        }
    }

    /// Of all files below, as far as their tests.
    fn collect_sources(directory: &Path, all: &mut String) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect_sources(&path, all);
            } else if !path.ends_with(file!()) {
                let text = fs::read_to_string(&path).unwrap_or_default();
                all.push_str(text.split("#[cfg(test)]").next().unwrap());
            }
        }
    }

    #[test]
    fn every_code_is_given_somewhere() {
        let mut sources = String::new();
        collect_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sources);

        let letters = |rest: &str| rest.find(|letter: char| !letter.is_ascii_alphanumeric());
        let named: HashSet<_> = sources
            .split("Code::")
            .skip(1)
            .map(|rest| &rest[..letters(rest).unwrap_or(rest.len())])
            .collect();
        for code in Code::ALL {
            assert!(named.contains(&*format!("{code:?}")), "nothing gives {}", code.as_str());
        }
    }

    #[test]
    fn the_documentation_has_all_codes_in_both_languages() {
        let mut table =
            String::from("| status | code | 中文 | English |\n| --- | --- | --- | --- |\n");
        for &code in Code::ALL {
            let (zh, en) = (code.title(Language::Chinese), code.title(Language::English));
            let (status, text) = (code.status().as_u16(), code.as_str());
            writeln!(table, "| {status} | `{text}` | {zh} | {en} |").unwrap();
        }

        let docs = include_str!("../../docs/api.md");

        assert!(docs.contains(&table), "docs/api.md should say:\n{table}");
    }
}
