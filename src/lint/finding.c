#include "lint/finding.h"

const char *
lint_level_name(LintLevel level)
{
    static const char *const names[] = {
        [LINT_OFF] = "off",
        [LINT_NOTE] = "note",
        [LINT_WARNING] = "warning",
        [LINT_ERROR] = "error",
    };

    return names[level];
}

bool
lint_level_find(const char *name, LintLevel *ret_level)
{
    for (LintLevel level = LINT_OFF; level <= LINT_ERROR; level++) {
        if (g_str_equal(name, lint_level_name(level))) {
            *ret_level = level;
            return true;
        }
    }
    return false;
}

void
lint_relation_free(LintRelation *relation)
{
    g_free(relation->name);
    g_free(relation);
}

void
lint_edit_free(LintEdit *edit)
{
    g_free(edit->text);
    g_free(edit);
}

LintFinding *
lint_finding_new(void)
{
    LintFinding *finding = g_new0(LintFinding, 1);

    finding->certain = true;
    finding->relations = g_ptr_array_new_with_free_func((GDestroyNotify) lint_relation_free);
    finding->fix = g_ptr_array_new_with_free_func((GDestroyNotify) lint_edit_free);
    return finding;
}

void
lint_finding_free(LintFinding *finding)
{
    if (finding == NULL)
        return;
    g_ptr_array_unref(finding->relations);
    g_ptr_array_unref(finding->fix);
    g_free(finding->blocks);
    g_free(finding->message);
    g_free(finding->breaks);
    g_free(finding->settled_by);
    g_free(finding->recipe);
    g_free(finding->fingerprint);
    g_free(finding);
}

static void
restore(char **text, GHashTable *names)
{
    char *restored = *text ? sql_restore_placeholders(*text, names) : NULL;

    g_free(*text);
    *text = restored;
}

void
lint_finding_restore_placeholders(LintFinding *finding, GHashTable *names)
{
    restore(&finding->blocks, names);
    restore(&finding->message, names);
    restore(&finding->breaks, names);
    restore(&finding->settled_by, names);
    restore(&finding->recipe, names);
    for (guint i = 0; i < finding->relations->len; i++)
        restore(&((LintRelation *) finding->relations->pdata[i])->name, names);
    for (guint i = 0; i < finding->fix->len; i++)
        restore(&((LintEdit *) finding->fix->pdata[i])->text, names);
}
