//! What the people and servers that run campaigns ask: everything under `/v1/admin`.

use super::Route;
use crate::api::export::{CouponsQuery, StatsExportQuery};
use crate::api::statistics::{StatsQuery, StatsView};
use crate::api::{
    app, banner, channel, claim, code_import, coupon, delivery, export, import, member, placement,
    reconciliation, redemption, statistics, stock_addition, template,
};

/// The administration.
pub const ADMIN: &[Route] = super::routes! {
    get "/v1/admin/apps" Read => app::list;
    post "/v1/admin/apps" ManageApps => app::create;
    get "/v1/admin/apps/{app}" Read => app::get;
    patch "/v1/admin/apps/{app}" ManageApps => app::edit;
    get "/v1/admin/apps/{app}/channel" Read => channel::get;
    patch "/v1/admin/apps/{app}/channel" ManageApps => channel::edit;
    post "/v1/admin/apps/{app}/channel/pause" RunCampaigns => channel::pause;
    post "/v1/admin/apps/{app}/channel/resume" RunCampaigns => channel::resume;
    post "/v1/admin/apps/{app}/imports" RunCampaigns => import::create;

    get "/v1/admin/apps/{app}/platform-templates" Read => reconciliation::platform_templates;
    post "/v1/admin/apps/{app}/reconciliations" RunCampaigns => reconciliation::request;
    get "/v1/admin/reconciliations" Read => reconciliation::list;
    get "/v1/admin/reconciliations/{reconciliation}" Read => reconciliation::get;

    get "/v1/admin/templates" Read => template::list;
    post "/v1/admin/templates" RunCampaigns => template::create;
    get "/v1/admin/templates/{template}" Read => template::get;
    patch "/v1/admin/templates/{template}" RunCampaigns => template::edit;
    post "/v1/admin/templates/{template}/pause" RunCampaigns => template::pause;
    post "/v1/admin/templates/{template}/resume" RunCampaigns => template::resume;
    post "/v1/admin/templates/{template}/end" RunCampaigns => template::end;

    get "/v1/admin/templates/{template}/codes" Read => code_import::count;
    get "/v1/admin/templates/{template}/code-imports" Read => code_import::list;
    post "/v1/admin/templates/{template}/code-imports" RunCampaigns => code_import::create;
    get "/v1/admin/templates/{template}/code-imports/{import}" Read => code_import::get;

    get "/v1/admin/placements" Read => placement::list;
    post "/v1/admin/placements" RunCampaigns => placement::create;
    get "/v1/admin/placements/{placement}" Read => placement::get;
    patch "/v1/admin/placements/{placement}" RunCampaigns => placement::edit;
    post "/v1/admin/placements/{placement}/pause" RunCampaigns => placement::pause;
    post "/v1/admin/placements/{placement}/resume" RunCampaigns => placement::resume;
    post "/v1/admin/placements/{placement}/publish" RunCampaigns => placement::platform::publish;
    post "/v1/admin/placements/{placement}/update" RunCampaigns => placement::platform::update;
    post "/v1/admin/placements/{placement}/withdraw" RunCampaigns => placement::platform::withdraw;
    post "/v1/admin/placements/{placement}/callback-token-rotations" RunCampaigns => placement::platform::rotate;
    get "/v1/admin/placements/{placement}/stock-additions" Read => stock_addition::list;
    post "/v1/admin/placements/{placement}/stock-additions" RunCampaigns => stock_addition::create;
    get "/v1/admin/placements/{placement}/banners" Read => banner::list;
    post "/v1/admin/placements/{placement}/banners" RunCampaigns => banner::create;
    delete "/v1/admin/banners/{banner}" RunCampaigns => banner::remove;

    post "/v1/admin/placements/{placement}/claims" Claim => claim::create;
    get "/v1/admin/coupons/{coupon}" Read => coupon::get;
    post "/v1/admin/redemptions" Redeem => redemption::create;

    get "/v1/admin/members/{uid}" Read => member::get;
    put "/v1/admin/members/{uid}" RunCampaigns => member::save;

    get "/v1/admin/stats" Read => statistics::get,
        "What was offered, claimed, used and turned down", query StatsQuery, gives 200 StatsView;

    get "/v1/admin/exports/coupons" Read => export::coupons,
        "All coupons as a file", query CouponsQuery, gives 200;
    get "/v1/admin/exports/stats" Read => export::stats,
        "The same figures as a file", query StatsExportQuery, gives 200;

    get "/v1/admin/deliveries" Read => delivery::list;
    get "/v1/admin/deliveries/{delivery}" Read => delivery::get;
    post "/v1/admin/deliveries/{delivery}/replay" RunCampaigns => delivery::replay;
    post "/v1/admin/deliveries/{delivery}/cancel" RunCampaigns => delivery::cancel;
    post "/v1/admin/delivery-replays" RunCampaigns => delivery::replay_dead;
};
