-- The ledger, version 3: rows that a backfill could not fill, walks along a key, what a backfill did to its
-- table, and what was set while it ran.

ALTER TABLE sluice.backfill
    DROP CONSTRAINT backfill_state_check,
    ADD CONSTRAINT backfill_state_check
        CHECK (state IN ('running', 'done', 'failed', 'cancelled', 'quarantined')),
    ADD COLUMN again boolean NOT NULL DEFAULT false,
    ADD COLUMN workers int,
    ADD COLUMN target_ms bigint,
    ADD COLUMN key_index text,
    ADD COLUMN next_key text[],
    ADD COLUMN wal_bytes bigint NOT NULL DEFAULT 0,
    ADD COLUMN updates bigint NOT NULL DEFAULT 0,
    ADD COLUMN hot_updates bigint NOT NULL DEFAULT 0,
    ADD COLUMN indexes_before jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN sluice.backfill.state IS
    'quarantined: all rows are done but those in sluice.quarantine, which somebody must mend or skip';
COMMENT ON COLUMN sluice.backfill.again IS 'one more pass is wanted, whatever this one finds';
COMMENT ON COLUMN sluice.backfill.workers IS 'sessions a process, and target_ms: by backfill set; NULL: the settings';
COMMENT ON COLUMN sluice.backfill.key_index IS
    'walks along this index, and what is called pages counts rows; NULL: by pages';
COMMENT ON COLUMN sluice.backfill.wal_bytes IS 'that the server wrote during its parts';
COMMENT ON COLUMN sluice.backfill.indexes_before IS 'bytes of each index of the table when it began';

ALTER TABLE sluice.chunk
    ADD COLUMN low_key text[],
    ADD COLUMN high_key text[],
    ADD COLUMN wal_bytes bigint NOT NULL DEFAULT 0,
    ADD COLUMN updates bigint NOT NULL DEFAULT 0,
    ADD COLUMN hot_updates bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN sluice.chunk.low_key IS 'of a walk along a key: the rows behind low_key, up to high_key; NULL: no bound';

CREATE TABLE sluice.quarantine (
    backfill bigint NOT NULL REFERENCES sluice.backfill ON DELETE CASCADE,
    key      text NOT NULL,
    tid      tid NOT NULL,
    version  xid NOT NULL,
    sqlstate text NOT NULL,
    message  text NOT NULL,
    found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    skipped  boolean NOT NULL DEFAULT false,
    reason   text,
    skipped_by text,
    skipped_at timestamptz,
    PRIMARY KEY (backfill, key),
    CHECK (skipped = (reason IS NOT NULL))
);
COMMENT ON TABLE sluice.quarantine IS
    'rows that the server refused to a backfill: key, and the version of the row (tid, and its xmin: version), for a changed row is tried again';
