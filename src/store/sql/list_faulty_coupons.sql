-- One scan of the coupons for five promises: each coupon against what it names and against the rules in $1.
with rule as materialized (
    select *
    from jsonb_to_recordset($1) as rule (
        template_id uuid, version integer,
        claim_from timestamptz, claim_until timestamptz, per_person_limit bigint, birthday integer,
        fixed_from timestamptz, fixed_until timestamptz, first_day integer, end_day integer
    )
),
judged as (
    select
        coupon.coupon_id,
        terms.template_id is null
            or placement.placement_id is null
            or holder.holder_id is null
            or coupon.person_id <> holder.holder_id
                and coupon.person_id is distinct from holder.member_id
                -- One that has changed hands counts for the first of its holders.
                and card.coupon_id is null as dangling,
        case
            -- What a platform has given out by itself cannot be refused any more.
            when giver.app_id is not null then false
            when rule.birthday is null then coupon.ordinal > rule.per_person_limit
            -- One a year, and December is of the January that follows it.
            else exists (
                select
                from coupon as earlier
                where earlier.template_id = coupon.template_id
                    and earlier.person_id = coupon.person_id
                    and earlier.ordinal = coupon.ordinal - 1
                    and earlier.issued_at >= case
                        when rule.birthday = 1 then make_timestamptz(
                            today.year - case when today.month < 12 then 1 else 0 end,
                            12, 1, 0, 0, 0, 'Asia/Shanghai'
                        )
                        else make_timestamptz(today.year, 1, 1, 0, 0, 0, 'Asia/Shanghai')
                    end
            )
        end as above_limit,
        giver.app_id is null and (
            coupon.issued_at < rule.claim_from
            or rule.claim_until <= coupon.issued_at
        ) as outside_window,
        -- A gift goes on as what it was.
        coupon.way <> 'gift' and (coupon.valid_from <> coalesce(
            rule.fixed_from,
            case when rule.first_day = 0 then today.at end,
            today.midnight + make_interval(hours => 24 * rule.first_day)
        ) or coupon.valid_until <> coalesce(
            rule.fixed_until,
            today.midnight + make_interval(hours => 24 * rule.end_day)
        )) as wrong_validity,
        $2::timestamptz + interval '5 seconds' < coupon.issued_at
            or coupon.valid_until <= coupon.valid_from as strange_times
    from coupon
    left join template_terms as terms
        on terms.template_id = coupon.template_id and terms.version = coupon.terms_version
    left join rule
        on rule.template_id = coupon.template_id and rule.version = coupon.terms_version
    -- The template and the app stand twice, in the coupon and in its placement, and must agree.
    left join placement
        on placement.placement_id = coupon.placement_id
        and placement.template_id = coupon.template_id
        and placement.app_id = coupon.app_id
    left join holder
        on holder.holder_id = coupon.holder_id and holder.app_id = coupon.app_id
    -- Of a platform that gives out by itself and tells us afterwards, the card says when it was taken.
    left join app as giver
        on giver.app_id = coupon.app_id and giver.platform = 'wechat' and coupon.way in ('take', 'gift')
    left join card on card.coupon_id = coupon.coupon_id
    -- Days are counted in China, whose days have had 24 hours since 1991.
    cross join lateral (
        select
            moment.at,
            date_trunc('day', moment.at, 'Asia/Shanghai') as midnight,
            extract(year from moment.at at time zone 'Asia/Shanghai')::integer as year,
            extract(month from moment.at at time zone 'Asia/Shanghai')::integer as month
        from (
            select case when giver.app_id is null then coupon.issued_at else (card.standing ->> 'first')::timestamptz end
        ) as moment (at)
    ) as today
),
listed as (
    select
        finding.fault,
        judged.coupon_id,
        count(*) over (partition by finding.fault) as total,
        row_number() over (partition by finding.fault order by judged.coupon_id) as place
    from judged
    cross join lateral (
        values
            ('dangling', dangling),
            ('above_limit', above_limit),
            ('outside_window', outside_window),
            ('wrong_validity', wrong_validity),
            ('strange_times', strange_times)
    ) as finding (fault, found)
    -- Said first, so that only what is wrong is taken apart.
    where (dangling or above_limit or outside_window or wrong_validity or strange_times)
        and finding.found
)
select
    fault as "fault!: CouponFault",
    coupon_id as "coupon!: CouponId",
    total as "total!"
from listed
where place <= $3
order by fault, coupon_id
