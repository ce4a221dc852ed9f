drop view agreement_in_force;
drop index handoffs_waiting_risk;
alter table handoffs
    drop column answer_waived,
    drop column contact_waived,
    drop column claim_waived;
create index handoffs_waiting_risk on handoffs (queue, claim_due_at, id) include (claim_risk_at) where state = 'offered';
drop table waivers;
drop table disputes;
alter table personas drop column revision;
drop table point_suggestions;
drop table back_test_leads;
drop table back_tests;
drop table agreement_acknowledgements;
drop table agreement_comments;
delete from agreement_versions where state in ('draft', 'proposed', 'signed');
drop index agreement_versions_signed;
drop index agreement_versions_open;
alter table agreement_versions
    drop column back_test_id,
    drop column review_on,
    drop column proposed_at,
    drop column proposed_by,
    drop column created_by,
    drop column note,
    drop column based_on,
    drop column revision;
