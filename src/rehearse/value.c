#include "rehearse/value.h"

#include <string.h>

/* As sql/rehearse-columns.sql gives them. */
enum {
    NAME,
    TYPE,
    BASE,
    CATEGORY,
    TYPMOD,
    IS_UNIQUE,
    NOT_NULL,
    LABELS,
    ALLOWED,
    LOW,
    HIGH,
    BOUNDS,
    IS_RANGE,
    NULLS,
    DISTINCT,
    WIDTH,
    VALUES,
    SHARES
};

/* What is drawn anew for each row. */
typedef enum { DRAW_NULL, DRAW_COMMON, DRAW_KEY } Draw;

static const char *
fact(const ValueColumn *column, int which)
{
    return pg_text(column->facts, column->row, which);
}

static bool
is_known(const ValueColumn *column, int which)
{
    return !pg_is_null(column->facts, column->row, which);
}

const char *
value_column_name(const ValueColumn *column)
{
    return fact(column, NAME);
}

/* A number in [0, 1) that row g alone decides, another for each column and @draw. */
static char *
draw(const ValueColumn *column, Draw what)
{
    return g_strdup_printf("((hashint8extended(g, %d) & 2147483647) / 2147483648.0)",
                           column->row * 3 + (int) what);
}

/* How many values there are besides NULL; the server says a share of the rows by a negative. */
static gint64
count_distinct(const ValueColumn *column)
{
    const double distinct = pg_double(column->facts, column->row, DISTINCT);
    const double count = distinct < 0 ? -distinct * (double) column->rows : distinct;

    return MAX(1, (gint64) count);
}

/* Which of @most values the row has, from 1. */
static char *
key_number(const ValueColumn *column, gint64 most)
{
    const bool is_known_number = is_known(column, DISTINCT);
    const gint64 distinct = is_known_number ? count_distinct(column) : column->rows;
    g_autofree char *random = draw(column, DRAW_KEY);

    if (pg_bool(column->facts, column->row, IS_UNIQUE))
        return g_strdup("g");
    if (!is_known_number || distinct >= column->rows)
        return most < column->rows ? g_strdup_printf("((g - 1) %% %" G_GINT64_FORMAT " + 1)", most)
                                   : g_strdup("g");
    return g_strdup_printf("(1 + floor(%s * %" G_GINT64_FORMAT "))::bigint", random,
                           MIN(most, distinct));
}

/* Which of the common values the row has, from 1; above their number: none. */
static char *
common_number(const ValueColumn *column)
{
    g_autofree char *random = draw(column, DRAW_COMMON);
    g_autofree char *shares = pg_quote_literal(fact(column, SHARES));

    return g_strdup_printf("width_bucket(%s::float8, (SELECT array_agg(before ORDER BY i) FROM"
                           " (SELECT i, sum(s) OVER (ORDER BY i) - s AS before FROM"
                           " unnest(%s::float8[] || 0) WITH ORDINALITY x(s, i)) y))",
                           random, shares);
}

static char *
one_of(const char *array, const char *key)
{
    return g_strdup_printf("(%s)[1 + (%s - 1) %% cardinality(%s)]", array, key, array);
}

/* Digits that tell it from others at the end, so that a short type keeps them. */
static char *
text_value(const ValueColumn *column, const char *key)
{
    const gint64 typmod = pg_integer(column->facts, column->row, TYPMOD);
    const gint64 width =
        is_known(column, WIDTH) ? pg_integer(column->facts, column->row, WIDTH) : 0;
    g_autofree char *padded = g_strdup_printf("lpad((%s)::text, greatest(%" G_GINT64_FORMAT
                                              ", length((%s)::text)), md5((%s)::text))",
                                              key, MAX(width - 1, 1), key, key);

    if (typmod <= 4 || strcmp(fact(column, BASE), "text") == 0)
        return g_steal_pointer(&padded);
    return g_strdup_printf("right(%s, %" G_GINT64_FORMAT ")", padded, typmod - 4);
}

/* The largest that numeric(p, s) holds; 0: no limit. */
static gint64
largest(const ValueColumn *column)
{
    const gint64 typmod = pg_integer(column->facts, column->row, TYPMOD) - 4;
    const gint64 digits = typmod < 0 ? 0 : ((typmod >> 16) & 0xffff) - (typmod & 0x7ff);
    gint64 most = 1;

    if (strcmp(fact(column, BASE), "int2") == 0)
        return G_MAXINT16;
    if (strcmp(fact(column, BASE), "int4") == 0)
        return G_MAXINT32;
    if (strcmp(fact(column, BASE), "numeric") != 0 || typmod < 0 || digits > 17)
        return 0;
    for (gint64 i = 0; i < digits; i++)
        most *= 10;
    return MAX(most - 1, 1);
}

static char *
number_value(const ValueColumn *column, const char *key)
{
    const bool has_low = is_known(column, LOW), has_high = is_known(column, HIGH);
    const gint64 most = has_high ? pg_integer(column->facts, column->row, HIGH) : largest(column);
    const gint64 low = has_low ? pg_integer(column->facts, column->row, LOW) : MIN(1, most);
    const gint64 range = most - low + 1;

    if (!has_high && most == 0)
        return g_strdup_printf("(%s + %" G_GINT64_FORMAT ")", key, low - 1);
    return g_strdup_printf("(%" G_GINT64_FORMAT " + (%s - 1) %% %" G_GINT64_FORMAT ")", low, key,
                           MAX(range, 1));
}

/* In each part as many, one behind the other. */
static char *
value_in_part(const ValueColumn *column, const char *key)
{
    const char category = fact(column, CATEGORY)[0];
    g_autofree char *bounds = pg_quote_literal(fact(column, BOUNDS));
    g_autofree char *array = g_strdup_printf("%s::text[]", bounds);
    g_autofree char *bound = one_of(array, key);

    if (!pg_bool(column->facts, column->row, IS_RANGE) || (category != 'N' && category != 'D'))
        return g_steal_pointer(&bound);
    if (category == 'N')
        return g_strdup_printf("(%s)::numeric + (%s - 1) / cardinality(%s)", bound, key, array);
    return g_strdup_printf("(%s)::timestamptz + (%s - 1) / cardinality(%s) * interval '1 minute'",
                           bound, key, array);
}

/* Without an idea: NULL. */
static char *
value_by_type(const ValueColumn *column, const char *key)
{
    static const struct {
        const char *base, *format;
    } kinds[] = {
        {"uuid", "lpad(to_hex(%s), 32, '0')"},
        {"json", "json_build_object('n', %s)"},
        {"jsonb", "jsonb_build_object('n', %s)"},
        {"bytea", "decode(md5((%s)::text), 'hex')"},
        {"inet", "'10.0.0.0'::inet + (%s)"},
        {"bool", "(%s) % 2 = 0"},
        {"interval", "(%s) * interval '1 minute'"},
        {"time", "'00:00'::time + (%s) * interval '1 minute'"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_auto(GStrv) around = NULL;
        g_autofree char *format = NULL;
        if (strcmp(kinds[i].base, fact(column, BASE)) != 0)
            continue;
        around = g_strsplit(kinds[i].format, "%s", 2);
        format = g_strjoinv(key, around);
        return g_strdup(format);
    }
    switch (fact(column, CATEGORY)[0]) {
    case 'N':
        return number_value(column, key);
    case 'D':
        return g_strdup_printf("now() - (%s) * interval '1 minute'", key);
    case 'S':
        return text_value(column, key);
    case 'A':
        return g_strdup("'{}'");
    case 'R':
        return g_strdup("'empty'");
    default:
        return g_strdup("NULL");
    }
}

/* @key: its number. */
static char *
value_of_key(const ValueColumn *column, const char *key)
{
    if (is_known(column, BOUNDS))
        return value_in_part(column, key);
    if (is_known(column, ALLOWED))
        return one_of(fact(column, ALLOWED), key);
    if (is_known(column, LABELS)) {
        g_autofree char *labels = pg_quote_literal(fact(column, LABELS));
        g_autofree char *array = g_strdup_printf("%s::text[]", labels);
        return one_of(array, key);
    }
    return value_by_type(column, key);
}

char *
value_of_column(const ValueColumn *column)
{
    g_autofree char *key = key_number(column, column->rows);
    g_autofree char *value = value_of_key(column, key);
    g_autofree char *number = NULL, *values = NULL;

    if (!is_known(column, VALUES) || !is_known(column, SHARES) ||
        pg_bool(column->facts, column->row, IS_UNIQUE))
        return g_strdup_printf("(%s)::%s", value, fact(column, TYPE));
    number = common_number(column);
    values = pg_quote_literal(fact(column, VALUES));
    return g_strdup_printf("coalesce((%s::text[])[%s]::%s, (%s)::%s)", values, number,
                           fact(column, TYPE), value, fact(column, TYPE));
}

char *
value_of_reference(const ValueColumn *column, gint64 others)
{
    g_autofree char *key = key_number(column, others);
    g_autofree char *number = NULL, *shares = NULL;

    if (!is_known(column, SHARES) || pg_bool(column->facts, column->row, IS_UNIQUE))
        return g_steal_pointer(&key);
    number = common_number(column);
    shares = pg_quote_literal(fact(column, SHARES));
    return g_strdup_printf("(CASE WHEN %s <= least(cardinality(%s::float8[]), %" G_GINT64_FORMAT
                           ") THEN %s ELSE %s END)",
                           number, shares, others, number, key);
}

char *
value_or_null(const ValueColumn *column, const char *value)
{
    const double nulls = pg_double(column->facts, column->row, NULLS);
    g_autofree char *random = draw(column, DRAW_NULL);
    char share[G_ASCII_DTOSTR_BUF_SIZE];

    if (nulls <= 0 || pg_bool(column->facts, column->row, NOT_NULL))
        return g_strdup(value);
    return g_strdup_printf("CASE WHEN %s >= %s THEN %s END", random,
                           g_ascii_dtostr(share, sizeof share, nulls), value);
}
