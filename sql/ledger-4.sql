-- The ledger, version 4: a revision's sections and steps are written by the transaction that writes its
-- row, and still go with it. But the server does not look the row up for each of them: that made a
-- third of what recording a small revision cost.

ALTER TABLE sluice.section DROP CONSTRAINT section_revision_fkey;
ALTER TABLE sluice.step DROP CONSTRAINT step_revision_fkey;

CREATE RULE forget AS ON DELETE TO sluice.revision DO ALSO (
    DELETE FROM sluice.section WHERE revision = OLD.id;
    DELETE FROM sluice.step WHERE revision = OLD.id
);
