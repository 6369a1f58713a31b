/* What a statement does, by what it is made of. */
#include "ddl/change.h"

#include "ddl/build.h"

void
build_statement(DdlChanges *changes, const PgQuery__Node *node)
{
    if (!build_table(changes, node) && !build_alter_table(changes, node) &&
        !build_index(changes, node) && !build_any_object(changes, node) &&
        !build_routine(changes, node) && !build_type_like(changes, node) &&
        !build_rows(changes, node) && !build_session(changes, node) && !build_other(changes, node))
        build_change(changes, CHANGE_UNKNOWN, OBJECT(TYPE_UNDEFINED));
}
