//! `coupon/create`, `update`, `delete` and `list`: templates.

use http::Method;
use secrecy::ExposeSecret;
use serde_json::Value;
use url::Url;

use super::{
    Account, Client,
    exchange::{Body, Request, read_as},
    listing::list_all,
};
use crate::{
    outgoing::{answer::Heard, parameters::Parameters, secret::AccessToken},
    platform::baidu::{
        call::Call,
        envelope::Shape,
        error::{CallError, Garble},
        form::{TemplateForm, coupon_type},
        paging::{Listing, PAGE_SIZE, Page},
        shown::{self, ShownTemplate},
    },
};

/// A call whose parameters all stand in the query; also a `POST` then has no body.
pub(super) fn in_query<'a>(
    call: Call,
    method: Method,
    base: &'a Url,
    query: Parameters,
    secrets: &'a [&'a str],
) -> Request<'a> {
    let shape = Shape::Numbered;
    Request { call, method, base, query, body: Body::Empty, shape, secrets }
}

/// The query of a call about nothing but the app.
pub(super) fn of_token(token: &AccessToken) -> Parameters {
    Parameters::default().with("access_token", token.expose())
}

/// What the calls that only say "done" have as data.
pub(super) fn is_true(data: &Value) -> Result<(), Garble> {
    if data.as_bool() == Some(true) { Ok(()) } else { Err(Garble::Data) }
}

impl Client {
    /// Creates a template. Not to be repeated blindly: look for it in the list first.
    #[tracing::instrument(name = "platform.baidu.create_template", skip_all)]
    pub async fn create_template(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        form: &TemplateForm,
    ) -> Result<Heard<ShownTemplate>, CallError> {
        self.tell_template(Call::CreateTemplate, account, of_token(token), token, form).await
    }

    /// Replaces all of a template. Can be repeated.
    #[tracing::instrument(name = "platform.baidu.update_template", skip_all)]
    pub async fn update_template(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        template: i64,
        form: &TemplateForm,
    ) -> Result<Heard<ShownTemplate>, CallError> {
        let query = of_token(token).with_number("couponTemplateId", template);
        let heard = self.tell_template(Call::UpdateTemplate, account, query, token, form).await?;
        if heard.value.id == template {
            return Ok(heard);
        }
        Err(CallError::of_heard(Call::UpdateTemplate, Garble::Other, &heard))
    }

    async fn tell_template(
        &self,
        call: Call,
        account: Account<'_>,
        query: Parameters,
        token: &AccessToken,
        form: &TemplateForm,
    ) -> Result<Heard<ShownTemplate>, CallError> {
        let callback_url = form.callback_url.expose_secret();
        let mut query = query
            .with("bgColor", form.colour.name())
            .with_number("couponType", coupon_type(form.kind))
            .with("title", &form.title);
        if !form.description.is_empty() {
            query = query.with("description", &form.description);
        }
        let query = query
            .with_number("effectTime", form.effect_time)
            .with_number("expireTime", form.expire_time)
            .with("introduce", &form.introduce)
            .with("sill", &form.sill)
            .with("takeLimit", &form.take_limit)
            .with("callbackUrl", callback_url);
        // An answer may show the address whole, or only what is secret in it.
        let callback_secret = callback_url.rsplit('/').next().unwrap_or_default();
        let secrets = [token.expose(), callback_url, callback_secret];
        let request = in_query(call, Method::POST, account.open_api, query, &secrets);
        let heard = self.exchange(request).await?;
        read_as(call, heard, |data| serde_json::from_value(data).map_err(|_| Garble::Data))
    }

    /// Deletes a template. Can be repeated; what people took from it stays with them.
    #[tracing::instrument(name = "platform.baidu.delete_template", skip_all)]
    pub async fn delete_template(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        template: i64,
    ) -> Result<Heard<()>, CallError> {
        let query = of_token(token).with_number("couponTemplateId", template);
        let secrets = [token.expose()];
        let call = Call::DeleteTemplate;
        let request = in_query(call, Method::POST, account.open_api, query, &secrets);
        read_as(call, self.exchange(request).await?, |data| is_true(&data))
    }

    /// One page of the app's templates; whether pages count from zero or one is not documented.
    #[tracing::instrument(name = "platform.baidu.list_templates", skip_all)]
    pub async fn list_templates(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        page: i64,
    ) -> Result<Heard<Page<ShownTemplate>>, CallError> {
        let query = of_token(token).with_number("page", page).with_number("pageSize", PAGE_SIZE);
        let secrets = [token.expose()];
        let call = Call::ListTemplates;
        let request = in_query(call, Method::GET, account.open_api, query, &secrets);
        read_as(call, self.exchange(request).await?, |data| shown::page(data).ok_or(Garble::Data))
    }

    /// All of the app's templates, each once; the answer is that to the last page.
    pub async fn list_all_templates(
        &self,
        account: Account<'_>,
        token: &AccessToken,
    ) -> Result<Heard<Listing<ShownTemplate>>, CallError> {
        let page = |page| self.list_templates(account, token, page);
        list_all(|template: &ShownTemplate| template.id, page).await
    }
}
