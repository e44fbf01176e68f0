-- The life of a coupon after its issue: locked, used, given back, void, and what there is to tell of it.

-- With room on the page, a change of a coupon touches none of its indexes.
alter table coupon set (fillfactor = 85);

alter table coupon
    -- Counted up with every change, so that whoever judged what he read changes nothing else.
    add column version integer not null default 0;

-- Whose wallet it lies in.
create index coupon_by_holder on coupon (holder_id, coupon_id);
-- In the order in which coupons end: for reminders, and for the counting of those that were never used.
create index coupon_by_end on coupon (valid_until, coupon_id);

-- A coupon in state 'locked' has a row here, no other one has. Apart from `coupon`, so that an index over ends of locks
-- does not make every change of a coupon dear.
create table coupon_lock (
    coupon_id  uuid constraint coupon_lock_pkey primary key,
    order_no   text collate "C" not null,
    locked_by  text not null,
    locked_at  timestamptz not null,
    -- From here on it holds no more, whether or not somebody has taken it away yet.
    expires_at timestamptz not null,
    constraint coupon_lock_forward check (locked_at < expires_at)
);

create index coupon_lock_by_end on coupon_lock (expires_at);

alter table redemption
    -- What the matched goods cost, and what the coupon took off; null where no cart was shown.
    add column amount_fen bigint,
    add column discount_fen bigint,
    -- Who asked: a key, an operator, a holder.
    add column redeemed_by text,
    -- The asker's own name of this act, and a hash of what was asked under it; kept for ever.
    add column idempotency_owner uuid,
    add column idempotency_key text collate "C",
    add column request_hash bytea,
    add column reversed_by text,
    add constraint redemption_discount_within check (0 <= discount_fen and discount_fen <= amount_fen),
    add constraint redemption_one_per_order unique (coupon_id, order_no);

create unique index redemption_one_per_key on redemption (idempotency_owner, idempotency_key)
    where idempotency_key is not null;

create table redemption_line (
    redemption_id uuid not null constraint redemption_line_redemption references redemption (redemption_id),
    -- As counted by the caller, from 1.
    line          integer not null,
    goods_id      text not null,
    quantity      integer not null,
    amount_fen    bigint not null,
    -- Its share of what was taken off.
    discount_fen  bigint not null,
    given_back_at timestamptz,
    constraint redemption_line_once primary key (redemption_id, line),
    constraint redemption_line_discount_within check (0 <= discount_fen and discount_fen <= amount_fen)
);

create table event (
    event_id     uuid constraint event_pkey primary key,
    -- In which order things happened to a coupon: two of them can fall into one moment.
    position     bigint generated always as identity,
    kind         text collate "C" not null,
    -- What it is about; null where it is about something else.
    coupon_id    uuid,
    template_id  uuid,
    app_id       uuid,
    -- Who did it: a key, an operator, a holder, or `kaquan`.
    actor        text not null,
    request_id   text,
    -- What anybody who is told of it is told. Never a secret, a code or an open id.
    data         jsonb not null,
    occurred_at  timestamptz not null
);

create index event_by_coupon on event (coupon_id, position) where coupon_id is not null;

create function refuse_to_rewrite_history() returns trigger language plpgsql as $$
begin
    raise exception 'history is written once' using errcode = 'restrict_violation';
end
$$;

create trigger event_is_history before update or delete or truncate on event
    for each statement execute function refuse_to_rewrite_history();
