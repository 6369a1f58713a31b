-- The ledger, version 5: what was last said of revisions is found without reading the whole log. A tenant's
-- part of the log is what the query of its events says word for word.

CREATE INDEX event_revision ON sluice.event (revision, id) WHERE revision IS NOT NULL;
CREATE INDEX event_kind
    ON sluice.event (coalesce(substring(revision FROM '^(.*)/'), ''), kind, id)
    WHERE revision IS NOT NULL;
