drop table activities, events, identities, leads, custom_fields, personas, campaigns;
