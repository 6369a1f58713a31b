#include "lint/fates.h"

#define ANY_BODY "" /* some code may do anything */

static char *
key_of(Fate fate, const char *relation, const char *column)
{
    return g_strdup_printf("%d%s.%s", (int) fate, relation ? relation : "", column ? column : "");
}

static void
add_fates(GHashTable *fates, const DdlChange *change)
{
    const char *relation = change->relation.name;

    switch ((int) change->kind) {
    case CHANGE_ADD_COLUMN:
        g_hash_table_add(fates, key_of(FATE_GIVEN, relation, change->column));
        break;
    case CHANGE_RENAME_COLUMN:
        g_hash_table_add(fates, key_of(FATE_GIVEN, relation, change->new_name));
        g_hash_table_add(fates, key_of(FATE_GIVEN_UP, relation, change->column));
        break;
    case CHANGE_COLUMN_TYPE:
        g_hash_table_add(fates, key_of(FATE_RETYPED, relation, change->column));
        break;
    case CHANGE_DO:
    case CHANGE_CREATE_FUNCTION:
        g_hash_table_add(fates, g_strdup(ANY_BODY));
        break;
    default:
        break;
    }
}

GHashTable *
fates_of(const GPtrArray *units)
{
    GHashTable *fates = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < units->len; i++) {
        const LintUnit *unit = units->pdata[i];

        for (guint k = 0; unit->changes && k < ddl_changes_count(unit->changes); k++)
            add_fates(fates, ddl_changes_get(unit->changes, k));
    }
    return fates;
}

bool
fates_may(const LintFile *file, Fate fate, DdlName relation, const char *column)
{
    g_autofree char *key = key_of(fate, relation.name, column);

    return g_hash_table_contains(file->fates, key) || g_hash_table_contains(file->fates, ANY_BODY);
}
