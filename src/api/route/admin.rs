//! What the people and servers that run campaigns ask: everything under `/v1/admin`.

use super::Route;
use crate::{
    api::{
        app::{self, AppEditBody, AppView, NewAppBody},
        banner::{self, BannerView},
        channel::{self, ChannelView, PauseBody, RateBody},
        code_import::{self, CountView, ImportView, ImportedView},
        coupon::{self, CouponView},
        delivery::{
            self, DeliveriesQuery, ReplaysBody,
            view::{DeliveryDetailView, DeliveryView, ReplaysView},
        },
        described::{BannerForm, NewImportBody, NewTemplateBody, TemplateEditBody},
        dry_run::DryRunQuery,
        event,
        export::{self, CouponsQuery, StatsExportQuery},
        gateway_client::{
            self, GatewayClientEditBody, GatewayClientView, GatewaySecretRotationBody,
            MadeGatewayClientView, NewGatewayClientBody, RotatedGatewayClientView,
        },
        gateway_grant::{self, GatewayGrantView, NewGatewayGrantBody},
        holder::{self, RevokedView},
        import::{self, PlacementImportView},
        key::{self, KeyView, MadeKeyView, NewKeyBody},
        operator::{self, NewOperatorBody, OperatorEditBody, OperatorView},
        operator_session::{self, OpenedWorkView, PasswordBody, WorkLoginBody, WorkSessionView},
        page::{self, NewPageBody, PageBody, PageView},
        placement::{
            self, NewPlacementBody, PlacementEditBody, PlacementsQuery,
            platform::RotationBody,
            view::{OwedPlacementView, PlacedView, PlacementView, RotationView},
        },
        push_address::{self, PushAddressBody, PushAddressView, SavedPushAddressView},
        reconciliation::{
            self, FoundView, PlatformTemplatesView, ReconciliationBody, ReconciliationView,
            ReconciliationsQuery,
        },
        statistics::{self, StatsQuery, StatsView},
        stock_addition::{self, AdditionView, NewAdditionBody},
        template::{self, EditedTemplateView, TemplateView},
        void,
        webhook_endpoint::{
            self, EndpointEditBody, EndpointSecretView, EndpointTestView, EndpointView,
            NewEndpointBody, SecretRotationBody,
        },
    },
    http::page::{ListQuery, Page},
};

/// The administration.
pub const ADMIN: &[Route] = super::routes! {
    get "/v1/admin/apps" Read => app::list,
        "Apps, newest first",
        query ListQuery, gives 200 Page<AppView>;
    post "/v1/admin/apps" ManageApps => app::create,
        "Makes an app: one account on one platform",
        takes NewAppBody, gives 201 AppView;
    get "/v1/admin/apps/{app}" Read => app::get,
        "One app",
        gives 200 AppView;
    patch "/v1/admin/apps/{app}" ManageApps => app::edit,
        "Changes an app",
        takes AppEditBody, gives 200 AppView;
    get "/v1/admin/apps/{app}/channel" Read => channel::get,
        "How fast the platform is called for this app, and what waits",
        gives 200 ChannelView;
    patch "/v1/admin/apps/{app}/channel" ManageApps => channel::edit,
        "Changes how fast the platform is called",
        takes RateBody, gives 200 ChannelView;
    post "/v1/admin/apps/{app}/channel/pause" RunCampaigns => channel::pause,
        "Stops all calls to the platform for this app",
        takes PauseBody, gives 200 ChannelView;
    post "/v1/admin/apps/{app}/channel/resume" RunCampaigns => channel::resume,
        "Lets the calls go on",
        gives 200 ChannelView;
    post "/v1/admin/apps/{app}/imports" RunCampaigns => import::create,
        "Makes a placement of what stands on the platform already",
        takes NewImportBody, gives 202 PlacementImportView;

    get "/v1/admin/apps/{app}/push-address" Read => push_address::get,
        "Where WeChat pushes what happens to cards, without the secrets",
        gives 200 PushAddressView;
    put "/v1/admin/apps/{app}/push-address" ManageApps => push_address::save,
        "Makes the address for WeChat's console, or gives it another token and key, and shows all of it this once",
        takes PushAddressBody, gives 200 SavedPushAddressView;
    delete "/v1/admin/apps/{app}/push-address" ManageApps => push_address::remove,
        "Takes the address away: pushes to it are turned down",
        gives 204;

    get "/v1/admin/apps/{app}/platform-templates" Read => reconciliation::platform_templates,
        "What stands on the platform, as last seen",
        gives 200 PlatformTemplatesView;
    post "/v1/admin/apps/{app}/reconciliations" RunCampaigns => reconciliation::request,
        "Asks for our figures beside the platform's",
        takes ReconciliationBody, gives 202 ReconciliationView;
    get "/v1/admin/reconciliations" Read => reconciliation::list,
        "Comparisons, newest first",
        query ReconciliationsQuery, gives 200 Page<ReconciliationView>;
    get "/v1/admin/reconciliations/{reconciliation}" Read => reconciliation::get,
        "One comparison, with all that differs",
        gives 200 FoundView;

    get "/v1/admin/templates" Read => template::list,
        "Templates, newest first",
        query ListQuery, gives 200 Page<TemplateView>;
    post "/v1/admin/templates" RunCampaigns => template::create,
        "Makes a template: what a coupon is worth, to whom, when",
        takes NewTemplateBody, gives 201 TemplateView;
    get "/v1/admin/templates/{template}" Read => template::get,
        "One template",
        gives 200 TemplateView;
    patch "/v1/admin/templates/{template}" RunCampaigns => template::edit,
        "Changes the terms for coupons issued from now on, or says what would come of it",
        query DryRunQuery, takes TemplateEditBody, gives 200 EditedTemplateView;
    post "/v1/admin/templates/{template}/pause" RunCampaigns => template::pause,
        "Stops claims for now",
        gives 200 TemplateView;
    post "/v1/admin/templates/{template}/resume" RunCampaigns => template::resume,
        "Opens a draft, or lets claims go on",
        gives 200 TemplateView;
    post "/v1/admin/templates/{template}/end" RunCampaigns => template::end,
        "Stops claims for good",
        gives 200 TemplateView;

    get "/v1/admin/templates/{template}/codes" Read => code_import::count,
        "How many uploaded codes there are",
        gives 200 CountView;
    get "/v1/admin/templates/{template}/code-imports" Read => code_import::list,
        "Uploads of codes, newest first",
        query ListQuery, gives 200 Page<ImportView>;
    post "/v1/admin/templates/{template}/code-imports" RunCampaigns => code_import::create,
        "Uploads codes, one a line",
        takes "text/csv" String, gives 201 ImportedView;
    get "/v1/admin/templates/{template}/code-imports/{import}" Read => code_import::get,
        "One upload, also while it runs",
        gives 200 ImportView;

    get "/v1/admin/placements" Read => placement::list,
        "Placements, newest first",
        query PlacementsQuery, gives 200 Page<PlacementView>;
    post "/v1/admin/placements" RunCampaigns => placement::create,
        "Places a template on an app; the only time its callback address is shown",
        takes NewPlacementBody, gives 201 PlacedView;
    get "/v1/admin/placements/{placement}" Read => placement::get,
        "One placement",
        gives 200 PlacementView;
    patch "/v1/admin/placements/{placement}" RunCampaigns => placement::edit,
        "Changes the settings of a placement, or the platform's id of it, or says what would come of it",
        query DryRunQuery, takes PlacementEditBody, gives 200 OwedPlacementView;
    post "/v1/admin/placements/{placement}/pause" RunCampaigns => placement::pause,
        "Stops claims here for now",
        gives 200 PlacementView;
    post "/v1/admin/placements/{placement}/resume" RunCampaigns => placement::resume,
        "Lets claims go on here",
        gives 200 PlacementView;
    post "/v1/admin/placements/{placement}/publish" RunCampaigns => placement::platform::publish,
        "Puts the placement on its platform",
        gives 202 | 200 OwedPlacementView;
    post "/v1/admin/placements/{placement}/update" RunCampaigns => placement::platform::update,
        "Tells the platform what has changed",
        gives 202 | 200 OwedPlacementView;
    post "/v1/admin/placements/{placement}/withdraw" RunCampaigns => placement::platform::withdraw,
        "Takes the placement off its platform for good",
        gives 202 | 200 OwedPlacementView;
    post "/v1/admin/placements/{placement}/callback-token-rotations" RunCampaigns => placement::platform::rotate,
        "Makes a new callback address; the only time it is shown",
        takes RotationBody, gives 201 RotationView;
    get "/v1/admin/placements/{placement}/stock-additions" Read => stock_addition::list,
        "Changes of stock, newest first",
        query ListQuery, gives 200 Page<AdditionView>;
    post "/v1/admin/placements/{placement}/stock-additions" RunCampaigns => stock_addition::create,
        "Adds stock by name, each name once; less than zero takes unissued stock back",
        takes NewAdditionBody, gives 201 | 200 AdditionView;
    get "/v1/admin/placements/{placement}/banners" Read => banner::list,
        "Banners, newest first",
        query ListQuery, gives 200 Page<BannerView>;
    post "/v1/admin/placements/{placement}/banners" RunCampaigns => banner::create,
        "Shows a picture on the platform that leads to the placement",
        takes "multipart/form-data" BannerForm, gives 202 BannerView;
    delete "/v1/admin/banners/{banner}" RunCampaigns => banner::remove,
        "Takes a picture off the platform",
        gives 202 | 200 BannerView;

    get "/v1/admin/pages" Read => page::list,
        "Pages that front ends ask for by a code, newest first",
        query ListQuery, gives 200 Page<PageView>;
    post "/v1/admin/pages" RunCampaigns => page::create,
        "Lays out a page, such as a coupon centre",
        takes NewPageBody, gives 201 PageView;
    get "/v1/admin/pages/{page}" Read => page::get,
        "One page",
        gives 200 PageView;
    put "/v1/admin/pages/{page}" RunCampaigns => page::replace,
        "Gives a page other floors",
        takes PageBody, gives 200 PageView;
    delete "/v1/admin/pages/{page}" RunCampaigns => page::remove,
        "Takes a page away",
        gives 204;

    get "/v1/admin/coupons/{coupon}" Read => coupon::get,
        "What became of one coupon",
        gives 200 CouponView;


    post "/v1/admin/holders/{holder}/revoke-sessions" RunCampaigns => holder::revoke_sessions,
        "Logs a person out everywhere", gives 200 RevokedView;
    get "/v1/admin/stats" Read => statistics::get,
        "What was offered, claimed, used and turned down", query StatsQuery, gives 200 StatsView;

    get "/v1/admin/deliveries" Read => delivery::list,
        "What is owed to the platforms, newest first",
        query DeliveriesQuery, gives 200 Page<DeliveryView>;
    get "/v1/admin/deliveries/{delivery}" Read => delivery::get,
        "One delivery, with each try",
        gives 200 DeliveryDetailView;
    post "/v1/admin/deliveries/{delivery}/replay" RunCampaigns => delivery::replay,
        "Tries a dead delivery anew",
        gives 200 DeliveryDetailView;
    post "/v1/admin/deliveries/{delivery}/cancel" RunCampaigns => delivery::cancel,
        "Gives a delivery up",
        gives 200 DeliveryDetailView;
    post "/v1/admin/delivery-replays" RunCampaigns => delivery::replay_dead,
        "Tries all dead deliveries anew since a moment",
        takes ReplaysBody, gives 200 ReplaysView;

    get "/v1/admin/webhook-endpoints" ManageAccess => webhook_endpoint::list,
        "The systems of yours that are told of what happens", query ListQuery, gives 200 Page<EndpointView>;
    post "/v1/admin/webhook-endpoints" ManageAccess => webhook_endpoint::create,
        "Has a system of yours told, and shows its secret this once", takes NewEndpointBody, gives 201 EndpointSecretView;
    get "/v1/admin/webhook-endpoints/{endpoint}" ManageAccess => webhook_endpoint::get,
        "One endpoint", gives 200 EndpointView;
    patch "/v1/admin/webhook-endpoints/{endpoint}" ManageAccess => webhook_endpoint::edit,
        "Changes an endpoint", takes EndpointEditBody, gives 200 EndpointView;
    delete "/v1/admin/webhook-endpoints/{endpoint}" ManageAccess => webhook_endpoint::remove,
        "Tells an endpoint of nothing any more", gives 200 EndpointView;
    post "/v1/admin/webhook-endpoints/{endpoint}/rotate-secret" ManageAccess => webhook_endpoint::rotate,
        "Gives an endpoint a new secret, shown this once", takes SecretRotationBody, gives 200 EndpointSecretView;
    post "/v1/admin/webhook-endpoints/{endpoint}/test" ManageAccess => webhook_endpoint::test,
        "Sends an endpoint a message that says nothing", gives 202 EndpointTestView;

    get "/v1/admin/gateway-clients" ManageAccess => gateway_client::list,
        "Front ends of yours that speak a protocol of their own", query ListQuery, gives 200 Page<GatewayClientView>;
    post "/v1/admin/gateway-clients" ManageAccess => gateway_client::create,
        "Lets a front end in that speaks a protocol of its own, and shows its secret this once",
        takes NewGatewayClientBody, gives 201 MadeGatewayClientView;
    get "/v1/admin/gateway-clients/{client}" ManageAccess => gateway_client::get,
        "One gateway client", gives 200 GatewayClientView;
    patch "/v1/admin/gateway-clients/{client}" ManageAccess => gateway_client::edit,
        "Changes a gateway client", takes GatewayClientEditBody, gives 200 GatewayClientView;
    post "/v1/admin/gateway-clients/{client}/secret-rotations" ManageAccess => gateway_client::rotate,
        "Gives a gateway client a new secret, shown this once",
        takes GatewaySecretRotationBody, gives 200 RotatedGatewayClientView;
    get "/v1/admin/gateway-clients/{client}/grants" ManageAccess => gateway_grant::list,
        "What a gateway client may act for, newest first", query ListQuery, gives 200 Page<GatewayGrantView>;
    post "/v1/admin/gateway-clients/{client}/grants" ManageAccess => gateway_grant::create,
        "Says what a gateway client may act for", takes NewGatewayGrantBody, gives 201 GatewayGrantView;
    post "/v1/admin/gateway-grants/{grant}/revoke" ManageAccess => gateway_grant::revoke,
        "Ends what a gateway client may act for", gives 200 GatewayGrantView;

    post "/v1/admin/coupons/{coupon}/void" RunCampaigns => void::create, "Takes a coupon out of use", takes void::VoidBody, gives 200 void::VoidView;
    get "/v1/admin/coupons/{coupon}/events" Read => event::list, "What happened to a coupon, from its claim on", gives 200 event::HistoryView;
    post "/v1/admin/templates/{template}/void-unused" RunCampaigns => void::create_unused, "Takes the unused coupons of a template out of use", takes void::VoidBody, gives 200 void::VoidUnusedView;

    post "/v1/admin/sessions" [Nothing] => operator_session::open,
        "Logs a person at work in", takes WorkLoginBody, gives 201 OpenedWorkView;
    get "/v1/admin/sessions/current" [Operator] => operator_session::current,
        "Who I am at work", gives 200 WorkSessionView;
    delete "/v1/admin/sessions/current" [Operator] => operator_session::close, "Logs out", gives 204;
    post "/v1/admin/sessions/current/password" [Operator] => operator_session::change_password,
        "Changes my password", takes PasswordBody, gives 204;
    get "/v1/admin/operators" ManageAccess => operator::list,
        "People who work for the merchant", query ListQuery, gives 200 Page<OperatorView>;
    post "/v1/admin/operators" ManageAccess => operator::create,
        "Adds a person at work", takes NewOperatorBody, gives 201 OperatorView;
    get "/v1/admin/operators/{operator}" ManageAccess => operator::get,
        "A person at work", gives 200 OperatorView;
    patch "/v1/admin/operators/{operator}" ManageAccess => operator::edit,
        "Changes a person at work", takes OperatorEditBody, gives 200 OperatorView;
    get "/v1/admin/keys" ManageAccess => key::list,
        "Keys of the merchant's servers", query ListQuery, gives 200 Page<KeyView>;
    post "/v1/admin/keys" ManageAccess => key::create,
        "Makes a key and shows it, once", takes NewKeyBody, gives 201 MadeKeyView;
    post "/v1/admin/keys/{key}/rotate" ManageAccess => key::rotate,
        "Exchanges a key for another of the same name", takes key::KeyRotationBody, gives 201 MadeKeyView;
    post "/v1/admin/keys/{key}/revoke" ManageAccess => key::revoke,
        "Stops a key", gives 200 KeyView;

    get "/v1/admin/exports/coupons" Read => export::coupons,
        "All coupons as a file", query CouponsQuery, gives 200 "text/csv, application/x-ndjson" String;
    get "/v1/admin/exports/stats" Read => export::stats,
        "The same figures as a file", query StatsExportQuery, gives 200 "text/csv, application/x-ndjson" String;
};
