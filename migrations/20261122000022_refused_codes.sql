-- Codes that a platform does not take: others are chosen in their place.
alter table deposited_code
    drop constraint deposited_code_state_known,
    add constraint deposited_code_state_known check (state in ('chosen', 'deposited', 'refused'));
