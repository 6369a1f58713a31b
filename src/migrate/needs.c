#include "migrate/needs.h"

#include "migrate/next.h"

void
waiting_free(Waiting *waiting)
{
    g_free(waiting->command);
    g_free(waiting);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Waiting, waiting_free)

bool
need_is_met(const LedgerRevision *row, RevisionState needed)
{
    if (row == NULL || row->state == STATE_PENDING)
        return false;
    return row->state >= needed || row->final;
}

const Requirement *
need_find_unmet(const Graph *graph, const LedgerRevisions *rows, const Revision *revision)
{
    for (guint i = 0; i < revision->requires->len; i++) {
        const Requirement *requirement = g_ptr_array_index(revision->requires, i);
        const Revision *required = graph_required(graph, requirement);

        if (!need_is_met(ledger_find_revision(rows, required->id), requirement->state))
            return requirement;
    }
    return NULL;
}

Waiting *
waiting_for_requirement(const Graph *graph, const LedgerRevisions *rows, const Revision *revision,
                        const Requirement *requirement, GError **error)
{
    const Revision *required = graph_required(graph, requirement);
    const LedgerRevision *row = ledger_find_revision(rows, required->id);
    g_autoptr(Revision) whole = graph_read(graph, required, error);
    Waiting *waiting;
    const char *phase;

    if (whole == NULL)
        return NULL;
    phase = next_phase(whole, row);
    waiting = g_new0(Waiting, 1);
    waiting->revision = revision;
    waiting->required = required;
    waiting->needed = requirement->state;
    waiting->state = row ? row->state : STATE_PENDING;
    waiting->command = phase ? next_command(phase, required->id) : g_strdup("sluice status");
    return waiting;
}

Waiting *
waiting_for_parent(const Revision *revision, const Revision *parent)
{
    Waiting *waiting = g_new0(Waiting, 1);

    waiting->revision = revision;
    waiting->required = parent;
    waiting->needed = STATE_EXPANDED;
    waiting->state = STATE_PENDING;
    return waiting;
}

char *
waiting_text(const Waiting *waiting)
{
    if (waiting->command == NULL)
        return g_strdup_printf("%s comes after %s, which waits", waiting->revision->id,
                               waiting->required->id);
    return g_strdup_printf("%s requires %s %s, and it is %s", waiting->revision->id,
                           waiting->required->id, revision_state_name(waiting->needed),
                           revision_state_name(waiting->state));
}

/* Each once, in order. */
static void
append_once(GPtrArray *texts, const char *text)
{
    for (guint i = 0; i < texts->len; i++)
        if (g_str_equal(g_ptr_array_index(texts, i), text))
            return;
    g_ptr_array_add(texts, g_strdup(text));
}

static char *
join(GPtrArray *texts, const char *separator)
{
    g_ptr_array_add(texts, NULL);
    return g_strjoinv(separator, (char **) texts->pdata);
}

bool
waiting_fail(GPtrArray *list, GError **error)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) commands = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *text = NULL, *command = NULL;

    if (list->len == 0)
        return true;
    for (guint i = 0; i < list->len; i++) {
        const Waiting *waiting = g_ptr_array_index(list, i);
        g_autofree char *line = waiting_text(waiting);

        append_once(texts, line);
        if (waiting->command)
            append_once(commands, waiting->command);
    }
    text = join(texts, "; ");
    command = join(commands, "`, `");
    error_set(error, ERROR_STATE, "%u revision%s wait%s: %s", list->len, list->len == 1 ? "" : "s",
              list->len == 1 ? "s" : "", text);
    return error_hint(error, "Next: `%s`; then run the same command again.", command);
}
