-- The ledger, version 2: how a revision came to be known here, and the history tables of other tools
-- that sluice took over.

ALTER TABLE sluice.revision
    ADD COLUMN origin text NOT NULL DEFAULT 'run' CHECK (origin IN ('run', 'stamped', 'adopted'));
COMMENT ON COLUMN sluice.revision.origin IS
    'run: sluice ran its phases; stamped: somebody said so; adopted: taken from another tool';

CREATE TABLE sluice.adoption (
    tool       text PRIMARY KEY,
    relation   text NOT NULL,
    kept       boolean NOT NULL,
    adopted_by text NOT NULL,
    adopted_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN sluice.adoption.kept IS 'sluice writes its rows too, so that the tool sees what is applied';
