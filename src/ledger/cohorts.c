#include "ledger/cohorts.h"

#include "base/error.h"
#include "base/json.h"
#include "ledger/embedded.h"
#include "ledger/row.h"

void
ledger_cohort_free(LedgerCohort *cohort)
{
    if (cohort == NULL)
        return;
    g_ptr_array_unref(cohort->schemas);
    ledger_revisions_free(cohort->revisions);
    g_free(cohort);
}

static GPtrArray *
schemas_of(const char *document)
{
    GPtrArray *schemas = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(json_t) list = json_loads(document, 0, NULL);
    json_t *schema;
    size_t i;

    json_array_foreach(list, i, schema)
        g_ptr_array_add(schemas, g_strdup(json_string_value(schema)));
    return schemas;
}

static LedgerRevisions *
revisions_of(const char *document)
{
    LedgerRevisions *revisions = ledger_revisions_new();
    g_autoptr(json_t) list = json_loads(document, 0, NULL);
    json_t *entry;
    size_t i;

    json_array_foreach(list, i, entry)
    {
        LedgerRevision *row = ledger_row_new(json_string_value(json_array_get(entry, 0)),
                                             json_string_value(json_array_get(entry, 1)),
                                             json_is_true(json_array_get(entry, 2)));

        row->partly = g_strdup(json_string_value(json_array_get(entry, 3)));
        ledger_revisions_add(revisions, row);
    }
    return revisions;
}

GPtrArray *
ledger_load_cohorts(PgConn *conn, GError **error)
{
    g_autoptr(GPtrArray) cohorts =
        g_ptr_array_new_with_free_func((GDestroyNotify) ledger_cohort_free);
    g_autoptr(PgRows) rows = NULL;
    int version = 0;

    if (!ledger_find(conn, &version, error))
        return NULL;
    if (version == 0)
        return g_steal_pointer(&cohorts);
    if (!ledger_check_upgraded(conn, version, error))
        return NULL;
    rows = pg_query(conn, error, sql_load_cohorts);
    if (rows == NULL) {
        ledger_hint_rights(conn, error);
        return NULL;
    }
    for (int i = 0; i < pg_rows_count(rows); i++) {
        LedgerCohort *cohort = g_new0(LedgerCohort, 1);

        cohort->schemas = schemas_of(pg_text(rows, i, 0));
        cohort->revisions = revisions_of(pg_text(rows, i, 1));
        g_ptr_array_add(cohorts, cohort);
    }
    return g_steal_pointer(&cohorts);
}
