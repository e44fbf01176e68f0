//! The calls of the coupon service that kaquan makes.

/// One of them; what an error means depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    /// `oauth/2.0/token`.
    Token,
    /// `getsessionkey`.
    SessionKey,
    /// `jscode2sessionkey`, the older way.
    OldSessionKey,
    /// `coupon/create`.
    CreateTemplate,
    /// `coupon/update`.
    UpdateTemplate,
    /// `coupon/delete`.
    DeleteTemplate,
    /// `coupon/list`.
    ListTemplates,
    /// `coupon/banner/create`.
    CreateBanner,
    /// `coupon/banner/delete`.
    DeleteBanner,
    /// `coupon/banner/list`.
    ListBanners,
    /// `coupon/addStock`.
    AddStock,
    /// `coupon/sync`.
    Sync,
    /// `coupon/writeOffCoupon`.
    WriteOff,
    /// `coupon/couponStat`.
    Statistics,
}

impl Call {
    /// Every call.
    pub const ALL: [Self; 14] = [
        Self::Token,
        Self::SessionKey,
        Self::OldSessionKey,
        Self::CreateTemplate,
        Self::UpdateTemplate,
        Self::DeleteTemplate,
        Self::ListTemplates,
        Self::CreateBanner,
        Self::DeleteBanner,
        Self::ListBanners,
        Self::AddStock,
        Self::Sync,
        Self::WriteOff,
        Self::Statistics,
    ];

    /// Below the base address.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Token => "/oauth/2.0/token",
            Self::SessionKey => "/rest/2.0/smartapp/getsessionkey",
            Self::OldSessionKey => "/oauth/jscode2sessionkey",
            Self::CreateTemplate => "/rest/2.0/smartapp/coupon/create",
            Self::UpdateTemplate => "/rest/2.0/smartapp/coupon/update",
            Self::DeleteTemplate => "/rest/2.0/smartapp/coupon/delete",
            Self::ListTemplates => "/rest/2.0/smartapp/coupon/list",
            Self::CreateBanner => "/file/2.0/smartapp/coupon/banner/create",
            Self::DeleteBanner => "/rest/2.0/smartapp/coupon/banner/delete",
            Self::ListBanners => "/rest/2.0/smartapp/coupon/banner/list",
            Self::AddStock => "/rest/2.0/smartapp/coupon/addStock",
            Self::Sync => "/rest/2.0/smartapp/coupon/sync",
            Self::WriteOff => "/rest/2.0/smartapp/coupon/writeOffCoupon",
            Self::Statistics => "/rest/2.0/smartapp/coupon/couponStat",
        }
    }

    /// Whether it only asks, so that nothing has changed there whatever became of it.
    pub const fn only_asks(self) -> bool {
        match self {
            Self::Token
            | Self::SessionKey
            | Self::OldSessionKey
            | Self::ListTemplates
            | Self::ListBanners
            | Self::Statistics => true,
            Self::CreateTemplate
            | Self::UpdateTemplate
            | Self::DeleteTemplate
            | Self::CreateBanner
            | Self::DeleteBanner
            | Self::AddStock
            | Self::Sync
            | Self::WriteOff => false,
        }
    }

    /// Whether even a good answer is nobody's to read, so that it is never kept.
    pub const fn answers_with_a_secret(self) -> bool {
        match self {
            Self::Token | Self::SessionKey | Self::OldSessionKey => true,
            Self::CreateTemplate
            | Self::UpdateTemplate
            | Self::DeleteTemplate
            | Self::ListTemplates
            | Self::CreateBanner
            | Self::DeleteBanner
            | Self::ListBanners
            | Self::AddStock
            | Self::Sync
            | Self::WriteOff
            | Self::Statistics => false,
        }
    }
}
