//! The three calls for banners: a template's picture inside the mini-program.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Page, check_own};
use crate::simulator::banner::Banner;
use crate::simulator::reply::Trouble;
use crate::simulator::sent::Sent;
use crate::simulator::turn::Turn;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8\xff";

/// `POST /file/2.0/smartapp/coupon/banner/create`: one for each template.
pub(in crate::simulator) fn create(turn: &mut Turn<'_>, sent: &Sent<'_>) -> Result<Value, Trouble> {
    let template_id = sent.fields.get_integer("couponTemplateId")?;
    let (dest_url, title) = (sent.fields.get("destUrl")?, sent.fields.get("title")?);
    let picture = picture(turn, sent)?;
    if dest_url.contains("://") {
        return Err(Trouble::parameter("destUrl is a path inside the mini-program"));
    }
    check_own(turn, template_id)?;
    let ending = match &picture {
        bytes if bytes.starts_with(PNG) => "png",
        bytes if bytes.starts_with(JPEG) => "jpg",
        _ => return Err(Trouble::Business(47000, "图片格式不正确".to_owned())),
    };
    let taken = turn.state.templates.get(&template_id).is_some_and(|one| one.banner.is_some());
    if taken {
        return Err(Trouble::Business(70000, "优惠券 banner 已存在".to_owned()));
    }

    let picture_name = turn.state.hex(32);
    turn.state.last_banner_id += 1;
    let banner = Banner {
        id: turn.state.last_banner_id,
        app_key: turn.app_key.clone(),
        template_id,
        dest_url: dest_url.to_owned(),
        picture_url: format!("https://b.bdstatic.com/simulated/{picture_name}.{ending}"),
        picture_size: picture.len(),
        title: title.to_owned(),
        created: turn.now.timestamp(),
        deleted: false,
    };
    let shown = json!(banner.shown());
    if let Some(template) = turn.state.templates.get_mut(&template_id) {
        template.banner = Some(banner.id);
    }
    turn.state.banners.insert(banner.id, banner);
    Ok(shown)
}

/// The picture from its part; the page's first revision called the part `file`.
fn picture(turn: &mut Turn<'_>, sent: &Sent<'_>) -> Result<Bytes, Trouble> {
    let find = |name: &str| sent.files.iter().find(|part| part.name == name);
    let part = match (find("multipartFile"), find("file")) {
        (Some(part), _) => part,
        (None, Some(part)) => {
            turn.depart("the picture's part is named file")?;
            part
        }
        (None, None) => return Err(Trouble::parameter("multipartFile is missing")),
    };
    for other in sent.files.iter().filter(|other| !std::ptr::eq(*other, part)) {
        turn.state.report.undocumented("bannerCreate", &other.name);
        turn.depart("a part besides the picture")?;
    }
    Ok(part.bytes.clone())
}

/// `POST /rest/2.0/smartapp/coupon/banner/delete`: makes room for another.
pub(in crate::simulator) fn delete(turn: &mut Turn<'_>, sent: &Sent<'_>) -> Result<Value, Trouble> {
    let id = sent.fields.get_integer("couponBannerId")?;
    let template_id = sent.fields.get_integer("couponTemplateId")?;
    let app_key = turn.app_key.clone();
    let banner = turn.state.banners.get_mut(&id).filter(|banner| {
        banner.app_key == app_key && banner.template_id == template_id && !banner.deleted
    });
    banner.ok_or_else(Trouble::no_coupon)?.deleted = true;
    if let Some(template) = turn.state.templates.get_mut(&template_id) {
        template.banner = None;
    }
    Ok(json!(true))
}

/// `GET /rest/2.0/smartapp/coupon/banner/list`: an app's banners, page by page.
pub(in crate::simulator) fn list(turn: &mut Turn<'_>, sent: &Sent<'_>) -> Result<Value, Trouble> {
    let template_id = sent.fields.find_integer("couponTemplateId")?;
    let page = Page::of(turn, &sent.fields, "page")?;
    if let Some(id) = template_id {
        check_own(turn, id)?;
    }
    let banners = turn.state.banners.values();
    let ours: Vec<_> = banners
        .filter(|banner| turn.owns(&banner.app_key) && !banner.deleted)
        .filter(|banner| template_id.is_none_or(|id| banner.template_id == id))
        .collect();
    Ok(page.show(&ours, |banner| json!(banner.shown())))
}
