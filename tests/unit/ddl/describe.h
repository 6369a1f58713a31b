/*
 * describe.h - a change as one line of text, for cases.
 */
#pragma once

#include "ddl/change.h"
#include "ddl/expression.h"

static inline void
describe_name(GString *out, const char *label, DdlName name)
{
    g_autofree char *text = NULL;

    if (name.name == NULL)
        return;
    text = ddl_name_label(name);
    g_string_append_printf(out, " %s%s", label, text);
}

static inline void
describe_word(GString *out, const char *label, const char *word)
{
    if (word != NULL)
        g_string_append_printf(out, " %s=%s", label, word[0] != '\0' ? word : "''");
}

static inline void
describe_list(GString *out, const char *label, const GPtrArray *list)
{
    if (list == NULL || list->len == 0)
        return;
    g_string_append_printf(out, " %s(", label);
    for (guint i = 0; i < list->len; i++)
        g_string_append_printf(out, "%s%s", i > 0 ? "," : "",
                               list->pdata[i] != NULL ? (const char *) list->pdata[i] : "-");
    g_string_append_c(out, ')');
}

static inline void
describe_expression(GString *out, const char *label, const PgQuery__Node *expression)
{
    g_autofree char *text = expression != NULL ? ddl_expression_text(expression) : NULL;

    if (text != NULL)
        g_string_append_printf(out, " %s={%s}", label, text);
}

static inline void
describe_flag(GString *out, const char *name, bool is_set)
{
    if (is_set)
        g_string_append_printf(out, " %s", name);
}

static inline void
describe_column(GString *out, const DdlColumn *column)
{
    g_autofree char *type = column->type.name.name != NULL ? ddl_type_label(&column->type) : NULL;

    g_string_append_printf(out, " [%s %s", column->name != NULL ? column->name : "",
                           type != NULL ? type : "-");
    describe_flag(out, "serial", column->type.is_serial);
    describe_word(out, "collate", column->collation);
    describe_expression(out, "default", column->default_expression);
    describe_expression(out, "generated", column->generated);
    if (column->identity != 0)
        g_string_append_printf(out, " identity=%c", column->identity);
    describe_flag(out, "not null", column->not_null);
    g_string_append_c(out, ']');
}

static inline void
describe_constraint(GString *out, const DdlConstraint *constraint)
{
    static const char *const kinds[] = {"check", "unique", "primary key", "foreign key", "exclude"};

    g_string_append_printf(out, " <%s", kinds[constraint->kind]);
    describe_list(out, "columns", constraint->columns);
    if (constraint->kind == CONSTRAINT_FOREIGN_KEY) {
        describe_name(out, "-> ", constraint->referenced);
        describe_list(out, "", constraint->referenced_columns);
        g_string_append_printf(out, " %c%c", constraint->on_delete, constraint->on_update);
    }
    describe_word(out, "using", constraint->using_index);
    describe_expression(out, "expression", constraint->expression);
    describe_flag(out, "not valid", constraint->not_valid);
    describe_flag(out, "deferrable", constraint->deferrable);
    describe_flag(out, "no inherit", constraint->no_inherit);
    describe_flag(out, "nulls not distinct", constraint->nulls_not_distinct);
    g_string_append_c(out, '>');
}

static inline void
describe_index(GString *out, const DdlIndex *index)
{
    g_string_append_printf(out, " <%s", index->method);
    describe_list(out, "columns", index->columns);
    for (guint i = 0; i < index->expressions->len; i++)
        describe_expression(out, "expression", index->expressions->pdata[i]);
    describe_list(out, "include", index->included);
    describe_expression(out, "where", index->where);
    describe_flag(out, "unique", index->unique);
    describe_flag(out, "nulls not distinct", index->nulls_not_distinct);
    describe_flag(out, "collation", index->custom_collation);
    g_string_append_c(out, '>');
}

static inline void
describe_trigger(GString *out, const DdlTrigger *trigger)
{
    g_string_append(out, " <");
    g_string_append(out, trigger->before ? "before" : trigger->instead ? "instead" : "after");
    describe_flag(out, "insert", trigger->on_insert);
    describe_flag(out, "update", trigger->on_update);
    describe_flag(out, "delete", trigger->on_delete);
    describe_flag(out, "truncate", trigger->on_truncate);
    describe_flag(out, "row", trigger->row);
    describe_flag(out, "constraint", trigger->is_constraint);
    describe_list(out, "of", trigger->columns);
    describe_name(out, "", trigger->function);
    g_string_append_c(out, '>');
}

static inline void
describe_function(GString *out, const DdlFunction *function)
{
    static const char *const words[] = {"immutable", "stable", "volatile"};

    g_string_append_printf(out, " <%s %s/%d", function->language, words[function->volatility],
                           function->n_arguments);
    describe_word(out, "body", function->body);
    describe_flag(out, "definer", function->security_definer);
    describe_flag(out, "search_path", function->sets_search_path);
    describe_flag(out, "trigger", function->returns_trigger);
    g_string_append_c(out, '>');
}

static inline void
describe_flags(GString *out, const DdlChange *change)
{
    describe_flag(out, "if-exists", change->if_exists);
    describe_flag(out, "if-not-exists", change->if_not_exists);
    describe_flag(out, "or-replace", change->or_replace);
    describe_flag(out, "cascade", change->cascade);
    describe_flag(out, "concurrently", change->concurrently);
    describe_flag(out, "only", change->only);
    describe_flag(out, "temporary", change->temporary);
    describe_flag(out, "unlogged", change->unlogged);
    describe_flag(out, "in-definition", change->in_definition);
    describe_flag(out, "removes", change->removes);
    describe_flag(out, "local", change->local);
    describe_flag(out, "nowait", change->nowait);
    describe_flag(out, "full", change->full);
    describe_flag(out, "finalize", change->finalize);
    describe_flag(out, "no-data", change->no_data);
    describe_flag(out, "restart", change->restart_identity);
    describe_flag(out, "forced", change->forced);
    describe_flag(out, "partitioned", change->partitioned);
    describe_flag(out, "default-partition", change->is_default);
}

static inline void
describe_change(GString *out, const DdlChange *change)
{
    g_string_append_printf(out, "  @%d %s", change->location, ddl_change_verb(change));
    describe_name(out, "", change->relation);
    describe_word(out, "column", change->column);
    describe_word(out, "constraint", change->constraint_name);
    describe_name(out, "other=", change->other);
    describe_word(out, "new", change->new_name);
    describe_word(out, "text", change->text);
    describe_word(out, "value", change->value);
    describe_list(out, "names", change->names);
    if (change->mode != 0)
        g_string_append_printf(out, " mode=%s", lock_mode_name(change->mode));
    describe_expression(out, "expression", change->expression);
    describe_expression(out, "where", change->where);
    describe_flag(out, "query", change->query != NULL);
    describe_flag(out, "bound", change->bound != NULL);
    for (guint i = 0; change->columns != NULL && i < change->columns->len; i++)
        describe_column(out, change->columns->pdata[i]);
    if (change->definition != NULL)
        describe_column(out, change->definition);
    if (change->constraint != NULL)
        describe_constraint(out, change->constraint);
    if (change->index != NULL)
        describe_index(out, change->index);
    if (change->trigger != NULL)
        describe_trigger(out, change->trigger);
    if (change->function != NULL)
        describe_function(out, change->function);
    describe_flags(out, change);
    g_string_append_c(out, '\n');
}
