-- The ledger, version 1: what sluice did to this database, is doing, and wants. docs/ledger.md tells how
-- to read it. Small: rows about work, not logs of rows. The schema is there already.

COMMENT ON SCHEMA sluice IS 'state of schema changes and rollouts; written by sluice alone';

CREATE TABLE sluice.ledger (
    version     int PRIMARY KEY,
    tool        text NOT NULL,
    upgraded_by text NOT NULL,
    upgraded_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE sluice.ledger IS 'its versions; the highest is what it has now';

CREATE TABLE sluice.revision (
    id            text PRIMARY KEY,
    title         text NOT NULL,
    parents       text[] NOT NULL,
    state         text NOT NULL DEFAULT 'pending'
                  CHECK (state IN ('pending', 'expanded', 'backfilled', 'cut over', 'contracted')),
    final         boolean NOT NULL DEFAULT false,
    partly        text,
    expanded_at   timestamptz,
    backfilled_at timestamptz,
    cut_over_at   timestamptz,
    contracted_at timestamptz,
    ordinal       bigint GENERATED ALWAYS AS IDENTITY,
    applied_by    text NOT NULL,
    tool          text NOT NULL
);
COMMENT ON COLUMN sluice.revision.partly IS 'phase that has begun and not ended';

CREATE TABLE sluice.section (
    revision text NOT NULL REFERENCES sluice.revision ON DELETE CASCADE,
    section  text NOT NULL,
    checksum text NOT NULL,
    PRIMARY KEY (revision, section)
);

CREATE TABLE sluice.step (
    revision     text NOT NULL REFERENCES sluice.revision ON DELETE CASCADE,
    phase        text NOT NULL,
    ordinal      int NOT NULL,
    statement    text NOT NULL,
    hash         text NOT NULL,
    state        text NOT NULL DEFAULT 'planned'
                 CHECK (state IN ('planned', 'running', 'done', 'failed')),
    attempts     int NOT NULL DEFAULT 0,
    lock_wait_ms bigint,
    duration_ms  bigint,
    error        text,
    started_at   timestamptz,
    finished_at  timestamptz,
    PRIMARY KEY (revision, phase, ordinal)
);

CREATE TABLE sluice.mapping (
    revision      text NOT NULL REFERENCES sluice.revision ON DELETE CASCADE,
    schema_name   text NOT NULL,
    table_name    text NOT NULL,
    forward       text NOT NULL,
    reverse       text NOT NULL,
    installed_sql text NOT NULL,
    installed_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (revision, schema_name, table_name)
);

CREATE TABLE sluice.backfill (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    revision     text NOT NULL REFERENCES sluice.revision ON DELETE CASCADE,
    ordinal      int NOT NULL,
    relation     text NOT NULL,
    statement    text NOT NULL,
    state        text NOT NULL DEFAULT 'running'
                 CHECK (state IN ('running', 'done', 'failed', 'cancelled')),
    wanted       text NOT NULL DEFAULT 'run' CHECK (wanted IN ('run', 'pause', 'cancel')),
    pass         int NOT NULL DEFAULT 1,
    next_page    bigint NOT NULL DEFAULT 0,
    end_page     bigint NOT NULL,
    range_pages  int NOT NULL,
    parts        int NOT NULL,
    rows         bigint NOT NULL DEFAULT 0,
    pass_rows    bigint NOT NULL DEFAULT 0,
    last_pass_rows bigint,
    skipped      bigint NOT NULL DEFAULT 0,
    size_before  bigint NOT NULL,
    throttle     text,
    throttled_ms bigint NOT NULL DEFAULT 0,
    error        text,
    started_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz,
    UNIQUE (revision, ordinal)
);
COMMENT ON COLUMN sluice.backfill.wanted IS 'written by control commands, never by workers';
COMMENT ON COLUMN sluice.backfill.skipped IS 'rows of this pass that an app had locked: they come again';

CREATE TABLE sluice.chunk (
    backfill   bigint NOT NULL REFERENCES sluice.backfill ON DELETE CASCADE,
    pass       int NOT NULL,
    first_page bigint NOT NULL,
    end_page   bigint NOT NULL,
    parts      int NOT NULL,
    parts_done int NOT NULL DEFAULT 0,
    attempts   int NOT NULL DEFAULT 0,
    rows       bigint NOT NULL DEFAULT 0,
    skipped    bigint NOT NULL DEFAULT 0,
    error      text,
    PRIMARY KEY (backfill, pass, first_page)
);
COMMENT ON TABLE sluice.chunk IS 'planned a little ahead; done ones are folded into sluice.backfill';

CREATE TABLE sluice.rollout (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    app          text NOT NULL,
    from_version text,
    to_version   text NOT NULL,
    plan_digest  text NOT NULL,
    plan         jsonb NOT NULL,
    cursor       int NOT NULL DEFAULT 0,
    state        text NOT NULL DEFAULT 'running'
                 CHECK (state IN ('running', 'waiting', 'holding', 'aborted', 'done', 'failed')),
    reason       text,
    lease_owner  text,
    lease_epoch  bigint NOT NULL DEFAULT 0,
    started_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz
);
CREATE UNIQUE INDEX rollout_active ON sluice.rollout (app) WHERE state NOT IN ('done', 'aborted');

CREATE TABLE sluice.rollout_step (
    rollout     bigint NOT NULL REFERENCES sluice.rollout ON DELETE CASCADE,
    ordinal     int NOT NULL,
    kind        text NOT NULL,
    argument    jsonb NOT NULL DEFAULT '{}',
    state       text NOT NULL DEFAULT 'pending'
                CHECK (state IN ('pending', 'running', 'waiting', 'done', 'failed', 'undone')),
    evidence    jsonb,
    started_at  timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (rollout, ordinal)
);

CREATE TABLE sluice.quiet (
    revision   text PRIMARY KEY REFERENCES sluice.revision ON DELETE CASCADE,
    since      timestamptz NOT NULL DEFAULT now(),
    sampled_at timestamptz NOT NULL DEFAULT now(),
    seen       text
);
COMMENT ON TABLE sluice.quiet IS 'contract gate: since when no session of an old app version was seen, by samples without a gap';
COMMENT ON COLUMN sluice.quiet.seen IS 'the last old session that was seen';

CREATE TABLE sluice.event (
    id       bigint PRIMARY KEY,
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor    text NOT NULL,
    kind     text NOT NULL,
    revision text,
    rollout  bigint,
    text     text NOT NULL,
    data     jsonb,
    previous text NOT NULL,
    hash     text NOT NULL
);
COMMENT ON TABLE sluice.event IS 'append-only; hash = sha256 of previous, id, at, actor, kind, revision, rollout, text, data';

CREATE TABLE sluice.approval (
    gate        text NOT NULL,
    plan_digest text NOT NULL,
    who         text NOT NULL,
    comment     text,
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (gate, plan_digest, who)
);

-- What an app may ask for its readiness: does the schema fit me?
CREATE VIEW sluice.schema_state AS
    SELECT id AS revision, state, final FROM sluice.revision;

GRANT USAGE ON SCHEMA sluice TO PUBLIC;
GRANT SELECT ON sluice.schema_state TO PUBLIC;
