drop table agreement_signatures, agreement_versions;
