-- How often leave was signed: where the platform chooses the codes, each signature is good for a card of its own.
alter table card_claim add column signatures integer not null default 1;

-- Whom the platform named when it was asked whose the card is of which the mini-program tells: should its own word never
-- come, that is who has it.
alter table card_claim add column hinted_open_id text collate "C";

create index card_claim_unheard on card_claim (hinted_at) where hinted_open_id is not null and state <> 'taken';
-- Leave that came to nothing is forgotten some day.
create index card_claim_forgettable on card_claim (expires_at) where state = 'lapsed' and code is null;
