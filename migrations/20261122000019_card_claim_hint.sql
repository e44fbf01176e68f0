-- What the mini-program says of a card that was just taken, before the platform does: believed only as far as that nobody
-- is to be signed the same leave again.
alter table card_claim
    add column hinted_code text collate "C",
    add column hinted_at   timestamptz;

-- Open leave that becomes another person's name, and the leave of one visitor.
create index card_claim_by_visitor on card_claim (visitor_id, placement_id) where state = 'signed';
