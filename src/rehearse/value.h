/*
 * rehearse/value.h - a made-up value for a column, as an expression of SQL over the row's number g.
 *
 * The same row always gets the same value. Rows with the same "key number" have the same value: how
 * many of these there are is what the statistics say, else as many as rows.
 */
#pragma once

#include "pg/conn.h"

/* What sql/rehearse-columns.sql tells of it, in row @row of @facts. */
typedef struct {
    const PgRows *facts;
    int row;
    gint64 rows; /* that the table gets */
} ValueColumn;

const char *value_column_name(const ValueColumn *column);
/* A value of its own kind. Caller owns. */
char *value_of_column(const ValueColumn *column);
/* For a column that names a row of another table: which one, from 1 to @others. Caller owns. */
char *value_of_reference(const ValueColumn *column, gint64 others);
/* @value, but NULL as often as the column is. Caller owns. */
char *value_or_null(const ValueColumn *column, const char *value);
