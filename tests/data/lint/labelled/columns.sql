-- safe
ALTER TABLE users ADD COLUMN nickname text;

-- safe
ALTER TABLE users ADD COLUMN IF NOT EXISTS nickname text;

-- safe: a constant is kept in the catalog
ALTER TABLE users ADD COLUMN level int DEFAULT 5;

-- safe
ALTER TABLE users ADD COLUMN level int NOT NULL DEFAULT 5;

-- safe: stable, evaluated once
ALTER TABLE users ADD COLUMN joined timestamptz DEFAULT now();

-- safe
ALTER TABLE users ADD COLUMN joined timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- safe
ALTER TABLE users ADD COLUMN day date DEFAULT CURRENT_DATE;

-- safe
ALTER TABLE users ADD COLUMN expires timestamptz DEFAULT now() + interval '30 days';

-- safe
ALTER TABLE users ADD COLUMN slug text DEFAULT lower('X');

-- safe
ALTER TABLE users ADD COLUMN rights int[] DEFAULT ARRAY[1, 2];

-- safe
ALTER TABLE users ADD COLUMN settings jsonb NOT NULL DEFAULT '{}'::jsonb;

-- safe
ALTER TABLE users ADD COLUMN feeling mood DEFAULT 'ok';

-- safe
ALTER TABLE users ADD COLUMN who text DEFAULT CURRENT_USER;

-- safe
ALTER TABLE users ADD COLUMN sum int DEFAULT (1 + 2);

-- safe
ALTER TABLE users ADD COLUMN kind text DEFAULT CASE WHEN true THEN 'a' ELSE 'b' END;

-- safe
ALTER TABLE users ADD COLUMN setting text DEFAULT current_setting('work_mem');

-- safe
ALTER TABLE users ADD COLUMN key uuid DEFAULT '00000000-0000-0000-0000-000000000000';

-- safe
ALTER TABLE users ADD COLUMN stamp timestamptz DEFAULT statement_timestamp();

-- safe
ALTER TABLE users ADD COLUMN nothing int DEFAULT NULL;

-- safe
-- seeded
ALTER TABLE users ADD COLUMN n int DEFAULT fixed_number();

-- safe
ALTER TABLE users ADD COLUMN a text, ADD COLUMN b int DEFAULT 1;

-- hazard column-add-volatile-default
ALTER TABLE users ADD COLUMN key uuid DEFAULT gen_random_uuid();

-- hazard column-add-volatile-default
ALTER TABLE users ADD COLUMN lot float DEFAULT random();

-- hazard column-add-volatile-default
ALTER TABLE users ADD COLUMN at timestamptz DEFAULT clock_timestamp();

-- hazard column-add-volatile-default
ALTER TABLE users ADD COLUMN at text DEFAULT timeofday();

-- hazard column-add-volatile-default
ALTER TABLE users ADD COLUMN no bigint DEFAULT nextval('tickets');

-- hazard column-add-volatile-default
ALTER TABLE users ADD COLUMN lots float[] DEFAULT ARRAY[random()];

-- hazard column-add-volatile-default
ALTER TABLE users ADD COLUMN lot float DEFAULT CASE WHEN true THEN random() ELSE 1 END;

-- hazard column-add-volatile-default
ALTER TABLE users ADD COLUMN lot int DEFAULT (random() * 100)::int;

-- hazard column-add-volatile-default
ALTER TABLE users ADD COLUMN key uuid NOT NULL DEFAULT gen_random_uuid();

-- hazard column-add-volatile-default
-- seeded
ALTER TABLE users ADD COLUMN n int DEFAULT volatile_number();

-- possible column-add-volatile-default
ALTER TABLE users ADD COLUMN n int DEFAULT volatile_number();

-- safe: nobody uses it yet
CREATE TABLE fresh (id bigint PRIMARY KEY);
ALTER TABLE fresh ADD COLUMN key uuid DEFAULT gen_random_uuid();

-- safe: a default in a new table
CREATE TABLE fresh (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), at timestamptz DEFAULT clock_timestamp());

-- safe: for new rows alone
ALTER TABLE users ADD COLUMN key uuid;
ALTER TABLE users ALTER COLUMN key SET DEFAULT gen_random_uuid();

-- hazard column-add-serial-identity
ALTER TABLE users ADD COLUMN no serial;

-- hazard column-add-serial-identity
ALTER TABLE users ADD COLUMN no bigserial;

-- hazard column-add-serial-identity
ALTER TABLE users ADD COLUMN no smallserial;

-- hazard column-add-serial-identity
ALTER TABLE items ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY;

-- hazard column-add-generated-stored
ALTER TABLE users ADD COLUMN lower_email text GENERATED ALWAYS AS (lower(email)) STORED;

-- safe: in a new table
CREATE TABLE fresh (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text, b text GENERATED ALWAYS AS (lower(a)) STORED);

-- hazard column-add-required
-- fails: with rows
ALTER TABLE users ADD COLUMN phone text NOT NULL;

-- hazard column-add-required
-- fails: with rows
ALTER TABLE users ADD COLUMN phone text, ADD COLUMN fax text NOT NULL;

-- safe: the table is new
CREATE TABLE fresh (id bigint PRIMARY KEY);
ALTER TABLE fresh ADD COLUMN phone text NOT NULL;

-- hazard drop-default-required
ALTER TABLE users ADD COLUMN level int NOT NULL DEFAULT 5;
ALTER TABLE users ALTER COLUMN level DROP DEFAULT;

-- hazard drop-default-required
-- seeded
ALTER TABLE users ALTER COLUMN score DROP DEFAULT;

-- hazard column-default-change
ALTER TABLE users ALTER COLUMN score SET DEFAULT 10;

-- safe: the default of a new column
ALTER TABLE users ADD COLUMN level int;
ALTER TABLE users ALTER COLUMN level SET DEFAULT 1;

-- hazard column-json-type
ALTER TABLE users ADD COLUMN extra json;

-- hazard column-json-type
CREATE TABLE fresh (id bigint PRIMARY KEY, extra json);

-- safe
ALTER TABLE users ADD COLUMN extra jsonb;

-- hazard pk-short-type
CREATE TABLE fresh (id int PRIMARY KEY);

-- hazard pk-short-type
CREATE TABLE fresh (id serial PRIMARY KEY);

-- hazard pk-short-type
CREATE TABLE fresh (id integer GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (id));

-- safe
CREATE TABLE fresh (id bigserial PRIMARY KEY, count int, small smallint);

-- safe
CREATE TABLE fresh (id uuid PRIMARY KEY);

-- hazard column-drop
ALTER TABLE users DROP COLUMN full_name CASCADE;

-- hazard column-drop
ALTER TABLE users DROP COLUMN IF EXISTS code;

-- hazard column-drop
BEGIN;
SET LOCAL lock_timeout = '1s';
ALTER TABLE users DROP COLUMN code;
COMMIT;

-- safe: its own column
ALTER TABLE users ADD COLUMN scratch int;
ALTER TABLE users DROP COLUMN scratch;

-- safe: of its own table
CREATE TABLE fresh (id bigint, a int);
ALTER TABLE fresh DROP COLUMN a;

-- hazard column-rename
ALTER TABLE users RENAME COLUMN code TO zip;

-- hazard column-rename
ALTER TABLE users RENAME code TO zip;

-- safe
CREATE TABLE fresh (id bigint, a int);
ALTER TABLE fresh RENAME COLUMN a TO b;

-- possible column-rename: they change places at once, and may hold the same
BEGIN;
ALTER TABLE users RENAME COLUMN full_name TO full_name_old;
ALTER TABLE users RENAME COLUMN email TO full_name;
COMMIT;

-- possible column-rename: by way of a third name
-- seeded
BEGIN;
ALTER TABLE users RENAME COLUMN full_name TO aside;
ALTER TABLE users RENAME COLUMN email TO full_name;
ALTER TABLE users RENAME COLUMN aside TO email;
COMMIT;

-- hazard column-rename: between the two there is no such column
ALTER TABLE users RENAME COLUMN full_name TO full_name_old;
ALTER TABLE users RENAME COLUMN email TO full_name;

-- hazard column-rename: in two transactions neither
BEGIN;
ALTER TABLE users RENAME COLUMN full_name TO full_name_old;
COMMIT;
BEGIN;
ALTER TABLE users RENAME COLUMN email TO full_name;
COMMIT;

-- hazard rename-disguised
ALTER TABLE orders DROP COLUMN note;
ALTER TABLE orders ADD COLUMN remark varchar(20);

-- hazard rename-disguised
ALTER TABLE orders ADD COLUMN remark varchar(20), DROP COLUMN note;

-- hazard fk-type-mismatch
-- seeded
CREATE TABLE parcels (id bigint PRIMARY KEY, user_id int REFERENCES users (id));

-- hazard duplicate-column-assignment
-- fails
UPDATE users SET full_name = 'a', full_name = 'b' WHERE id = 1;

-- safe
UPDATE users SET full_name = 'a', code = 'b' WHERE id = 1;

-- hazard identifier-too-long
ALTER TABLE users ADD COLUMN a_column_whose_name_is_longer_than_the_sixty_three_bytes_that_names_have int;

-- safe: dropping a default of a nullable column
ALTER TABLE users ALTER COLUMN created_at DROP DEFAULT;

-- safe: statistics and storage
ALTER TABLE users ALTER COLUMN email SET STATISTICS 500;

-- safe: a comment
COMMENT ON COLUMN users.email IS 'address';

-- hazard column-drop: also behind a DO block
DO $$ BEGIN ALTER TABLE users DROP COLUMN code; END $$;

-- hazard index-create-blocking: inside a DO block
DO $$ BEGIN CREATE INDEX users_age ON users (age); END $$;

-- hazard raw-sql-opaque
DO $$ BEGIN EXECUTE 'ALTER TABLE users ADD COLUMN ' || quote_ident('x') || ' int'; END $$;

-- hazard domain-constraint: a new column of a domain with a CHECK rewrites the table
-- seeded
ALTER TABLE users ADD COLUMN second_email email_address;

-- hazard domain-constraint: the same of one that is NOT NULL, with its own default
CREATE DOMAIN level AS int DEFAULT 1 NOT NULL;
ALTER TABLE users ADD COLUMN level level;

-- safe: a domain without a constraint
-- seeded
ALTER TABLE users ADD COLUMN level posint;

-- safe: an array is no domain, whatever it is of
-- seeded
ALTER TABLE users ADD COLUMN emails email_address[];

-- safe: a new table with a column of a domain with a CHECK
-- seeded
CREATE TABLE mails (id bigint PRIMARY KEY, sender email_address);
ALTER TABLE mails ADD COLUMN recipient email_address;

-- possible column-add-inline-unique-pk-fk-check: two tables are waited for
ALTER TABLE orders ADD COLUMN org_id bigint REFERENCES orgs (id);

-- safe: but not for long
SET lock_timeout = '1s';
ALTER TABLE orders ADD COLUMN org_id bigint REFERENCES orgs (id);

-- hazard domain-constraint: a constant default spares it nothing
-- seeded
ALTER TABLE users ADD COLUMN second_email email_address NOT NULL DEFAULT 'nobody@example.org';

-- safe: a default that is back when others look
-- seeded
BEGIN;
SET LOCAL lock_timeout = '1s';
ALTER TABLE users ALTER COLUMN score DROP DEFAULT;
ALTER TABLE users ALTER COLUMN score SET DEFAULT 1;
COMMIT;

-- hazard drop-default-required: it is back too late
-- seeded
ALTER TABLE users ALTER COLUMN score DROP DEFAULT;
ALTER TABLE users ALTER COLUMN score SET DEFAULT 1;
