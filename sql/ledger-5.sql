-- The ledger, version 5: what was last said of revisions is found without reading the whole log; everything
-- that can be set while a backfill runs, what held it, summed up by cause; mappings
-- between two tables.

-- A tenant's part of the log is what the query of its events says word for word.
CREATE INDEX event_revision ON sluice.event (revision, id) WHERE revision IS NOT NULL;
CREATE INDEX event_kind
    ON sluice.event (coalesce(substring(revision FROM '^(.*)/'), ''), kind, id)
    WHERE revision IS NOT NULL;

ALTER TABLE sluice.backfill ADD COLUMN settings jsonb NOT NULL DEFAULT '{}';
UPDATE sluice.backfill
   SET settings = jsonb_strip_nulls(jsonb_build_object('workers', workers::text, 'target_time', target_ms || 'ms'));
COMMENT ON COLUMN sluice.backfill.workers IS
    'workers and target_ms: for sluices of version 4 that are at work; see settings';
COMMENT ON COLUMN sluice.backfill.settings IS
    'options (backfill.*) as backfill set wrote them: they win over those of every process';

CREATE TABLE sluice.throttle (
    backfill bigint NOT NULL REFERENCES sluice.backfill ON DELETE CASCADE,
    signal   text NOT NULL,
    stops    bigint NOT NULL DEFAULT 0,
    held_ms  bigint NOT NULL DEFAULT 0,
    cause    text NOT NULL,
    value    double precision NOT NULL,
    "limit"  double precision NOT NULL,
    holder   text,
    last_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (backfill, signal)
);
COMMENT ON TABLE sluice.throttle IS
    'how often and how long each signal held a backfill; cause, value, limit, holder are those of the last stop';

-- Mappings between two tables.
CREATE TABLE sluice.table_mapping (
    revision      text NOT NULL REFERENCES sluice.revision ON DELETE CASCADE,
    old_schema    text NOT NULL,
    old_table     text NOT NULL,
    new_schema    text NOT NULL,
    new_table     text NOT NULL,
    sections      text NOT NULL,
    is_cut_over   boolean NOT NULL,
    installed_sql text NOT NULL,
    installed_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (revision, old_schema, old_table, new_schema, new_table)
);
COMMENT ON COLUMN sluice.table_mapping.sections IS 'both directions, as a revision file has them';
COMMENT ON COLUMN sluice.table_mapping.is_cut_over IS
    'the new table is canonical, and the old one is kept from it; before, it is the other way round';
