-- The ledger, version 2: how a revision came to be known here, the history tables of other tools that
-- sluice took over, the revisions of tenants, which have a schema each, and mappings whose columns swap
-- their names at cutover.

ALTER TABLE sluice.revision
    ADD COLUMN origin text NOT NULL DEFAULT 'run' CHECK (origin IN ('run', 'stamped', 'adopted'));
COMMENT ON COLUMN sluice.revision.origin IS
    'run: sluice ran its phases; stamped: somebody said so; adopted: taken from another tool';

-- An id holds no '/', so what stands before the last one is a tenant's schema.
ALTER TABLE sluice.revision
    ADD COLUMN tenant text NOT NULL
        GENERATED ALWAYS AS (coalesce(substring(id FROM '^(.*)/'), '')) STORED;
COMMENT ON COLUMN sluice.revision.tenant IS
    'schema of the tenant that this row is about: its id is <schema>/<revision>; empty: no tenant''s';
CREATE INDEX revision_tenant ON sluice.revision (tenant, ordinal);

CREATE OR REPLACE VIEW sluice.schema_state AS
    SELECT substring(id FROM '[^/]*$') AS revision, state, final, tenant FROM sluice.revision;

CREATE TABLE sluice.adoption (
    tool       text PRIMARY KEY,
    relation   text NOT NULL,
    kept       boolean NOT NULL,
    adopted_by text NOT NULL,
    adopted_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN sluice.adoption.kept IS 'sluice writes its rows too, so that the tool sees what is applied';
COMMENT ON COLUMN sluice.adoption.tool IS 'of a tenant: <schema>/<tool>';

ALTER TABLE sluice.mapping ADD COLUMN swaps boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN sluice.mapping.swaps IS
    'its cutover renames mapped columns: the name that an app writes does not tell which shape it knows';
