CREATE TABLE made (id bigint);
BEGIN;
SET LOCAL lock_timeout = '2s';
SAVEPOINT a;
ALTER TABLE users ADD COLUMN gone int;
CREATE TABLE gone (id bigint);
ROLLBACK TO SAVEPOINT a;
-- neither the lock nor the table is there any more
UPDATE gone SET id = 1;
UPDATE made SET id = 1;
ALTER TABLE orders ADD COLUMN x int;
COMMIT;
