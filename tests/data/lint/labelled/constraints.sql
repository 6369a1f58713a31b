-- hazard constraint-check-validates
ALTER TABLE users ADD CONSTRAINT users_score CHECK (score >= 0);

-- hazard constraint-check-validates
ALTER TABLE users ADD CHECK (score >= 0);

-- hazard constraint-check-validates: on a new column it scans too
ALTER TABLE users ADD COLUMN rank int CHECK (rank > 0);

-- safe
ALTER TABLE users ADD CONSTRAINT users_score CHECK (score >= 0) NOT VALID;

-- safe: validated in a transaction of its own
ALTER TABLE users ADD CONSTRAINT users_score CHECK (score >= 0) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_score;

-- safe: a new table
CREATE TABLE fresh (id bigint PRIMARY KEY, n int CHECK (n > 0));
ALTER TABLE fresh ADD CONSTRAINT fresh_id CHECK (id > 0);

-- safe
ALTER TABLE users VALIDATE CONSTRAINT users_balance_given;

-- hazard constraint-fk-validates
ALTER TABLE users ADD CONSTRAINT users_org FOREIGN KEY (org_id) REFERENCES orgs (id);

-- hazard constraint-fk-validates
ALTER TABLE users ADD FOREIGN KEY (org_id) REFERENCES orgs;

-- safe: without validation, index first
CREATE INDEX CONCURRENTLY users_org_id ON users (org_id);
ALTER TABLE users ADD CONSTRAINT users_org FOREIGN KEY (org_id) REFERENCES orgs (id) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_org;

-- hazard validate-under-heavy-lock
BEGIN;
ALTER TABLE users ADD CONSTRAINT users_org FOREIGN KEY (org_id) REFERENCES orgs (id) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_org;
COMMIT;

-- hazard validate-under-heavy-lock
BEGIN;
ALTER TABLE users ADD CONSTRAINT users_score CHECK (score >= 0) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_score;
COMMIT;

-- hazard validate-under-heavy-lock
-- runner alembic
ALTER TABLE users ADD CONSTRAINT users_score CHECK (score >= 0) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_score;

-- hazard validate-under-heavy-lock: the lock is another table's
BEGIN;
ALTER TABLE orgs ADD COLUMN size int;
ALTER TABLE users VALIDATE CONSTRAINT users_balance_given;
COMMIT;

-- safe: alone in its transaction
BEGIN;
ALTER TABLE users VALIDATE CONSTRAINT users_balance_given;
COMMIT;

-- hazard constraint-unique-builds-index
ALTER TABLE orders ADD CONSTRAINT orders_note_key UNIQUE (note);

-- hazard constraint-unique-builds-index
ALTER TABLE orders ADD UNIQUE (note, state);

-- hazard constraint-unique-builds-index
ALTER TABLE users ADD COLUMN handle text UNIQUE;

-- safe
ALTER TABLE users ADD COLUMN handle text;
CREATE UNIQUE INDEX CONCURRENTLY users_handle_key ON users (handle);
ALTER TABLE users ADD CONSTRAINT users_handle_key UNIQUE USING INDEX users_handle_key;

-- safe: a new table's
CREATE TABLE fresh (id bigint PRIMARY KEY, code text);
ALTER TABLE fresh ADD CONSTRAINT fresh_code UNIQUE (code);

-- hazard constraint-pk-builds-index
-- seeded
ALTER TABLE items ADD PRIMARY KEY (order_id, position);

-- hazard constraint-pk-builds-index
ALTER TABLE items ADD CONSTRAINT items_pkey PRIMARY KEY (order_id, position);

-- hazard pk-using-nullable-index
-- seeded
CREATE UNIQUE INDEX CONCURRENTLY items_key ON items (order_id, position);
ALTER TABLE items ADD CONSTRAINT items_pkey PRIMARY KEY USING INDEX items_key;

-- hazard constraint-exclusion
ALTER TABLE orders ADD CONSTRAINT orders_once EXCLUDE USING btree (note WITH =);

-- safe: a new table may have one
CREATE TABLE bookings (room int, EXCLUDE USING btree (room WITH =));

-- hazard column-set-not-null
ALTER TABLE users ALTER COLUMN age SET NOT NULL;

-- hazard column-set-not-null
-- seeded
ALTER TABLE users ALTER COLUMN balance SET NOT NULL;

-- hazard column-set-not-null: a check on something else proves nothing
-- seeded
ALTER TABLE users ALTER COLUMN age SET NOT NULL;

-- safe: a valid check proves it
-- seeded
ALTER TABLE users ALTER COLUMN name SET NOT NULL;

-- safe: proven within the file
ALTER TABLE users ADD CONSTRAINT users_age_given CHECK (age IS NOT NULL) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_age_given;
ALTER TABLE users ALTER COLUMN age SET NOT NULL;
ALTER TABLE users DROP CONSTRAINT users_age_given;

-- hazard setnn-and-drop-check-same-alter
-- seeded
ALTER TABLE users ALTER COLUMN name SET NOT NULL, DROP CONSTRAINT users_name_given;

-- hazard setnn-unproven-exemption
ALTER TABLE users ADD CONSTRAINT users_score CHECK (score IS NOT NULL) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_score;
ALTER TABLE users ALTER COLUMN age SET NOT NULL;

-- safe: it is already
-- seeded
ALTER TABLE users ALTER COLUMN email SET NOT NULL;

-- safe: a table made here
CREATE TABLE fresh (id bigint, name text);
ALTER TABLE fresh ALTER COLUMN name SET NOT NULL;

-- hazard column-drop-not-null
ALTER TABLE users ALTER COLUMN email DROP NOT NULL;

-- hazard constraint-drop-fk
-- seeded
ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey;

-- safe, breaks fk-drop-locks-parent: it comes again with the same column
-- seeded
BEGIN;
ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey;
ALTER TABLE orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE NOT VALID;
COMMIT;
ALTER TABLE orders VALIDATE CONSTRAINT orders_user_id_fkey;

-- safe, breaks fk-drop-locks-parent: the column that takes the name has one
-- seeded
ALTER TABLE orders ADD COLUMN buyer bigint;
CREATE INDEX CONCURRENTLY orders_buyer ON orders (buyer);
ALTER TABLE orders ADD CONSTRAINT orders_buyer_fkey FOREIGN KEY (buyer) REFERENCES users (id) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_buyer_fkey;
BEGIN;
ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey;
ALTER TABLE orders RENAME COLUMN user_id TO user_id_old;
ALTER TABLE orders RENAME COLUMN buyer TO user_id;
COMMIT;

-- hazard constraint-drop-fk: another column's says nothing of this one
-- seeded
ALTER TABLE orders ADD COLUMN buyer bigint;
ALTER TABLE orders ADD CONSTRAINT orders_buyer_fkey FOREIGN KEY (buyer) REFERENCES users (id) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_buyer_fkey;
ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey;

-- safe: a check may go
-- seeded
ALTER TABLE users DROP CONSTRAINT users_age_check;

-- hazard multiple-foreign-keys
BEGIN;
ALTER TABLE archive ADD CONSTRAINT a FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;
ALTER TABLE archive ADD CONSTRAINT b FOREIGN KEY (org_id) REFERENCES orgs (id) NOT VALID;
COMMIT;

-- hazard multiple-foreign-keys
CREATE TABLE members (
    user_id bigint REFERENCES users (id),
    org_id bigint REFERENCES orgs (id)
);

-- hazard fk-in-create-table-locks-parent
CREATE TABLE notes (id bigint PRIMARY KEY, user_id bigint REFERENCES users (id));

-- safe: references what is new too
CREATE TABLE topics (id bigint PRIMARY KEY);
CREATE TABLE notes (id bigint PRIMARY KEY, topic_id bigint REFERENCES topics (id));
CREATE INDEX notes_topic_id ON notes (topic_id);

-- hazard drop-table-multiple-fks
-- seeded
DROP TABLE archive;

-- hazard fk-type-mismatch
-- seeded
CREATE INDEX CONCURRENTLY users_plan_id ON users (plan_id);
ALTER TABLE users ADD CONSTRAINT users_plan FOREIGN KEY (plan_id) REFERENCES orgs (id) NOT VALID;

-- hazard fk-missing-index
-- seeded
ALTER TABLE users ADD CONSTRAINT users_org FOREIGN KEY (org_id) REFERENCES orgs (id) NOT VALID;

-- safe: the index is there
-- seeded
ALTER TABLE orders ADD CONSTRAINT orders_user_again FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;

-- hazard unique-may-fail
-- seeded
CREATE UNIQUE INDEX CONCURRENTLY orders_note_key ON orders (note);
ALTER TABLE orders ADD CONSTRAINT orders_note_key UNIQUE USING INDEX orders_note_key;

-- hazard domain-constraint
ALTER DOMAIN posint ADD CONSTRAINT positive CHECK (VALUE > 0);

-- safe
ALTER DOMAIN posint ADD CONSTRAINT positive CHECK (VALUE > 0) NOT VALID;

-- hazard domain-set-not-null
ALTER DOMAIN posint SET NOT NULL;

-- hazard volatile-or-nonimmutable-check
ALTER TABLE users ADD CONSTRAINT users_past CHECK (created_at <= now()) NOT VALID;

-- hazard notnull-check-before-backfill
ALTER TABLE users ADD CONSTRAINT users_full_name_given CHECK (full_name IS NOT NULL) NOT VALID;
UPDATE users SET full_name = email WHERE full_name IS NULL AND id BETWEEN 1 AND 1000;

-- hazard unique-drop-breaks-upsert
-- seeded
ALTER TABLE orgs DROP CONSTRAINT orgs_name_key;

-- hazard unique-drop-breaks-upsert
-- seeded
DROP INDEX CONCURRENTLY users_email;

-- safe: a foreign key of a table made here, to another
CREATE TABLE parents (id bigint PRIMARY KEY);
CREATE TABLE children (id bigint PRIMARY KEY, parent_id bigint);
CREATE INDEX children_parent_id ON children (parent_id);
ALTER TABLE children ADD CONSTRAINT children_parent FOREIGN KEY (parent_id) REFERENCES parents (id);

-- safe: rename of an index is no rename of what an app names
ALTER INDEX users_full_name RENAME TO users_lower_full_name;
