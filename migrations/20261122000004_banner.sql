-- Pictures that lead to a coupon on the platform; one for each placement at a time.
create table banner (
    banner_id    uuid constraint banner_pkey primary key,
    placement_id uuid not null constraint banner_placement references placement (placement_id),
    title        text not null,
    -- A path inside the mini-program.
    dest_url     text not null,
    -- Kept until the platform has it.
    image        bytea,
    image_type   text not null,
    -- The platform's id and address of it; null until the platform has it.
    platform_ref text,
    pic_url      text,
    state        text not null default 'owed',
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    constraint banner_state_known check (state in ('owed', 'live', 'removing', 'removed'))
);

create unique index banner_one_per_placement on banner (placement_id) where state <> 'removed';
