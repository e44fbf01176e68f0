-- From where people at work log in, and from where their passwords are guessed.

create table operator_network (
    operator_id   uuid not null constraint operator_network_operator references operator (operator_id),
    -- One address of IPv4, or a /64 of IPv6.
    network       text collate "C" not null,
    -- Wrong passwords in a row from here, and until when no other from here is looked at.
    failures      integer not null default 0,
    blocked_until timestamptz,
    -- The last login from here with success; for thirty days after it the account knows the network.
    logged_in_at  timestamptz,
    -- The last password from here that was looked at.
    seen_at       timestamptz not null,
    constraint operator_network_once primary key (operator_id, network)
);

create index operator_network_by_age on operator_network (seen_at);

-- From here on `operator.blocked_until` holds for networks that the account does not know, all of them together: each
-- wrong password from there moves it on by a minute, and before that it is at most 29 minutes back. `operator.failures`
-- is read no more and goes in a later release.
