-- The stocks of which little is left, and that this was told. A row goes when there is enough again.
create table stock_alert (
    placement_id uuid not null,
    way          text collate "C" not null,
    fallen_at    timestamptz not null,
    constraint stock_alert_once primary key (placement_id, way),
    constraint stock_alert_stock foreign key (placement_id, way) references stock (placement_id, way)
);

-- Ends of coupons are counted from the first one on.
insert into walk (name, reached_at, reached_id)
values ('expired', '1970-01-01T00:00:00Z', '00000000-0000-0000-0000-000000000000');
