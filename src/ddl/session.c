/* The session and the server: settings, transactions, code that is run. */
#include "ddl/build.h"

void
build_set(DdlChange *change, DdlChanges *changes, const PgQuery__VariableSetStmt *set)
{
    g_autoptr(GString) value = g_string_new(NULL);

    change->text = build_text(set->name);
    change->local = set->is_local;
    change->names = build_array(changes);
    if (set->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_RESET_ALL)
        change->text = "all";
    if (set->kind != PG_QUERY__VARIABLE_SET_KIND__VAR_SET_VALUE)
        return;
    for (size_t i = 0; i < set->n_args; i++) {
        const char *word = build_value(changes, set->args[i]);

        if (word == NULL)
            continue;
        g_string_append_printf(value, "%s%s", value->len > 0 ? ", " : "", word);
        g_ptr_array_add(change->names, (char *) word);
    }
    change->value = build_take_string(changes, g_string_free(g_steal_pointer(&value), FALSE));
}

static void
add_transaction(DdlChanges *changes, const PgQuery__TransactionStmt *transaction)
{
    static const char *const words[] = {
        [PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_BEGIN] = "begin",
        [PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_START] = "begin",
        [PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT] = "commit",
        [PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK] = "rollback",
        [PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_SAVEPOINT] = "savepoint",
        [PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_RELEASE] = "release",
        [PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_TO] = "rollback to",
        [PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_PREPARE] = "prepare",
        [PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT_PREPARED] = "commit prepared",
        [PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_PREPARED] = "rollback prepared",
    };
    DdlChange *change = build_change(changes, CHANGE_TRANSACTION, OBJECT(TYPE_UNDEFINED));

    if ((guint) transaction->kind < G_N_ELEMENTS(words))
        change->text = words[transaction->kind];
    change->value = build_text(transaction->savepoint_name);
    if (change->value == NULL)
        change->value = build_text(transaction->gid);
}

static void
add_do(DdlChanges *changes, const PgQuery__DoStmt *statement)
{
    DdlChange *change = build_change(changes, CHANGE_DO, OBJECT(TYPE_UNDEFINED));

    change->value = "plpgsql";
    for (size_t i = 0; i < statement->n_args; i++) {
        const PgQuery__DefElem *option = statement->args[i]->def_elem;

        if (g_str_equal(option->defname, "as"))
            change->text = build_value(changes, option->arg);
        else if (g_str_equal(option->defname, "language"))
            change->value = build_value(changes, option->arg);
    }
}

static DdlChange *
add_server(DdlChanges *changes, PgQuery__ObjectType object, const char *name,
           const PgQuery__VariableSetStmt *set)
{
    DdlChange *change = build_change(changes, CHANGE_SERVER, object);

    change->relation.name = build_text(name);
    if (set != NULL)
        build_set(change, changes, set);
    return change;
}

static bool
build_server(DdlChanges *changes, const PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_ALTER_SYSTEM_STMT:
        add_server(changes, OBJECT(TYPE_UNDEFINED), NULL, node->alter_system_stmt->setstmt);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_ROLE_SET_STMT:
        add_server(changes, OBJECT(ROLE), build_role(node->alter_role_set_stmt->role),
                   node->alter_role_set_stmt->setstmt);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_DATABASE_SET_STMT:
        add_server(changes, OBJECT(DATABASE), node->alter_database_set_stmt->dbname,
                   node->alter_database_set_stmt->setstmt);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_DATABASE_STMT:
        add_server(changes, OBJECT(DATABASE), node->alter_database_stmt->dbname, NULL);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_DATABASE_REFRESH_COLL_STMT:
        add_server(changes, OBJECT(DATABASE), node->alter_database_refresh_coll_stmt->dbname, NULL);
        return true;
    case PG_QUERY__NODE__NODE_CREATEDB_STMT:
        add_server(changes, OBJECT(DATABASE), node->createdb_stmt->dbname, NULL);
        return true;
    case PG_QUERY__NODE__NODE_DROPDB_STMT:
        add_server(changes, OBJECT(DATABASE), node->dropdb_stmt->dbname, NULL)->removes = true;
        return true;
    case PG_QUERY__NODE__NODE_CREATE_TABLE_SPACE_STMT:
        add_server(changes, OBJECT(TABLESPACE), node->create_table_space_stmt->tablespacename,
                   NULL);
        return true;
    case PG_QUERY__NODE__NODE_DROP_TABLE_SPACE_STMT:
        add_server(changes, OBJECT(TABLESPACE), node->drop_table_space_stmt->tablespacename, NULL)
            ->removes = true;
        return true;
    case PG_QUERY__NODE__NODE_ALTER_TABLE_SPACE_OPTIONS_STMT:
        add_server(changes, OBJECT(TABLESPACE),
                   node->alter_table_space_options_stmt->tablespacename, NULL);
        return true;
    default:
        return false;
    }
}

static void
add_call(DdlChanges *changes, const PgQuery__CallStmt *call)
{
    build_change(changes, CHANGE_CALL, OBJECT(PROCEDURE))->relation =
        build_names(call->funccall->funcname, call->funccall->n_funcname);
}

static void
add_session(DdlChanges *changes, const char *name)
{
    build_change(changes, CHANGE_SESSION, OBJECT(TYPE_UNDEFINED))->text = build_text(name);
}

/* DISCARD ALL resets what is set. */
static void
add_discard(DdlChanges *changes, const PgQuery__DiscardStmt *discard)
{
    if (discard->target == PG_QUERY__DISCARD_MODE__DISCARD_ALL)
        build_change(changes, CHANGE_SET, OBJECT(TYPE_UNDEFINED))->text = "all";
    else
        add_session(changes, NULL);
}

static bool
build_passing(DdlChanges *changes, const PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_PREPARE_STMT:
        add_session(changes, node->prepare_stmt->name);
        return true;
    case PG_QUERY__NODE__NODE_EXECUTE_STMT:
        add_session(changes, node->execute_stmt->name);
        return true;
    case PG_QUERY__NODE__NODE_VARIABLE_SHOW_STMT:
        add_session(changes, node->variable_show_stmt->name);
        return true;
    case PG_QUERY__NODE__NODE_DEALLOCATE_STMT:
    case PG_QUERY__NODE__NODE_DECLARE_CURSOR_STMT:
    case PG_QUERY__NODE__NODE_CLOSE_PORTAL_STMT:
    case PG_QUERY__NODE__NODE_FETCH_STMT:
    case PG_QUERY__NODE__NODE_LISTEN_STMT:
    case PG_QUERY__NODE__NODE_UNLISTEN_STMT:
    case PG_QUERY__NODE__NODE_NOTIFY_STMT:
    case PG_QUERY__NODE__NODE_LOAD_STMT:
    case PG_QUERY__NODE__NODE_CHECK_POINT_STMT:
    case PG_QUERY__NODE__NODE_CONSTRAINTS_SET_STMT:
        add_session(changes, NULL);
        return true;
    case PG_QUERY__NODE__NODE_DISCARD_STMT:
        add_discard(changes, node->discard_stmt);
        return true;
    default:
        return false;
    }
}

bool
build_session(DdlChanges *changes, const PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT:
        build_set(build_change(changes, CHANGE_SET, OBJECT(TYPE_UNDEFINED)), changes,
                  node->variable_set_stmt);
        return true;
    case PG_QUERY__NODE__NODE_TRANSACTION_STMT:
        add_transaction(changes, node->transaction_stmt);
        return true;
    case PG_QUERY__NODE__NODE_DO_STMT:
        add_do(changes, node->do_stmt);
        return true;
    case PG_QUERY__NODE__NODE_CALL_STMT:
        add_call(changes, node->call_stmt);
        return true;
    default:
        return build_server(changes, node) || build_passing(changes, node);
    }
}
