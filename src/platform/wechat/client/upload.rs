//! `media/uploadimg`: a picture for cards, which then lives on WeChat's own host and serves nowhere else.

use reqwest::multipart::{Form, Part};

use super::{
    Account, Client,
    exchange::{Body, Request, of_token},
};
use crate::{
    outgoing::{answer::Heard, secret::AccessToken},
    platform::wechat::{
        call::Call,
        error::{CallError, Garble},
        image::Image,
        json::Fields,
    },
};

impl Client {
    /// Uploads a picture and gives its address. Can be repeated; each time makes another address.
    #[tracing::instrument(name = "platform.wechat.upload_image", skip_all)]
    pub async fn upload_image(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        image: &Image,
    ) -> Result<Heard<String>, CallError> {
        let call = Call::UploadImage;
        let form = form(image)
            .map_err(|error| CallError::unsent(call, &error.without_url().to_string()))?;
        let (query, secrets) = (of_token(token), &[token.expose()]);
        let request = Request { call, account, query, body: Body::Upload(form), secrets };
        self.exchange(request, |opened| {
            let url = Fields(&opened.reply).text("url").ok_or(Garble::Data)?;
            let fits = url.starts_with("http://") || url.starts_with("https://");
            if fits && url.len() <= 512 { Ok(url) } else { Err(Garble::Data) }
        })
        .await
    }
}

fn form(image: &Image) -> reqwest::Result<Form> {
    let (bytes, kind) = (image.bytes().clone(), image.kind());
    let length = bytes.len() as u64;
    let part = Part::stream_with_length(bytes, length)
        .file_name(format!("picture.{}", kind.extension()))
        .mime_str(kind.mime())?;
    Ok(Form::new().part("media", part))
}
