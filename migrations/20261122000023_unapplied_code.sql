-- A code is not given to somebody else while word of its card is still to be applied.
create index card_push_unapplied_by_code on card_push (app_id, code) where state not in ('applied', 'ignored');

-- Leave that has lapsed is signed anew while its code is kept.
drop index card_claim_by_visitor;
create index card_claim_by_visitor on card_claim (visitor_id, placement_id) where state <> 'taken';
