//! Banners: one picture for a template, shown inside the mini-program.

use serde::Serialize;

/// A banner as the platform keeps it.
#[derive(Debug, Clone)]
pub(super) struct Banner {
    pub id: i64,
    pub app_key: String,
    pub template_id: i64,
    pub dest_url: String,
    pub picture_url: String,
    pub picture_size: usize,
    pub title: String,
    pub created: i64,
    pub deleted: bool,
}

impl Banner {
    /// The object of section 3.5 of the documents.
    pub fn shown(&self) -> ShownBanner<'_> {
        ShownBanner {
            id: self.id,
            coupon_template_id: self.template_id,
            dest_url: &self.dest_url,
            pic_url: &self.picture_url,
            title: &self.title,
            create_time: self.created,
            // There is no call that changes a banner.
            update_time: self.created,
            deleted: i64::from(self.deleted),
        }
    }

    /// What the control surface tells a developer.
    pub fn inside(&self) -> BannerInside {
        BannerInside {
            coupon_banner_id: self.id,
            app_key: self.app_key.clone(),
            coupon_template_id: self.template_id,
            title: self.title.clone(),
            dest_url: self.dest_url.clone(),
            picture_size: self.picture_size,
            deleted: self.deleted,
        }
    }
}

/// The banner object of the documents.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShownBanner<'a> {
    id: i64,
    coupon_template_id: i64,
    dest_url: &'a str,
    pic_url: &'a str,
    title: &'a str,
    create_time: i64,
    update_time: i64,
    deleted: i64,
}

/// A banner seen from inside the simulator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BannerInside {
    /// The platform's id.
    pub coupon_banner_id: i64,
    /// The app it belongs to.
    pub app_key: String,
    /// The template it is for.
    pub coupon_template_id: i64,
    /// The title shown to people.
    pub title: String,
    /// Where it leads inside the mini-program.
    pub dest_url: String,
    /// How many bytes the picture had.
    pub picture_size: usize,
    /// Whether it was deleted.
    pub deleted: bool,
}
