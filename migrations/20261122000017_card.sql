-- Cards: coupons as they lie in the wallet of a platform that hands them out by itself and tells us afterwards.

alter table app
    drop constraint app_platform_known,
    add constraint app_platform_known check (platform in ('baidu', 'wechat', 'wechat_mini', 'own', 'webhook')),
    -- Of a mini-program: the account whose cards its people take.
    add column cards_app_id uuid constraint app_cards_app references app (app_id),
    -- Whether what was used on a platform that cannot be told otherwise may be given back all the same.
    add column give_back text not null default 'allowed',
    add constraint app_give_back_known check (give_back in ('allowed', 'refused'));

update app set give_back = 'refused' where platform = 'wechat';

alter table placement
    -- What only the platform's room understands; checked there before it is stored.
    add column settings jsonb not null default '{}',
    -- What the platform's reviewers say of it; null where nobody reviews.
    add column review text,
    add column review_note text,
    -- When they said so, by the platform's clock: an older word changes nothing.
    add column reviewed_at timestamptz,
    -- Whether the platform is told of coupons that are taken out of use.
    add column tells_voids boolean not null default false,
    add constraint placement_review_known check (review in ('pending', 'passed', 'failed'));

alter table stock
    drop constraint stock_way_known,
    -- 'gift': what came from another person's hands under a code of its own.
    add constraint stock_way_known check (way in ('take', 'claim', 'gift'));

alter table coupon
    drop constraint coupon_way_known,
    add constraint coupon_way_known check (way in ('take', 'claim', 'gift'));

alter table delivery
    drop constraint delivery_kind_known,
    add constraint delivery_kind_known check (kind in (
        'publish', 'update', 'withdraw', 'import', 'add_stock', 'create_banner', 'delete_banner', 'sync', 'write_off',
        'void', 'webhook'
    ));

drop index delivery_by_placement;
create index delivery_by_placement on delivery (placement_id, position) where kind not in ('sync', 'write_off', 'void');

-- Several kinds of tokens for one app: what opens its calls, and what signs its cards.
alter table platform_token
    add column purpose text collate "C" not null default 'access',
    drop constraint platform_token_pkey,
    add constraint platform_token_pkey primary key (app_id, purpose),
    add constraint platform_token_purpose_known check (purpose in ('access', 'card_ticket'));

-- Where a platform pushes what happens to cards: one address for each account, and what its pushes are sealed with.
create table push_address (
    app_id              uuid constraint push_address_pkey primary key constraint push_address_app references app (app_id),
    secret_hash         bytea not null,
    secret_sealed       bytea not null,
    token_sealed        bytea not null,
    key_sealed          bytea not null,
    -- Those of before, for pushes that are under way when they change.
    previous_token_sealed bytea,
    previous_key_sealed bytea,
    created_at          timestamptz not null,
    changed_at          timestamptz not null,
    constraint push_address_once unique (secret_hash)
);

-- What platforms have pushed, as it came; what it means for coupons is worked out afterwards.
create table card_push (
    push_id     uuid constraint card_push_pkey primary key,
    position    bigint generated always as identity,
    app_id      uuid not null,
    -- With the next five, what one push is told from another by: events have no id of their own.
    open_id     text collate "C" not null,
    pushed_at   timestamptz not null,
    kind        text collate "C" not null,
    card_ref    text collate "C" not null default '',
    code        text collate "C" not null default '',
    -- Of the message, to look into repetitions that are none.
    digest      bytea not null,
    body        text not null,
    -- In our words; null for what concerns no coupon.
    event       jsonb,
    state       text collate "C" not null default 'pending',
    attempts    integer not null default 0,
    due_at      timestamptz not null,
    received_at timestamptz not null,
    -- Why it could not be applied, for people.
    note        text,
    constraint card_push_once unique (app_id, open_id, pushed_at, kind, card_ref, code),
    -- 'foreign': of a card that is none of ours, or not yet.
    constraint card_push_state_known check (state in ('pending', 'applied', 'foreign', 'ignored', 'failed'))
)
with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 20);

create index card_push_pending on card_push (due_at, position) where state = 'pending';
create index card_push_foreign on card_push (app_id, card_ref) where state = 'foreign';
create index card_push_by_age on card_push (received_at);

-- One card in somebody's wallet: all that was ever told of it, joined so that order and repetition do not matter.
create table card (
    app_id       uuid not null,
    card_ref     text collate "C" not null,
    code         text collate "C" not null,
    placement_id uuid not null,
    -- Null until the coupon is written.
    coupon_id    uuid,
    standing     jsonb not null,
    changed_at   timestamptz not null,
    constraint card_pkey primary key (app_id, card_ref, code)
)
with (fillfactor = 80);

create unique index card_by_coupon on card (coupon_id) where coupon_id is not null;

-- A coupon that its platform keeps from being used.
create table coupon_suspension (
    coupon_id uuid constraint coupon_suspension_pkey primary key,
    reason    text collate "C" not null,
    since     timestamptz not null,
    constraint coupon_suspension_reason_known check (reason in ('gifting', 'given_away', 'deleted'))
);

-- Leave to take a card on the platform, signed by us: it counts towards the limit until it is used or lapses.
create table card_claim (
    claim_id     uuid constraint card_claim_pkey primary key,
    -- What the platform is given to carry back to us: random, at most 32 characters.
    reference    text collate "C" not null,
    app_id       uuid not null,
    placement_id uuid not null,
    template_id  uuid not null,
    -- Who asked, on the mini-program.
    visitor_id   uuid not null,
    -- Whom the limit counts.
    person_id    uuid not null,
    -- The code that we chose, where we do; and the uploaded one it uses up.
    code         text collate "C",
    code_id      uuid,
    channel      text,
    state        text collate "C" not null default 'signed',
    signed_at    timestamptz not null,
    expires_at   timestamptz not null,
    -- When a code that nobody took is free again.
    code_until   timestamptz,
    coupon_id    uuid,
    constraint card_claim_reference_once unique (reference),
    constraint card_claim_state_known check (state in ('signed', 'taken', 'lapsed'))
)
with (fillfactor = 80);

create index card_claim_open on card_claim (template_id, person_id) where state = 'signed';
create index card_claim_by_end on card_claim (expires_at) where state = 'signed';
create index card_claim_code_kept on card_claim (code_until) where code_until is not null;
create unique index card_claim_code_once on card_claim (code) where code is not null;

-- Codes that a platform was given to hand out.
create table deposited_code (
    placement_id uuid not null constraint deposited_code_placement references placement (placement_id),
    value        text collate "C" not null,
    -- The uploaded code it is, if it is one.
    code_id      uuid,
    addition_id  uuid not null,
    -- 'chosen' until the platform says that it has it.
    state        text collate "C" not null default 'chosen',
    chosen_at    timestamptz not null,
    constraint deposited_code_pkey primary key (placement_id, value),
    constraint deposited_code_once unique (value),
    constraint deposited_code_state_known check (state in ('chosen', 'deposited'))
);

create index deposited_code_by_addition on deposited_code (addition_id, state);

alter table holder
    -- The platform's name of the person over all accounts of the merchant; personal data.
    add column union_id text collate "C";

create index holder_by_union on holder (union_id) where union_id is not null;

-- Two accounts of one person: as a mini-program knows them, and as the account that hands out the cards does.
create table holder_bond (
    visitor_id     uuid constraint holder_bond_pkey primary key,
    card_holder_id uuid not null,
    bonded_at      timestamptz not null
);

create index holder_bond_by_card_holder on holder_bond (card_holder_id);
