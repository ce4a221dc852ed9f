drop table import_refusals, import_files, imports;
