-- With which settings a platform was last told of a placement, so that what has changed since can be told apart.

alter table placement
    -- {"app": …, "placement": …}; null while it was told of none.
    add column published_settings jsonb;
