/*
 * author/moved-sql.h - the statements by which what hangs on an old column comes to the new one.
 * Private to the room.
 */
#pragma once

#include "author/moved.h"

/* CREATE INDEX CONCURRENTLY @name. */
void moved_sql_index(GString *sql, const MovedObject *object, const char *name,
                     const char *definition);
/* Builds its like on the new column, under the name object->fresh, blocking nobody; nothing of what
 * comes late. */
void moved_sql_build(GString *sql, const MovedObject *object);
/* Drops the constraint on the old column; an index (kind i) stays. */
void moved_sql_release(GString *sql, const MovedObject *object);
/* Drops a foreign key to the new column, which would keep that from being dropped; however far its
 * build came. */
void moved_sql_forget(GString *sql, const MovedObject *object);
/* The key of that name, from index @index. */
void moved_sql_key(GString *sql, const MovedObject *object, const char *index);
/* "(a, b)" of the definition of a key's index. Borrowed. */
const char *moved_sql_columns(const char *definition);
/* What was built takes over object->name, which must be free; what comes late is made, not valid.
 * @definition has the names that the columns have by then. */
void moved_sql_take_over(GString *sql, const MovedObject *object, const char *definition);
/* What was made late is proven: reads the table, in a transaction of its own. Nothing of others. */
void moved_sql_prove(GString *sql, const MovedObject *object);

/* The identity of column @from goes on as that of @to. A sequence of its own would move with the
 * values; an identity's belongs to its column, so that @to gets another. */
void moved_sql_identity(GString *sql, const MovedColumn *column, const char *from, const char *to);
/* The default of @from becomes that of @to, as @value; its sequence belongs to @to then. */
void moved_sql_default(GString *sql, const MovedColumn *column, const char *from, const char *to,
                       const char *value);
