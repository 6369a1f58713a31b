-- é: columns count characters
SELEC 1;
VACUUM FULL users; DELETE FROM orders;
ALTER TABLE t ADD CONSTRAINT c NOT NULL x NOT VALID;
\connect other
COPY t FROM stdin;
1	2
\.
VACUUM FULL items;
