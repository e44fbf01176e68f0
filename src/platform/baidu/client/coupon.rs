//! `coupon/addStock`, `sync` and `writeOffCoupon`: stock, and coupons in people's hands.

use http::Method;
use serde_json::json;

use super::{
    Account, Client,
    exchange::{Body, Request, read_as},
    template::of_token,
};
use crate::{
    outgoing::{answer::Heard, parameters::Parameters, secret::AccessToken},
    platform::baidu::{
        call::Call,
        envelope::Shape,
        error::CallError,
        form::{StockLetter, SyncLetter},
    },
};

impl Client {
    /// Adds stock under a name that counts once. Can be repeated with the same values.
    #[tracing::instrument(name = "platform.baidu.add_stock", skip_all)]
    pub async fn add_stock(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        letter: &StockLetter<'_>,
    ) -> Result<Heard<()>, CallError> {
        let form = Parameters::default()
            .with_number("couponTemplateId", letter.template)
            .with("stockName", letter.name)
            .with_number("stock", letter.amount)
            .with_number("createTime", letter.at.timestamp());
        self.tell(Call::AddStock, account, token, Shape::Numbered, Body::Form(form), &[]).await
    }

    /// Puts a coupon that was given through us into its holder's wallet. Repeated with the same record, never a new one.
    #[tracing::instrument(name = "platform.baidu.sync", skip_all)]
    pub async fn sync(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        letter: &SyncLetter<'_>,
    ) -> Result<Heard<()>, CallError> {
        let body = json!({
            "openid": letter.open_id,
            "coupon": {
                "record_id": letter.record,
                "coupon_template_id": letter.template,
                "effect_time": letter.from.timestamp(),
                "expire_time": letter.until.timestamp(),
                "code": letter.code,
            },
        });
        let (shape, secrets) = (Shape::About(letter.record), [letter.open_id, letter.code]);
        self.tell(Call::Sync, account, token, shape, Body::Json(body), &secrets).await
    }

    /// Tells that a coupon was used, whoever's record it is. It cannot be undone there.
    #[tracing::instrument(name = "platform.baidu.write_off", skip_all)]
    pub async fn write_off(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        record: &str,
        open_id: &str,
    ) -> Result<Heard<()>, CallError> {
        let form = Parameters::default().with("recordId", record).with("openId", open_id);
        let shape = Shape::About(record);
        self.tell(Call::WriteOff, account, token, shape, Body::Form(form), &[open_id]).await
    }

    /// A call that is answered by a bare success. Besides the token, `people` is what the answer must not keep.
    async fn tell(
        &self,
        call: Call,
        account: Account<'_>,
        token: &AccessToken,
        shape: Shape<'_>,
        body: Body,
        people: &[&str],
    ) -> Result<Heard<()>, CallError> {
        let (method, base, query) = (Method::POST, account.open_api, of_token(token));
        let secrets = &[&[token.expose()], people].concat();
        let request = Request { call, method, base, query, body, shape, secrets };
        read_as(call, self.exchange(request).await?, |_| Ok(()))
    }
}
