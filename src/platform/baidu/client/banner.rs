//! `coupon/banner/create`, `delete` and `list`: pictures that lead to a coupon.

use http::Method;
use reqwest::multipart::{Form, Part};

use super::{
    Account, Client,
    exchange::{Body, Request, read_as},
    listing::list_all,
    template::{in_query, is_true, of_token},
};
use crate::{
    outgoing::{answer::Heard, secret::AccessToken, transport::Unsent},
    platform::baidu::{
        call::Call,
        envelope::Shape,
        error::{CallError, Failure, Garble},
        form::BannerForm,
        image::Image,
        paging::{Listing, PAGE_SIZE, Page},
        shown::{self, ShownBanner},
    },
};

impl Client {
    /// Puts a banner on a template, which has one at most: [`Failure::BannerExists`] means that it has, and the list
    /// tells whose. Not to be repeated blindly.
    #[tracing::instrument(name = "platform.baidu.create_banner", skip_all)]
    pub async fn create_banner(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        template: i64,
        form: &BannerForm,
    ) -> Result<Heard<ShownBanner>, CallError> {
        let call = Call::CreateBanner;
        let query = of_token(token)
            .with_number("couponTemplateId", template)
            .with("destUrl", &form.dest_url)
            .with("title", &form.title);
        let picture = upload(&form.image).map_err(|error| {
            let cause = error.without_url().to_string();
            let failure = Failure::NotSent(Unsent::Request(cause));
            CallError::new(call, failure, std::time::Duration::ZERO)
        })?;
        let request = Request {
            call,
            method: Method::POST,
            base: account.open_api,
            query,
            body: Body::Upload(picture),
            shape: Shape::Numbered,
            secrets: &[token.expose()],
        };
        read_as(call, self.exchange(request).await?, |data| {
            let banner: ShownBanner = serde_json::from_value(data).map_err(|_| Garble::Data)?;
            // Some replies leave the template out.
            let fits = [0, template].contains(&banner.coupon_template_id);
            if fits { Ok(banner) } else { Err(Garble::Other) }
        })
    }

    /// Takes a banner away. Can be repeated.
    #[tracing::instrument(name = "platform.baidu.delete_banner", skip_all)]
    pub async fn delete_banner(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        template: i64,
        banner: i64,
    ) -> Result<Heard<()>, CallError> {
        let query = of_token(token)
            .with_number("couponBannerId", banner)
            .with_number("couponTemplateId", template);
        let secrets = [token.expose()];
        let call = Call::DeleteBanner;
        let request = in_query(call, Method::POST, account.open_api, query, &secrets);
        read_as(call, self.exchange(request).await?, |data| is_true(&data))
    }

    /// One page of banners: of one template, or of all.
    #[tracing::instrument(name = "platform.baidu.list_banners", skip_all)]
    pub async fn list_banners(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        template: Option<i64>,
        page: i64,
    ) -> Result<Heard<Page<ShownBanner>>, CallError> {
        let mut query = of_token(token);
        if let Some(template) = template {
            query = query.with_number("couponTemplateId", template);
        }
        let query = query.with_number("page", page).with_number("pageSize", PAGE_SIZE);
        let secrets = [token.expose()];
        let call = Call::ListBanners;
        let request = in_query(call, Method::GET, account.open_api, query, &secrets);
        read_as(call, self.exchange(request).await?, |data| shown::page(data).ok_or(Garble::Data))
    }

    /// All banners of one template, or of all, each once; the answer is that to the last page.
    pub async fn list_all_banners(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        template: Option<i64>,
    ) -> Result<Heard<Listing<ShownBanner>>, CallError> {
        let page = |page| self.list_banners(account, token, template, page);
        list_all(|banner: &ShownBanner| banner.id, page).await
    }
}

fn upload(image: &Image) -> reqwest::Result<Form> {
    let (bytes, kind) = (image.bytes().clone(), image.kind());
    let length = bytes.len() as u64;
    let part = Part::stream_with_length(bytes, length)
        .file_name(format!("banner.{}", kind.extension()))
        .mime_str(kind.mime())?;
    Ok(Form::new().part("multipartFile", part))
}
