#include "peers/foreign.h"

#include <stdio.h>

#include "base/file.h"
#include "base/proc.h"
#include "peers/script.h"

enum { TIMEOUT_MS = 10 * 60 * 1000 };

json_t *
foreign_ask(const ForeignScript *script, GError **error)
{
    g_autofree char *folder = g_dir_make_tmp("sluice-import-XXXXXX", NULL);
    g_autofree char *output = g_build_filename(folder ? folder : "/", "answer.json", NULL);
    g_autofree char *program = g_build_filename(folder ? folder : "/", "script", NULL);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autoptr(json_t) result = NULL;
    json_error_t cause;

    if (folder == NULL) {
        error_set(error, ERROR_STATE, "cannot make a temporary folder");
        return NULL;
    }
    if (!file_create(program, script->text, error))
        return NULL;
    g_ptr_array_add(argv, (char *) (guintptr) script->interpreter);
    g_ptr_array_add(argv, program);
    for (guint i = 0; script->arguments[i] != NULL; i++)
        g_ptr_array_add(argv, (char *) (guintptr) script->arguments[i]);
    g_ptr_array_add(argv, output);
    g_ptr_array_add(argv, NULL);
    if (proc_run((const char *const *) argv->pdata, script->environment, TIMEOUT_MS, NULL, error)) {
        result = json_load_file(output, 0, &cause);
        if (result == NULL)
            error_set(error, ERROR_STATE, "'%s' left no answer: %s", script->interpreter,
                      cause.text);
    }
    (void) remove(program);
    (void) remove(output);
    (void) remove(folder);
    return g_steal_pointer(&result);
}

static void
take_side(History *history, const PeerRevision *revision, const json_t *side, const char *function,
          PeerSql *sql)
{
    const char *text = json_string_value(json_object_get(side, "sql"));
    const char *failure = json_string_value(json_object_get(side, "error"));

    if (json_is_true(json_object_get(side, "none")))
        return;
    script_take(history, revision,
                &(ScriptSource){.place = {.file = revision->source},
                                .text = text ? text : "",
                                .in_transaction = true},
                sql);
    if (json_is_true(json_object_get(side, "statement")))
        sql->statement_transactions = true;
    if (failure == NULL)
        return;
    history_note(history, revision, (Place){.file = revision->source},
                 "Write what it does as SQL, behind what is there, and remove the line `fill in`.",
                 "%s cannot be converted: %s", function, failure);
    g_free(sql->missing);
    sql->missing = g_strdup_printf("what %s does from here on: %s", function, failure);
}

void
foreign_take(History *history, const json_t *result, const char *const functions[2])
{
    const json_t *all = json_object_get(result, "revisions");

    for (guint i = 0; i < history->revisions->len; i++) {
        PeerRevision *revision = g_ptr_array_index(history->revisions, i);
        const json_t *sides = json_object_get(all, revision->name);

        if (sides == NULL) {
            history_note(history, revision, (Place){.file = revision->source},
                         "Write what it does as SQL, and remove the line `fill in`.",
                         "the tool itself does not know the revision");
            revision->expand.missing = g_strdup_printf("what %s does", functions[0]);
            continue;
        }
        take_side(history, revision, json_object_get(sides, "upgrade"), functions[0],
                  &revision->expand);
        take_side(history, revision, json_object_get(sides, "downgrade"), functions[1],
                  &revision->downgrade);
    }
}

void
foreign_mark_all(History *history, const char *hint, const char *what)
{
    history_note(history, NULL, (Place){0}, hint, "%s", what);
    for (guint i = 0; i < history->revisions->len; i++) {
        PeerRevision *revision = g_ptr_array_index(history->revisions, i);

        g_autofree char *file = g_path_get_basename(revision->source);

        revision->expand.missing = g_strdup_printf("what '%s' does", file);
        revision->downgrade.missing = g_strdup_printf("how '%s' is undone", file);
    }
}
