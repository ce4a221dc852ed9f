drop table job_runs, audit_entries, setup_links, sessions, users;
drop extension pg_trgm;
