//! `coupon/addStock`, `sync` and `writeOffCoupon`: stock, and coupons in people's hands.

use http::Method;
use serde_json::json;

use super::{
    Account, Client,
    exchange::{Body, Request, read_as},
    parameters::Parameters,
    template::of_token,
};
use crate::platform::baidu::{
    answer::Heard,
    call::Call,
    envelope::Shape,
    error::CallError,
    form::{StockLetter, SyncLetter},
    secret::AccessToken,
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
        self.tell(Call::AddStock, account, token, Body::Form(form), &[token.expose()]).await
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
        let secrets = [token.expose(), letter.open_id, letter.code];
        self.tell(Call::Sync, account, token, Body::Json(body), &secrets).await
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
        let secrets = [token.expose(), open_id];
        self.tell(Call::WriteOff, account, token, Body::Form(form), &secrets).await
    }

    /// A call that is answered by a bare success.
    async fn tell(
        &self,
        call: Call,
        account: Account<'_>,
        token: &AccessToken,
        body: Body,
        secrets: &[&str],
    ) -> Result<Heard<()>, CallError> {
        let request = Request {
            call,
            method: Method::POST,
            base: account.open_api,
            query: of_token(token),
            body,
            shape: Shape::Numbered,
            secrets,
        };
        read_as(call, self.exchange(request).await?, |_| Ok(()))
    }
}
