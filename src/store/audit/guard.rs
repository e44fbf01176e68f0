//! The guards in the schema: a promise that rests on a constraint is as good as the constraint.

use sqlx::PgConnection;

/// Every constraint and every unique index that the migrations make, with its table; a test holds the list against a
/// fresh database.
pub const GUARDS: &[(&str, &str)] = &[
    ("api_key", "api_key_once"),
    ("api_key", "api_key_pkey"),
    ("api_key", "api_key_role_known"),
    ("api_key", "api_key_role_or_scopes"),
    ("api_key", "api_key_scopes_known"),
    ("app", "app_cards_app"),
    ("app", "app_give_back_known"),
    ("app", "app_one_per_key"),
    ("app", "app_pkey"),
    ("app", "app_platform_known"),
    ("attempt", "attempt_answer_short"),
    ("attempt", "attempt_number_from_one"),
    ("attempt", "attempt_once"),
    ("attempt", "attempt_outcome_known"),
    ("banner", "banner_one_per_placement"),
    ("banner", "banner_pkey"),
    ("banner", "banner_placement"),
    ("banner", "banner_state_known"),
    ("callback_source", "callback_source_app"),
    ("callback_source", "callback_source_once"),
    ("callback_token", "callback_token_once"),
    ("callback_token", "callback_token_overlap_real"),
    ("callback_token", "callback_token_pkey"),
    ("callback_token", "callback_token_placement"),
    ("card", "card_by_coupon"),
    ("card", "card_pkey"),
    ("card_claim", "card_claim_code_once"),
    ("card_claim", "card_claim_pkey"),
    ("card_claim", "card_claim_reference_once"),
    ("card_claim", "card_claim_state_known"),
    ("card_push", "card_push_once"),
    ("card_push", "card_push_pkey"),
    ("card_push", "card_push_state_known"),
    ("channel", "channel_app"),
    ("channel", "channel_pkey"),
    ("channel", "channel_rate_real"),
    ("code", "code_import_known"),
    ("code", "code_pkey"),
    ("code", "code_state_known"),
    ("code", "code_template"),
    ("code", "code_value_once"),
    ("code_import", "code_import_pkey"),
    ("code_import", "code_import_template"),
    ("coupon", "coupon_code_once"),
    ("coupon", "coupon_one_per_ordinal"),
    ("coupon", "coupon_one_per_record"),
    ("coupon", "coupon_ordinal_from_one"),
    ("coupon", "coupon_pkey"),
    ("coupon", "coupon_state_known"),
    ("coupon", "coupon_validity_forward"),
    ("coupon", "coupon_way_known"),
    ("coupon_lock", "coupon_lock_forward"),
    ("coupon_lock", "coupon_lock_pkey"),
    ("coupon_number", "coupon_number_one_per_coupon"),
    ("coupon_number", "coupon_number_pkey"),
    ("coupon_suspension", "coupon_suspension_pkey"),
    ("coupon_suspension", "coupon_suspension_reason_known"),
    ("daily_sum", "daily_sum_once"),
    ("delivery", "delivery_kind_known"),
    ("delivery", "delivery_lease_whole"),
    ("delivery", "delivery_one_per_identity"),
    ("delivery", "delivery_pkey"),
    ("delivery", "delivery_retries_counted"),
    ("delivery", "delivery_settled_once"),
    ("delivery", "delivery_state_known"),
    ("delivery_instance", "delivery_instance_pkey"),
    ("deposited_code", "deposited_code_once"),
    ("deposited_code", "deposited_code_pkey"),
    ("deposited_code", "deposited_code_placement"),
    ("deposited_code", "deposited_code_state_known"),
    ("event", "event_pkey"),
    ("gateway_client", "gateway_client_old_secret_whole"),
    ("gateway_client", "gateway_client_one_per_name"),
    ("gateway_client", "gateway_client_pkey"),
    ("gateway_client", "gateway_client_protocol_known"),
    ("gateway_client", "gateway_client_salt_where_used"),
    ("gateway_client", "gateway_client_sees_something"),
    ("gateway_client", "gateway_client_sight_by_grant"),
    ("gateway_grant", "gateway_grant_allows_something"),
    ("gateway_grant", "gateway_grant_client"),
    ("gateway_grant", "gateway_grant_code_once"),
    ("gateway_grant", "gateway_grant_knows_some_store"),
    ("gateway_grant", "gateway_grant_pkey"),
    ("gateway_grant", "gateway_grant_sees_something"),
    ("gateway_nonce", "gateway_nonce_once"),
    ("gateway_version", "gateway_version_pkey"),
    ("gateway_version", "gateway_version_single"),
    ("holder", "holder_one_per_open_id"),
    ("holder", "holder_pkey"),
    ("holder_bond", "holder_bond_pkey"),
    ("idempotency", "idempotency_answered_or_leased"),
    ("idempotency", "idempotency_body_or_sealed"),
    ("idempotency", "idempotency_once"),
    ("idempotency", "idempotency_sealed"),
    ("member", "member_birth_month_real"),
    ("member", "member_one_per_uid"),
    ("member", "member_pkey"),
    ("mini_session", "mini_session_app"),
    ("mini_session", "mini_session_once"),
    ("mini_session", "mini_session_pkey"),
    ("operator", "operator_one_per_login"),
    ("operator", "operator_pkey"),
    ("operator", "operator_role_known"),
    ("operator_network", "operator_network_once"),
    ("operator_network", "operator_network_operator"),
    ("operator_session", "operator_session_once"),
    ("operator_session", "operator_session_operator"),
    ("operator_session", "operator_session_pkey"),
    ("page", "page_client_type_real"),
    ("page", "page_code_real"),
    ("page", "page_floors_listed"),
    ("page", "page_one_per_slot"),
    ("page", "page_pkey"),
    ("placement", "placement_app"),
    ("placement", "placement_once"),
    ("placement", "placement_one_per_platform_ref"),
    ("placement", "placement_pkey"),
    ("placement", "placement_review_known"),
    ("placement", "placement_state_known"),
    ("placement", "placement_template"),
    ("platform_figure", "platform_figure_app"),
    ("platform_figure", "platform_figure_once"),
    ("platform_template", "platform_template_app"),
    ("platform_template", "platform_template_once"),
    ("platform_token", "platform_token_app"),
    ("platform_token", "platform_token_pkey"),
    ("platform_token", "platform_token_purpose_known"),
    ("push_address", "push_address_app"),
    ("push_address", "push_address_once"),
    ("push_address", "push_address_pkey"),
    ("reconciliation", "reconciliation_app"),
    ("reconciliation", "reconciliation_days_real"),
    ("reconciliation", "reconciliation_finished_whole"),
    ("reconciliation", "reconciliation_one_per_day"),
    ("reconciliation", "reconciliation_one_requested"),
    ("reconciliation", "reconciliation_one_running"),
    ("reconciliation", "reconciliation_pkey"),
    ("reconciliation", "reconciliation_retry_after_failure"),
    ("reconciliation", "reconciliation_running_whole"),
    ("reconciliation", "reconciliation_span_whole"),
    ("reconciliation", "reconciliation_state_known"),
    ("reconciliation_difference", "reconciliation_difference_kind_known"),
    ("reconciliation_difference", "reconciliation_difference_once"),
    ("reconciliation_difference", "reconciliation_difference_run"),
    ("redemption", "redemption_coupon"),
    ("redemption", "redemption_discount_within"),
    ("redemption", "redemption_one_live"),
    ("redemption", "redemption_one_per_key"),
    ("redemption", "redemption_one_per_order"),
    ("redemption", "redemption_pkey"),
    ("redemption", "redemption_reversed_later"),
    ("redemption_line", "redemption_line_discount_within"),
    ("redemption_line", "redemption_line_once"),
    ("redemption_line", "redemption_line_redemption"),
    ("refusal", "refusal_one_per_record"),
    ("refusal", "refusal_reason_known"),
    ("route_version", "route_version_pkey"),
    ("route_version", "route_version_single"),
    ("stock", "stock_never_oversold"),
    ("stock", "stock_once"),
    ("stock", "stock_placement"),
    ("stock", "stock_way_known"),
    ("stock_addition", "stock_addition_app"),
    ("stock_addition", "stock_addition_name_once"),
    ("stock_addition", "stock_addition_not_zero"),
    ("stock_addition", "stock_addition_pkey"),
    ("stock_addition", "stock_addition_stock"),
    ("stock_alert", "stock_alert_once"),
    ("stock_alert", "stock_alert_stock"),
    ("tally", "tally_pkey"),
    ("template", "template_current_terms"),
    ("template", "template_number_once"),
    ("template", "template_pkey"),
    ("template", "template_state_known"),
    ("template_terms", "template_terms_once"),
    ("template_terms", "template_terms_template"),
    ("walk", "walk_pkey"),
    ("webhook_endpoint", "webhook_endpoint_app"),
    ("webhook_endpoint", "webhook_endpoint_pkey"),
    ("webhook_endpoint", "webhook_endpoint_wants_something"),
];

/// A guard that cannot be relied on.
#[derive(Debug, Clone)]
pub struct BrokenGuard {
    /// Of a constraint or an index.
    pub name: String,
    /// What happened to it.
    pub fault: GuardFault,
}

/// What can happen to a guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum GuardFault {
    /// It is not there.
    Missing,
    /// It was added without a look at the rows that were there before.
    NotValidated,
    /// An index that was never finished or is not kept up.
    InvalidIndex,
    /// Its triggers were switched off.
    SwitchedOff,
}

/// Guards that are missing, half-made or switched off.
pub async fn list_broken(conn: &mut PgConnection) -> sqlx::Result<Vec<BrokenGuard>> {
    let (tables, names): (Vec<_>, Vec<_>) =
        GUARDS.iter().map(|(table, name)| ((*table).to_owned(), (*name).to_owned())).unzip();
    sqlx::query_as!(
        BrokenGuard,
        r#"
        with ours as (
            select pg_class.oid, relname
            from pg_class
            join pg_namespace on pg_namespace.oid = relnamespace
            where nspname = current_schema() and relkind in ('r', 'p')
        )
        select
            guard.name as "name!",
            guard.fault as "fault!: GuardFault"
        from (
            select wanted.name, 'missing' as fault
            from unnest($1::text[], $2::text[]) as wanted (relname, name)
            where not exists (
                select
                from pg_constraint
                join ours on ours.oid = conrelid
                where ours.relname = wanted.relname and conname = wanted.name
            ) and not exists (
                select
                from pg_index
                join ours on ours.oid = indrelid
                join pg_class as made on made.oid = indexrelid
                where indisunique and ours.relname = wanted.relname and made.relname = wanted.name
            )
            union all
            select conname, 'not_validated'
            from pg_constraint
            join ours on ours.oid = conrelid
            where not convalidated
            union all
            select indexrelid::regclass::text, 'invalid_index'
            from pg_index
            join ours on ours.oid = indrelid
            where not (indisvalid and indisready and indislive)
            union all
            select distinct conname, 'switched_off'
            from pg_trigger
            join ours on ours.oid = tgrelid
            join pg_constraint on pg_constraint.oid = tgconstraint
            where tgenabled in ('D', 'R')
        ) as guard
        order by guard.name, guard.fault
        "#,
        &tables,
        &names,
    )
    .fetch_all(conn)
    .await
}
