-- The forms of DDL whose locks and work are measured. Each has an id, what is given before it (run
-- and committed, on the relations of schema.sql), and its statements, which run in one transaction.
-- tools/measure-locks runs them on a server and writes measured.tsv.

-- form: addcol-null
alter table t add column z int;

-- form: addcol-const-default
alter table t add column z int default 5;

-- form: addcol-notnull-const-default
alter table t add column z int not null default 5;

-- form: addcol-notnull-nodefault
alter table t add column z int not null;

-- form: addcol-now-default
alter table t add column z timestamptz default now();

-- form: addcol-current_timestamp
alter table t add column z timestamptz default current_timestamp;

-- form: addcol-clock_timestamp
alter table t add column z timestamptz default clock_timestamp();

-- form: addcol-random
alter table t add column z float default random();

-- form: addcol-gen_random_uuid
alter table t add column z uuid default gen_random_uuid();

-- form: addcol-user-volatile
alter table t add column z int default fvol();

-- form: addcol-user-immutable
alter table t add column z int default fimm();

-- form: addcol-nextval
alter table t add column z int default nextval('sq');

-- form: addcol-lower-const
alter table t add column z text default lower('X');

-- form: addcol-array-const
alter table t add column z int[] default array[1,2];

-- form: addcol-array-volatile
alter table t add column z float[] default array[random()];

-- form: addcol-jsonb-cast
alter table t add column z jsonb default '{}'::jsonb;

-- form: addcol-current_date
alter table t add column z date default current_date;

-- form: addcol-current_user
alter table t add column z text default current_user;

-- form: addcol-now-interval
alter table t add column z timestamptz default now() + interval '1 day';

-- form: addcol-timeofday
alter table t add column z text default timeofday();

-- form: addcol-serial
alter table t add column z serial;

-- form: addcol-bigserial
alter table t add column z bigserial;

-- form: addcol-identity
alter table t add column z int generated always as identity;

-- form: addcol-generated-stored
alter table t add column z int generated always as (a+1) stored;

-- form: addcol-domain-noconstraint
alter table t add column z posint;

-- form: addcol-domain-constraint
alter table t add column z posint_c;

-- form: addcol-domain-constraint-default
alter table t add column z posint_c default 1;

-- form: addcol-check
alter table t add column z int check (z > 0);

-- form: addcol-check-default
alter table t add column z int default 1 check (z > 0);

-- form: addcol-unique
alter table t add column z int unique;

-- form: addcol-pk
alter table nopk add column z serial primary key;

-- form: addcol-fk-null
alter table t add column z int references p(id);

-- form: addcol-fk-default
alter table t add column z int default 1 references p(id);

-- form: addcol-json
alter table t add column z json;

-- form: addcol-if-not-exists-noop
alter table t add column if not exists a int;

-- form: dropcol
alter table t drop column j;

-- form: dropcol-indexed
alter table t drop column a cascade;

-- form: dropcol-view-dep
alter table t drop column pid2;

-- form: dropcol-fk
alter table cc2 drop column pid;

-- form: rename-col
alter table t rename column d to dd;

-- form: rename-col-in-view
alter table t rename column pid2 to aa;

-- form: rename-table
alter table t rename to t9;

-- form: rename-constraint
alter table t rename constraint t_chk to t_chk2;

-- form: rename-index
alter index t_a rename to t_a9;

-- form: rename-view
alter view tv rename to tv9;

-- form: rename-type-value
alter type mood rename value 'a' to 'z';

-- form: rename-schema
alter schema s2 rename to s3;

-- form: rename-sequence
alter sequence ser_id_seq rename to x;

-- form: set-schema
alter table t set schema s2;

-- form: type-int-bigint
alter table t alter column a type bigint;

-- form: type-nochange
alter table t alter column nn type int;

-- form: type-varchar-widen
alter table t alter column c type varchar(20);

-- form: type-varchar-narrow
alter table t alter column c type varchar(5);

-- form: type-varchar-text
alter table t alter column c type text;

-- form: type-varchar-unbounded
alter table t alter column c type varchar;

-- form: type-text-varchar
alter table t alter column d type varchar;

-- form: type-text-varchar-n
alter table t alter column d type varchar(100);

-- form: type-char-text
alter table t alter column cc type text;

-- form: type-numeric-widen
alter table t alter column e type numeric(12,2);

-- form: type-numeric-scale
alter table t alter column e type numeric(12,4);

-- form: type-numeric-unconstrained
alter table t alter column e type numeric;

-- form: type-numeric-narrow
alter table t alter column e type numeric(8,2);

-- form: type-ts-tz-utc
-- given: SET timezone = 'UTC';
alter table t alter column ts type timestamptz;

-- form: type-ts-tz-nonutc
-- given: SET timezone = 'Europe/Berlin';
alter table t alter column ts type timestamptz;

-- form: type-tz-ts-utc
-- given: SET timezone = 'UTC';
alter table t alter column tz type timestamp;

-- form: type-ts-precision-dec
alter table t alter column ts type timestamp(3);

-- form: type-ts-prec-inc
alter table t alter column ts type timestamp(6);

-- form: type-ts-prec-unbounded
alter table t alter column ts type timestamp;

-- form: type-interval
alter table t alter column iv type interval(3);

-- form: type-bitvar-widen
alter table t alter column bt type bit varying(16);

-- form: type-cidr-inet
alter table t alter column ip type inet;

-- form: type-int-text
alter table t alter column pid type text;

-- form: type-text-jsonb
alter table t alter column d type jsonb using '{}'::jsonb;

-- form: type-json-jsonb
alter table t alter column jj type jsonb;

-- form: type-using-same
alter table t alter column c type text using c::text;

-- form: type-using-lower
alter table t alter column c type text using lower(c);

-- form: type-collate
alter table t alter column d type text collate "C";

-- form: type-collate-indexed
-- given: CREATE INDEX t_d ON t (d);
alter table t alter column d type text collate "C";

-- form: type-text-varchar-indexed
-- given: CREATE INDEX t_d ON t (d);
alter table t alter column d type varchar;

-- form: type-varchar-text-indexed
alter table t alter column c type text;

-- form: type-to-domain
alter table t alter column pid type posint;

-- form: type-to-domain-constraint
alter table t alter column pid type posint_c;

-- form: type-enum-to-text
alter table t alter column m type text;

-- form: type-text-to-enum
alter table t alter column d type mood using 'a'::mood;

-- form: type-viewdep
alter table t alter column pid2 type bigint;

-- form: type-viewdep-varchar
-- given: CREATE VIEW tvc AS SELECT c FROM t;
alter table t alter column c type text;

-- form: type-checkcol-widen
-- given: ALTER TABLE t ADD CONSTRAINT cchk CHECK (c <> 'zz');
alter table t alter column c type text;

-- form: type-fk-parent
-- given: DROP VIEW tv;
-- given: DROP MATERIALIZED VIEW mv;
alter table t alter column id type bigint;

-- form: type-fk-child
alter table child alter column tid type bigint;

-- form: type-gen-dep
alter table gen alter column a type bigint;

-- form: type-partkey
alter table pt alter column k type bigint;

-- form: type-part-nonkey
alter table pt alter column id type bigint;

-- form: set-not-null
alter table t alter column a set not null;

-- form: set-not-null-valid-check
alter table t alter column b set not null;

-- form: set-not-null-notvalid-check
-- given: ALTER TABLE t ADD CONSTRAINT ann CHECK (a IS NOT NULL) NOT VALID;
alter table t alter column a set not null;

-- form: set-not-null+drop-check-same-cmd
alter table t alter column b set not null, drop constraint t_bnn;

-- form: set-not-null-and-check
-- given: ALTER TABLE t ADD CONSTRAINT ann CHECK (a IS NOT NULL AND a > 0);
alter table t alter column a set not null;

-- form: set-not-null-already
alter table t alter column nn set not null;

-- form: set-not-null-two
alter table t alter column a set not null, alter column pid set not null;

-- form: drop-not-null
alter table t alter column nn drop not null;

-- form: set-default-const
alter table t alter column a set default 4;

-- form: set-default-volatile
alter table t alter column a set default fvol();

-- form: drop-default
alter table t alter column u drop default;

-- form: add-check
alter table t add constraint x check (pid > 0);

-- form: add-check-notvalid
alter table t add constraint x check (pid > 0) not valid;

-- form: add-check-noinherit
alter table inhp add constraint x check (id > 0) no inherit;

-- form: add-check-inherited
alter table inhp add constraint x check (id > 0);

-- form: add-check-partitioned
alter table pt add constraint x check (id > -1);

-- form: validate-check
-- given: ALTER TABLE t DROP CONSTRAINT t_chk;
-- given: ALTER TABLE t ADD CONSTRAINT t_chk CHECK (bpid > -100) NOT VALID;
alter table t validate constraint t_chk;

-- form: add-check+validate-one-stmt
-- given: ALTER TABLE t DROP CONSTRAINT t_chk;
-- given: ALTER TABLE t ADD CONSTRAINT t_chk CHECK (bpid > -100) NOT VALID;
alter table t add constraint x check (pid > 0) not valid, validate constraint t_chk;

-- form: add-fk
alter table t add constraint x foreign key (pid) references p(id);

-- form: add-fk-notvalid
alter table t add constraint x foreign key (pid) references p(id) not valid;

-- form: validate-fk
-- given: ALTER TABLE t ADD CONSTRAINT x FOREIGN KEY (pid) REFERENCES p (id) NOT VALID;
alter table t validate constraint x;

-- form: add-fk-two
alter table t add constraint x foreign key (pid) references p(id) not valid, add constraint x2 foreign key (pid2) references p2(id) not valid;

-- form: add-fk-self
alter table t add constraint x foreign key (pid) references t(id) not valid;

-- form: add-fk-partitioned-child
alter table pt add constraint x foreign key (id) references p(id);

-- form: add-fk-partitioned-child-notvalid
alter table pt add constraint x foreign key (id) references p(id) not valid;

-- form: create-table-fk
create table nt(id int, pid int references p(id));

-- form: create-table-fk-two
create table nt(id int, pid int references p(id), p2 int references p2(id));

-- form: create-table-like
create table nt (like t including all);

-- form: create-table-inherits
create table nt () inherits (inhp);

-- form: create-table-partition-of
create table ptz partition of pt for values from (50) to (60);

-- form: create-table-partition-of-with-default
create table ptz partition of ptd for values from (50) to (60);

-- form: create-table-as
create table nt as select * from t;

-- form: create-view
create view nv as select * from t;

-- form: create-or-replace-view-addcol
create or replace view tv as select id,pid2,b from t;

-- form: create-matview
create materialized view nmv as select * from t;

-- form: drop-constraint-check
alter table t drop constraint t_chk;

-- form: drop-constraint-fk
alter table child drop constraint child_tid_fkey;

-- form: drop-constraint-pk
alter table t drop constraint t_pkey cascade;

-- form: alter-constraint-deferrable
alter table child alter constraint child_tid_fkey deferrable;

-- form: add-unique
alter table t add constraint x unique (pid, id);

-- form: add-unique-using-index
alter table t add constraint x unique using index t_b;

-- form: add-pk
alter table nopk add primary key (b);

-- form: add-pk-nullable
alter table nopk add primary key (a);

-- form: add-pk-using-index-notnull
-- given: CREATE UNIQUE INDEX npi ON nopk (b);
alter table nopk add primary key using index npi;

-- form: add-pk-using-index-nullable
-- given: CREATE UNIQUE INDEX npi ON nopk (a);
alter table nopk add primary key using index npi;

-- form: add-exclusion
alter table t add constraint x exclude using btree (pid with =, id with =);

-- form: create-index
create index x on t(pid);

-- form: create-unique-index
create unique index x on t(id,pid);

-- form: create-index-expr
create index x on t(lower(d));

-- form: create-index-partitioned
create index x on pt(id);

-- form: create-index-only-partitioned
create index x on only pt(id);

-- form: attach-index
-- given: CREATE INDEX x ON ONLY pt (id);
-- given: CREATE INDEX x1 ON pt1 (id);
alter index x attach partition x1;

-- form: drop-index
drop index t_a;

-- form: drop-index-fk-parent
-- given: CREATE TABLE q (u int UNIQUE);
-- given: CREATE TABLE qc (u int REFERENCES q (u));
drop index q_u_key;

-- form: drop-table
drop table child;

-- form: drop-table-referenced-cascade
drop table t cascade;

-- form: drop-partition
drop table pt1;

-- form: drop-view
drop view tv;

-- form: drop-matview
drop materialized view mv;

-- form: drop-schema-cascade
drop schema s2 cascade;

-- form: drop-sequence
drop sequence zz;

-- form: drop-type-cascade
drop type mood cascade;

-- form: drop-function-used-by-trigger
drop function trg();

-- form: truncate
truncate child;

-- form: truncate-cascade
truncate t cascade;

-- form: truncate-partitioned
truncate pt;

-- form: lock-table
lock table t;

-- form: cluster
cluster t using t_a;

-- form: reindex-index
reindex index t_a;

-- form: reindex-table
reindex table t;

-- form: refresh-mv
refresh materialized view mv;

-- form: refresh-mv-concurrently
refresh materialized view concurrently mv;

-- form: create-trigger
create trigger x before insert on t for each row execute function trg();

-- form: create-or-replace-trigger
create or replace trigger t_trg before insert on t for each row execute function trg();

-- form: drop-trigger
drop trigger t_trg on t;

-- form: disable-trigger
alter table t disable trigger t_trg;

-- form: disable-trigger-all
alter table child disable trigger all;

-- form: enable-always-trigger
alter table t enable always trigger t_trg;

-- form: rename-trigger
alter trigger t_trg on t rename to zz;

-- form: create-rule
create rule x as on insert to t do also nothing;

-- form: drop-rule
drop rule t_rule on t;

-- form: disable-rule
alter table t disable rule t_rule;

-- form: enable-rls
alter table t enable row level security;

-- form: force-rls
alter table t force row level security;

-- form: create-policy
create policy x on t using (true);

-- form: alter-policy
-- given: CREATE POLICY x ON t USING (true);
alter policy x on t using (false);

-- form: drop-policy
-- given: CREATE POLICY x ON t USING (true);
drop policy x on t;

-- form: set-unlogged
alter table lg set unlogged;

-- form: set-logged
-- given: ALTER TABLE lg SET UNLOGGED;
alter table lg set logged;

-- form: set-tablespace-same
alter table t set tablespace pg_default;

-- form: set-access-method-same
alter table t set access method heap;

-- form: set-fillfactor
alter table t set (fillfactor=70);

-- form: reset-fillfactor
alter table t reset (fillfactor);

-- form: set-autovacuum
alter table t set (autovacuum_enabled=false);

-- form: set-statistics
alter table t alter column a set statistics 100;

-- form: set-n_distinct
alter table t alter column a set (n_distinct=5);

-- form: set-storage
alter table t alter column d set storage external;

-- form: set-compression
alter table t alter column d set compression pglz;

-- form: cluster-on
alter table t cluster on t_a;

-- form: owner-to
alter table t owner to locks_other;

-- form: replica-identity-full
alter table t replica identity full;

-- form: replica-identity-index
alter table t replica identity using index t_nn;

-- form: add-identity
alter table ai alter column id add generated by default as identity;

-- form: set-generated
alter table idn alter column id set generated always;

-- form: drop-identity
alter table idn alter column id drop identity;

-- form: restart-identity
alter table idn alter column id restart with 100;

-- form: drop-expression
alter table gen alter column g drop expression;

-- form: seq-type
alter sequence ser_id_seq as bigint;

-- form: seq-restart
alter sequence ser_id_seq restart with 10;

-- form: seq-owned-by
alter sequence zz owned by t.a;

-- form: inherit
alter table ic inherit inhp;

-- form: no-inherit
alter table inhc no inherit inhp;

-- form: attach-partition-noconstraint
alter table pt attach partition ptn for values from (20) to (30);

-- form: attach-partition-constraint
alter table pt attach partition ptc for values from (30) to (40);

-- form: attach-partition-with-default
alter table ptd attach partition ptn2 for values from (50) to (60);

-- form: attach-partition-fk-parent
-- given: ALTER TABLE pt ADD PRIMARY KEY (id, k);
-- given: CREATE TABLE ptch (id int, k int, FOREIGN KEY (id, k) REFERENCES pt (id, k));
alter table pt attach partition ptn for values from (20) to (30);

-- form: detach-partition
alter table pt detach partition pt1;

-- form: detach-partition-with-default
alter table ptd detach partition ptd1;

-- form: of-type
alter table t not of;

-- form: enum-add
alter type mood add value 'c';

-- form: enum-add-use-same-tx
alter type mood add value 'c'; insert into t(id,nn,m) values (1000,1000,'c');

-- form: enum-create-use-same-tx
create type e2 as enum ('q'); create table nt(x e2); insert into nt values('q'); alter type e2 add value 'r'; insert into nt values ('r');

-- form: comp-add-attr
alter type comp add attribute z int cascade;

-- form: comp-alter-attr-used
alter type comp alter attribute x type bigint cascade;

-- form: domain-add-check
alter domain posint add constraint x check (value > 0);

-- form: domain-add-check-notvalid
alter domain posint add constraint x check (value > 0) not valid;

-- form: domain-validate
-- given: ALTER DOMAIN posint ADD CONSTRAINT x CHECK (VALUE > 0) NOT VALID;
alter domain posint validate constraint x;

-- form: domain-set-notnull
alter domain posint set not null;

-- form: domain-drop-constraint
alter domain posint_c drop constraint posint_c_check;

-- form: comment-table
comment on table t is 'x';

-- form: comment-column
comment on column t.a is 'x';

-- form: grant
grant select on t to locks_other;

-- form: revoke
revoke select on t from locks_other;

-- form: create-statistics
create statistics x on a,b from t;

-- form: analyze
analyze t;

-- form: create-publication
create publication pb for table t;

-- form: create-publication-all
create publication pb for all tables;

-- form: alter-publication-add
-- given: CREATE PUBLICATION pb;
alter publication pb add table t;

-- form: alter-publication-drop
-- given: CREATE PUBLICATION pb FOR TABLE t;
alter publication pb drop table t;

-- form: alter-publication-set
-- given: CREATE PUBLICATION pb FOR TABLE t;
alter publication pb set table p;

-- form: drop-publication
-- given: CREATE PUBLICATION pb FOR TABLE t;
drop publication pb;

-- form: update-all
update t set a=a+0;

-- form: delete-all
delete from child;

-- form: insert-select
insert into p select 100+id,'x' from t;

-- form: select-for-update
select * from t for update;

-- form: create-function
create or replace function fimm() returns int language sql immutable as 'select 2';

-- form: drop-function
drop function fvol();

-- form: alter-index-set
alter index t_a set (fillfactor=70);

-- form: alter-index-tablespace
alter index t_a set tablespace pg_default;

-- form: alter-view-set
alter view tv set (security_barrier=true);

-- form: create-fk-from-view-dep
alter table t add column z int, alter column a set not null, add constraint q check (pid>0) not valid;

-- form: selectinto
select * into nt from t;

-- form: create-event-trigger
create event trigger et on ddl_command_start execute function et();

-- form: drop-owned
-- given: GRANT SELECT ON t TO locks_other;
drop owned by locks_other;

-- form: reassign-owned
-- given: ALTER TABLE p OWNER TO locks_other;
reassign owned by locks_other to postgres;

-- form: alter-default-privs
alter default privileges grant select on tables to public;

-- form: prepare-select-star
select 1;

-- form: cic-in-tx
create index concurrently x on t(pid);

-- form: dic-in-tx
drop index concurrently t_a;

-- form: ric-in-tx
reindex table concurrently t;

-- form: detach-conc-in-tx
alter table pt detach partition pt1 concurrently;

-- form: vacuum-in-tx
vacuum t;

-- form: vacuum-full-in-tx
vacuum full t;

-- form: create-db-in-tx
create database zzz;

-- form: alter-system-in-tx
alter system set work_mem='5MB';

-- form: drop-db-in-tx
drop database if exists zzz;

-- form: create-tablespace-in-tx
create tablespace zzz location '/nowhere';

-- form: reindex-partitioned-in-tx
reindex table pt;

-- form: cluster-partitioned-in-tx
-- given: CREATE INDEX x ON pt (id);
cluster pt using x;

-- form: reindex-schema-in-tx
reindex schema public;

-- form: refresh-mv-conc-no-unique
-- given: DROP INDEX mv_id;
refresh materialized view concurrently mv;

-- form: cic-partitioned
create index concurrently x on pt(id);

-- form: create-publication-schema
create publication pb for tables in schema public;

-- form: update-no-replica-identity-published
-- given: CREATE PUBLICATION pb FOR TABLE nri;
update nri set a=2;

-- form: drop-pk-published
-- given: CREATE PUBLICATION pb FOR TABLE t;
alter table t drop constraint t_pkey cascade; update t set a=a where id=1;

-- form: add-fk-ref-partitioned
-- given: ALTER TABLE pt ADD PRIMARY KEY (id, k);
alter table rc add constraint x foreign key (id,k) references pt(id,k) not valid;

-- form: add-unique-partitioned
alter table pt add constraint x unique (id,k);

-- form: add-pk-partitioned
alter table pt add primary key (id,k);

-- form: addcol-partitioned
alter table pt add column z int;

-- form: create-trigger-partitioned
create trigger x before insert on pt for each row execute function trg();

-- form: set-not-null-partitioned
alter table pt alter column v set not null;

-- form: drop-table-multi-fk
drop table m;

-- form: drop-index-partitioned
-- given: CREATE INDEX x ON pt (id);
drop index x;

-- form: two-alter-sep
alter table p add column q int; alter table p2 add column q int;

-- form: create-table-fk-self
create table nt(id int primary key, parent int references nt(id));

-- form: create-table-partition-by
create table nt(id int) partition by range(id);

-- form: default-to-existing-with-backfill
alter table t add column z int; update t set z=1;

-- form: attach-with-notnull-check
-- given: CREATE TABLE px (id int NOT NULL, k int, v text, CHECK (k IS NOT NULL AND k >= 60 AND k < 70));
alter table pt attach partition px for values from (60) to (70);

-- form: attach-check-no-notnull
-- given: CREATE TABLE px (id int NOT NULL, k int NOT NULL, v text, CHECK (k >= 60 AND k < 70));
alter table pt attach partition px for values from (60) to (70);

-- form: enum-add-before
alter type mood add value 'aa' before 'a';

-- form: enum-newtype-use
create type e2 as enum('q'); alter table t add column z e2 default 'q';

-- form: type-enum-swap
-- given: ALTER TABLE t ALTER COLUMN m DROP DEFAULT;
alter table t alter column m type mood2 using m::text::mood2;

-- form: type-varchar-domain
alter table t alter column c type dv;

-- form: type-int-numeric
alter table t alter column pid type numeric;

-- form: type-int-smallint
alter table t alter column pid type smallint;

-- form: type-uuid-text
alter table t alter column u type text;

-- form: type-time-prec
alter table t alter column tm type time(6);

-- form: type-varchar-citext-na
alter table t alter column c type name;

-- form: type-xid-oid
alter table t alter column o type regclass;

-- form: type-int-oid
alter table t alter column pid type oid;

-- form: type-array-widen
-- given: ALTER TABLE t ADD COLUMN ar varchar(5)[];
alter table t alter column ar type varchar(10)[];

-- form: type-array-int-bigint
-- given: ALTER TABLE t ADD COLUMN ar int[];
alter table t alter column ar type bigint[];

-- form: type-array-varchar-text
-- given: ALTER TABLE t ADD COLUMN ar varchar(5)[];
alter table t alter column ar type text[];

-- form: type-expr-index
-- given: CREATE INDEX te ON t (lower(c));
alter table t alter column c type varchar(20);

-- form: type-partial-index
-- given: CREATE INDEX te ON t (a) WHERE c <> 'x';
alter table t alter column c type varchar(20);

-- form: type-trigger-col
-- given: CREATE TRIGGER tc BEFORE UPDATE OF c ON t FOR EACH ROW EXECUTE FUNCTION trg();
alter table t alter column c type text;

-- form: type-policy-dep
-- given: CREATE POLICY x ON t USING (c <> 'x');
alter table t alter column c type text;

-- form: type-statistics-dep
-- given: CREATE STATISTICS st ON pid, a FROM t;
alter table t alter column pid type bigint;

-- form: rename-col-policy
-- given: CREATE POLICY x ON t USING (c <> 'x');
alter table t rename c to c2;

-- form: drop-col-function-dep
-- given: CREATE FUNCTION fa() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT sum(a) FROM t; END;
alter table t drop column a;

-- form: drop-col-function-dep-string
-- given: CREATE FUNCTION fa() RETURNS bigint LANGUAGE sql AS 'SELECT sum(a) FROM t';
alter table t drop column a;

-- form: set-default-then-null-check
alter table t alter column a set default 1, alter column a set not null;

-- form: addcol-notnull-empty
alter table em add column z int not null;

-- form: addcol-generated-expr-immut
alter table t add column z text generated always as (lower(c)) stored;

-- form: addcol-default-subexpr
alter table t add column z int default (1+2);

-- form: addcol-default-null
alter table t add column z int default null;

-- form: addcol-default-row
alter table t add column z comp default row(1,2);

-- form: addcol-default-txid
alter table t add column z bigint default txid_current();

-- form: addcol-default-uuid-const
alter table t add column z uuid default '00000000-0000-0000-0000-000000000000';

-- form: addcol-default-enum
alter table t add column z mood default 'a';

-- form: addcol-default-localtimestamp
alter table t add column z timestamp default localtimestamp;

-- form: addcol-default-statement_timestamp
alter table t add column z timestamptz default statement_timestamp();

-- form: addcol-default-volatile-in-case
alter table t add column z float default case when true then random() else 1 end;

-- form: addcol-default-vol-plpgsql
alter table t add column z int default fpv();

-- form: addcol-default-imm-plpgsql
alter table t add column z int default fpi();

-- form: addcol-default-current_setting
alter table t add column z text default current_setting('work_mem');

-- form: addcol-default-pg_sleep
alter table t add column z text default pg_sleep(0)::text;

-- form: addcol-default-regclass
alter table t add column z regclass default 't'::regclass;

-- form: addcol-default-timestamp-literal-now
alter table t add column z timestamptz default 'now';

-- form: create-index-volatile-fn
create index x on t((fvol()));

-- form: create-index-non-immutable
create index x on t((d || now()::text));

-- form: add-check-volatile
alter table t add constraint x check (a < extract(epoch from now())) not valid;

-- form: add-check-userfn
alter table t add constraint x check (fvol() = 1) not valid;

-- form: set-default-nextval
alter table t alter column a set default nextval('sq');

-- form: alter-table-all-in-tablespace
alter table all in tablespace pg_default set tablespace pg_default nowait;

-- form: vacuum-analyze
analyze;

-- form: drop-extension
-- given: CREATE EXTENSION btree_gist;
drop extension btree_gist;

-- form: create-extension
create extension btree_gist;

-- form: create-fk-on-delete-cascade
alter table t add constraint x foreign key (pid) references p(id) on delete cascade not valid;

-- form: add-fk-type-mismatch
alter table t add constraint x foreign key (bpid) references p(id) not valid;

-- form: add-fk-type-mismatch-noop
alter table t add constraint x foreign key (tpid) references p(id) not valid;

-- form: do-block-ddl
do $$ begin execute 'alter table t add column z int'; end $$;

-- form: do-block-static-ddl
do $$ begin alter table t add column z int; end $$;

-- form: lock-share
lock table t in share mode;

-- form: alter-system
set lock_timeout='1s';

-- form: create-or-replace-function-sig
create or replace function fimm(x int default 1) returns int language sql immutable as 'select 2';

-- form: create-or-replace-function-ret
create or replace function fimm() returns text language sql immutable as $$select 'x'$$;

-- form: view-drop-col-replace
create or replace view tv as select id from t;

-- form: alter-table-set-col-null-view
alter table t alter column pid2 drop default;

-- form: rename-attr-type
alter type comp rename attribute x to xx cascade;

-- form: comp-drop-attr
alter type comp drop attribute y cascade;

-- form: type-bit-varbit
alter table t alter column b8 type bit varying;

-- form: type-bit-varbit-n
alter table t alter column b8 type bit varying(8);

-- form: type-xml-text
-- given: ALTER TABLE t ADD COLUMN x xml;
alter table t alter column x type text;

-- form: type-text-xml
-- given: ALTER TABLE t ADD COLUMN x text;
alter table t alter column x type xml using x::xml;

-- form: type-interval-inc
alter table t alter column i2 type interval(6);

-- form: type-interval-unbounded
alter table t alter column i2 type interval;

-- form: type-tz-prec-inc
alter table t alter column z3 type timestamptz(6);

-- form: type-smallint-int
alter table t alter column si type int;

-- form: type-numeric-prec+scale
alter table t alter column e type numeric(14,3);

-- form: type-jsonb-json
alter table t alter column j type json;

-- form: type-varchar-char
alter table t alter column c type char(10);

-- form: type-char-widen
alter table t alter column cc type char(10);

-- form: type-citext
-- given: CREATE EXTENSION citext;
alter table t alter column d type citext;

-- form: type-citext-indexed
-- given: CREATE EXTENSION citext;
-- given: CREATE INDEX td ON t (d);
alter table t alter column d type citext;

-- form: type-citext-text-indexed
-- given: CREATE EXTENSION citext;
-- given: ALTER TABLE t ADD COLUMN ci citext;
-- given: CREATE INDEX tci ON t (ci);
alter table t alter column ci type text;

-- form: type-real-double
alter table t alter column r type double precision;

-- form: type-date-timestamp
alter table t alter column dt type timestamp;

-- form: type-two-cols
alter table t alter column c type text, alter column e type numeric(12,2);

-- form: type-and-rewrite-mixed
alter table t alter column c type text, alter column a type bigint, add column q int;

-- form: type-unlogged-temp
alter table tmpx alter column a type bigint;

-- form: set-not-null-check-or
-- given: ALTER TABLE t ADD CONSTRAINT ann CHECK (a IS NOT NULL OR b IS NOT NULL);
alter table t alter column a set not null;

-- form: set-not-null-check-gt
-- given: ALTER TABLE t ADD CONSTRAINT ann CHECK (a > 0);
alter table t alter column a set not null;

-- form: set-not-null-pkcol
alter table t alter column id set not null;

-- form: addcol-notnull-generated-volatile
alter table t add column z uuid not null default gen_random_uuid();

-- form: addcol-default-on-partitioned
alter table pt add column z float default random();

-- form: create-table-if-not-exists-fk
create table if not exists nt(id int primary key, pid int references p(id) on delete cascade);

-- form: create-table-as-nodata
create table nt as select * from t with no data;

-- form: create-mv-nodata
create materialized view nmv as select * from t with no data;

-- form: alter-mv-rename
alter materialized view mv rename to mv2;

-- form: alter-table-rename-trg-func
alter function trg() rename to trg2;

-- form: truncate-restart-identity
truncate ser restart identity;

-- form: truncate-referenced-nocascade
truncate t;

-- form: delete-no-where-ref
delete from p2;

-- form: drop-index-if-exists-missing
drop index if exists nope;

-- form: drop-index-multi
drop index t_a, t_c;

-- form: grant-all-tables
grant select on all tables in schema public to locks_other;

-- form: alter-type-owner
alter type mood owner to locks_other;

-- form: alter-schema-owner
alter schema s2 owner to locks_other;

-- form: alter-table-validate-nothing
alter table t validate constraint t_bnn;

-- form: merge
merge into p using t on p.id=t.id when matched then update set v='z';

-- form: copy-in
copy p2 (id, v) from stdin;

-- form: own-partition-of-references
-- given: ALTER TABLE pt ADD FOREIGN KEY (id) REFERENCES p (id);
create table ptz partition of pt for values from (50) to (60);

-- form: own-partition-of-referenced
-- given: ALTER TABLE pt ADD PRIMARY KEY (id, k);
-- given: CREATE TABLE ptch (id int, k int, FOREIGN KEY (id, k) REFERENCES pt (id, k));
create table ptz partition of pt for values from (50) to (60);

-- form: own-attach-references
-- given: ALTER TABLE pt ADD FOREIGN KEY (id) REFERENCES p (id);
alter table pt attach partition ptn for values from (20) to (30);

-- form: own-attach-list
-- given: CREATE TABLE pl (a int NOT NULL) PARTITION BY LIST (a);
-- given: CREATE TABLE pl1 (a int NOT NULL CHECK (a IN (1, 2)));
alter table pl attach partition pl1 for values in (1, 2);

-- form: own-attach-index
-- given: CREATE INDEX ON pt (v);
-- given: CREATE INDEX ON ptc (v);
alter table pt attach partition ptc for values from (30) to (40);

-- form: own-attach-default
alter table pt attach partition ptn default;

-- form: own-attach-default-check
-- given: ALTER TABLE ptdd ADD CHECK (k < 50 OR k >= 60);
alter table ptd attach partition ptn2 for values from (50) to (60);

-- form: own-detach-references
-- given: ALTER TABLE pt ADD FOREIGN KEY (id) REFERENCES p (id);
alter table pt detach partition pt1;

-- form: own-detach-referenced
-- given: ALTER TABLE pt ADD PRIMARY KEY (id, k);
-- given: CREATE TABLE ptch (id int, k int, FOREIGN KEY (id, k) REFERENCES pt (id, k));
alter table pt detach partition pt1;

-- form: own-add-fk-leaves-first
-- given: ALTER TABLE pt1 ADD FOREIGN KEY (id) REFERENCES p (id);
-- given: ALTER TABLE pt2 ADD FOREIGN KEY (id) REFERENCES p (id);
alter table pt add foreign key (id) references p (id);

-- form: own-create-index-leaves-first
-- given: CREATE INDEX ON pt1 (v);
create index x on pt (v);

-- form: own-type-array-unbounded
-- given: ALTER TABLE t ADD COLUMN ar varchar(5)[];
alter table t alter column ar type varchar[];

-- form: own-type-array-text-varchar
-- given: ALTER TABLE t ADD COLUMN ar text[];
alter table t alter column ar type varchar[];

-- form: own-type-same-with-check
-- given: ALTER TABLE t ADD CHECK (c <> 'zz');
alter table t alter column c type varchar(10);

-- form: own-type-cidr-inet-indexed
-- given: CREATE INDEX ti ON t (ip);
alter table t alter column ip type inet;

-- form: own-type-oid-indexed
-- given: CREATE INDEX ti ON t (o);
alter table t alter column o type regclass;

-- form: own-type-int-oid-indexed
-- given: CREATE INDEX ti ON t (pid);
alter table t alter column pid type oid;

-- form: own-type-bit-indexed
-- given: CREATE INDEX ti ON t (b8);
alter table t alter column b8 type bit varying;

-- form: own-type-ts-tz-indexed
-- given: CREATE INDEX ti ON t (ts);
alter table t alter column ts type timestamptz;

-- form: own-type-domain-to-base
alter table t alter column dm type int;

-- form: own-type-domain-indexed
-- given: CREATE INDEX ti ON t (pid);
alter table t alter column pid type posint;

-- form: own-type-time-timetz
alter table t alter column tm type timetz;

-- form: own-type-xml-varchar
-- given: ALTER TABLE t ADD COLUMN x xml;
alter table t alter column x type varchar;

-- form: own-type-text-fk
-- given: CREATE TABLE tp (id varchar(10) PRIMARY KEY);
-- given: CREATE TABLE tc (pid varchar(10) REFERENCES tp (id));
alter table tc alter column pid type text;

-- form: own-type-text-fk-parent
-- given: CREATE TABLE tp (id varchar(10) PRIMARY KEY);
-- given: CREATE TABLE tc (pid varchar(10) REFERENCES tp (id));
alter table tp alter column id type text;

-- form: own-type-inherited
alter table inhp alter column id type bigint;

-- form: own-type-using-narrow
alter table t alter column d type varchar(20) using d::varchar(20);

-- form: own-type-exclusion
-- given: ALTER TABLE t ADD CONSTRAINT ex EXCLUDE (c WITH =);
alter table t alter column c type text;

-- form: own-add-pk-checked
-- given: ALTER TABLE nopk ADD CHECK (a IS NOT NULL);
-- given: CREATE UNIQUE INDEX npi ON nopk (a);
alter table nopk add primary key using index npi;

-- form: own-set-not-null-add-check
alter table t add constraint ann check (a is not null), alter column a set not null;

-- form: own-set-not-null-inherited
alter table inhp alter column id set not null;

-- form: own-addcol-fk-not-null
alter table t add column z int not null default 1 references p (id);

-- form: own-addcol-inherited-random
alter table inhp add column z float default random();

-- form: own-addcol-check-random
alter table t add column z float default random() check (z >= 0);

-- form: own-addcol-domain-not-null
-- given: CREATE DOMAIN dnn AS int NOT NULL DEFAULT 1;
alter table t add column z dnn default 1;

-- form: own-addcol-domain-of-domain
-- given: CREATE DOMAIN dod AS posint_c;
alter table t add column z dod;

-- form: own-set-unlogged-already
-- given: ALTER TABLE lg SET UNLOGGED;
alter table lg set unlogged;

-- form: own-drop-column-cascade-view
alter table t drop column pid2 cascade;

-- form: own-drop-view-cascade
-- given: CREATE VIEW tv2 AS SELECT * FROM tv;
drop view tv cascade;

-- form: own-drop-table-if-exists-missing
drop table if exists nowhere;

-- form: own-drop-inheritance-parent
drop table inhp cascade;

-- form: own-drop-domain-cascade
drop domain posint cascade;

-- form: own-select-view
select * from tv;

-- form: own-lock-view
lock table tv in share mode;

-- form: own-insert-fk
insert into child (id, tid) values (100, 1);

-- form: own-create-table-fk-partitioned
-- given: ALTER TABLE pt ADD PRIMARY KEY (id, k);
create table nt (id int, k int, foreign key (id, k) references pt (id, k));

-- form: own-drop-trigger-partitioned
-- given: CREATE TRIGGER x BEFORE INSERT ON pt FOR EACH ROW EXECUTE FUNCTION trg();
drop trigger x on pt;

-- form: own-disable-trigger-partitioned
-- given: CREATE TRIGGER x BEFORE INSERT ON pt FOR EACH ROW EXECUTE FUNCTION trg();
alter table pt disable trigger x;

-- form: own-validate-fk-partitioned
-- given: ALTER TABLE pt1 ADD CONSTRAINT x FOREIGN KEY (id) REFERENCES p (id) NOT VALID;
alter table pt1 validate constraint x;

-- form: own-validate-check-inherited
-- given: ALTER TABLE inhp ADD CONSTRAINT x CHECK (id > 0) NOT VALID;
alter table inhp validate constraint x;

-- form: own-drop-constraint-inherited
-- given: ALTER TABLE inhp ADD CONSTRAINT x CHECK (id > 0);
alter table inhp drop constraint x;

-- form: own-rename-column-partitioned
alter table pt rename column v to w;

-- form: own-drop-column-partitioned
alter table pt drop column v;

-- form: own-set-default-partitioned
alter table pt alter column v set default 'x';

-- form: own-drop-serial-column
-- given: CREATE TABLE sc (id serial, a int);
alter table sc drop column id;

-- form: own-truncate-several
truncate t, child;

-- form: own-cluster-again
-- given: CLUSTER t USING t_a;
cluster t;

-- form: own-reindex-matview
reindex table mv;

-- form: own-alter-default-privileges
alter default privileges grant select on tables to locks_other;

-- form: own-drop-trigger-of-serial
-- given: CREATE TRIGGER x BEFORE INSERT ON ser FOR EACH ROW EXECUTE FUNCTION trg();
drop trigger x on ser;
