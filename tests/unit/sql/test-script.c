#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cases.h"
#include "sql/script.h"
#include "sql/tree.h"

static const Place origin = {"case.sql", 1, 1};

static void
append_list(GString *out, const char *what, GPtrArray *take_list)
{
    g_autoptr(GPtrArray) list = take_list;

    for (guint i = 0; i < list->len; i++)
        g_string_append_printf(out, "  %s %s\n", what, (char *) list->pdata[i]);
}

static void
append_locks(GString *out, const SqlStatement *statement)
{
    static const char *const reaches[] = {"partitions",    "children",    "parent",     "default",
                                          "referenced",    "referencing", "constraint", "column",
                                          "indexed table", "others",      "inherited"};
    static const char *const kinds[] = {"table", "index", "sequence", "view", "relation"};
    bool unknown;
    g_autoptr(GPtrArray) locks = sql_statement_locks(statement, &unknown);

    for (guint i = 0; i < locks->len; i++) {
        const SqlLock *lock = locks->pdata[i];
        g_string_append_printf(out, "  locks %s %s%s%s in %s", kinds[lock->kind],
                               lock->schema ? lock->schema : "", lock->schema ? "." : "",
                               lock->name, lock_mode_name(lock->mode));
        for (guint bit = 0; bit < G_N_ELEMENTS(reaches); bit++) {
            if (lock->reach & (1U << bit))
                g_string_append_printf(out, ", %s", reaches[bit]);
        }
        g_string_append_printf(out, "%s%s\n", lock->detail ? " " : "",
                               lock->detail ? lock->detail : "");
    }
    if (unknown)
        g_string_append(out, "  locks what nobody knows\n");
}

static void
append_statement(GString *out, const SqlStatement *statement)
{
    const Place place = sql_statement_place(statement);
    g_autofree char *destroys = sql_statement_destroys(statement);
    g_autofree char *schema = NULL, *index = NULL, *table = NULL;
    bool concurrently;

    g_string_append_printf(out, "%d:%d %s\n", place.line, place.column,
                           sql_statement_verb(statement));
    g_string_append_printf(out, "  text [%s]\n", sql_statement_text(statement));
    if (!sql_statement_is_transactional(statement))
        g_string_append(out, "  outside of a transaction\n");
    if (sql_statement_is_transaction_control(statement))
        g_string_append(out, "  transaction control\n");
    if (destroys != NULL)
        g_string_append_printf(out, "  destroys: %s\n", destroys);
    append_list(out, "adds", sql_statement_adds_columns(statement));
    append_list(out, "adds filled", sql_statement_adds_filled_columns(statement));
    append_list(out, "drops", sql_statement_drops(statement));
    if (sql_statement_creates_index(statement, &schema, &index, &table, &concurrently))
        g_string_append_printf(out, "  creates index %s.%s on %s%s\n", schema ? schema : "-", index,
                               table, concurrently ? " concurrently" : "");
    append_locks(out, statement);
}

static char *
describe(G_GNUC_UNUSED const char *path, const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(SqlScript) script = sql_parse(text, origin, &error);

    if (script == NULL)
        case_append_error(out, error);
    for (guint i = 0; script != NULL && i < sql_script_count(script); i++)
        append_statement(out, sql_script_get(script, i));
    return g_strdup(out->str);
}

static void
test_origin_is_added(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SqlScript) script =
        sql_parse("SELECT 1;\n  SELECT 2", (Place){"f.sql", 40, 7}, &error);
    Place place;

    g_assert_no_error(error);
    place = sql_statement_place(sql_script_get(script, 0));
    g_assert_cmpint(place.line, ==, 40);
    g_assert_cmpint(place.column, ==, 7);
    place = sql_statement_place(sql_script_get(script, 1));
    g_assert_cmpint(place.line, ==, 41);
    g_assert_cmpint(place.column, ==, 3);
    g_assert_cmpstr(place.file, ==, "f.sql");
}

static void
test_columns_count_characters(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(sql_parse("SELECT 'é€𝄞', , 2", origin, &error));
    g_assert_true(error_is(error, ERROR_SQL));
    g_assert_cmpint(error_get_place(error).column, ==, 15);
}

static void
test_not_utf8(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(sql_parse("SELECT 1;\nSELECT '\xff'", origin, &error));
    g_assert_true(error_is(error, ERROR_SQL));
    g_assert_cmpint(error_get_place(error).line, ==, 2);
}

/* Deep trees overflow an ordinary stack in the parser's own code. */
static void
test_deep_expressions(void)
{
    g_autoptr(GString) sum = g_string_new("SELECT 1");
    g_autoptr(GString) parentheses = g_string_new("SELECT ");
    g_autoptr(GError) error = NULL, second = NULL;
    g_autoptr(SqlScript) fits = NULL;

    for (int i = 0; i < 1000; i++)
        g_string_append(sum, "+1");
    fits = sql_parse(sum->str, origin, &error);
    g_assert_no_error(error);
    for (int i = 0; i < 29000; i++)
        g_string_append(sum, "+1");
    g_assert_null(sql_parse(sum->str, origin, &error));
    g_assert_true(error_is(error, ERROR_SQL));
    for (int i = 0; i < 20000; i++)
        g_string_append_c(parentheses, '(');
    g_assert_null(sql_parse(parentheses->str, origin, &second));
    g_assert_true(error_is(second, ERROR_SQL));
}

static gpointer
parse_many(gpointer sum)
{
    for (int i = 0; i < 300; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(SqlScript) script = sql_parse(sum, origin, &error);

        g_assert_no_error(error);
        g_assert_cmpuint(sql_script_count(script), ==, 1);
    }
    return NULL;
}

/* More threads for deep trees than a process has thread-specific keys would take all of them. */
static void
test_many_deep_expressions(void)
{
    g_autoptr(GString) sum = g_string_new("SELECT 1");
    GThread *threads[4];
    pthread_key_t key;

    for (int i = 0; i < 150; i++)
        g_string_append(sum, "+1");
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("parse", parse_many, sum->str);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    g_assert_cmpint(pthread_key_create(&key, NULL), ==, 0);
    pthread_key_delete(key);
}

/* A child of fork() has none of the threads that wait in its parent. */
static void
test_deep_in_a_child(void)
{
    g_autoptr(GString) sum = g_string_new("SELECT 1");
    int status = -1;
    pid_t child;

    for (int i = 0; i < 150; i++)
        g_string_append(sum, "+1");
    sql_script_free(sql_parse(sum->str, origin, NULL));
    child = fork();
    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        g_autoptr(SqlScript) script = NULL;

        alarm(30);
        script = sql_parse(sum->str, origin, NULL);
        _exit(script != NULL ? 0 : 1);
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(status, ==, 0);
}

static void
test_canonical(void)
{
    static const char *const same[][2] = {
        {"SELECT 1", "select_is_not_folded"},
        {"SELECT  a.b , 'x  y'", "SELECT a . b,'x  y' -- c"},
        {"SELECT a=1;", "SELECT /* why /* nested */ */ a = 1 ;\n"},
    };

    for (guint i = 1; i < G_N_ELEMENTS(same); i++) {
        g_autofree char *a = sql_canonical(same[i][0]), *b = sql_canonical(same[i][1]);
        g_assert_cmpstr(a, ==, b);
    }
    {
        g_autofree char *a = sql_canonical("SELECT 'a b'"), *b = sql_canonical("SELECT 'a  b'");
        g_autofree char *bad = sql_canonical("SELECT 'never ends");
        g_autofree char *none = sql_canonical("  -- nothing");
        g_assert_cmpstr(a, !=, b);
        g_assert_cmpstr(bad, ==, "SELECT 'never ends");
        g_assert_cmpstr(none, ==, "");
    }
}

/* What is kept of a parse folds as the text does. */
static void
test_canonical_of_parsed(void)
{
    static const char text[] = "/* a */ SELECT  1; -- b\nDROP TABLE t  ;\n";
    g_autoptr(SqlScript) script = sql_parse(text, (Place){0}, NULL);
    g_autoptr(SqlScript) again = sql_script_ref(script);
    g_autofree char *whole = sql_script_canonical(again), *expected = sql_canonical(text);
    g_autofree char *second = sql_statement_canonical(sql_script_get(script, 1));

    g_assert_cmpstr(whole, ==, expected);
    g_assert_cmpstr(second, ==, "DROP TABLE t");
}

static bool
is_name_anywhere(const char *word)
{
    g_autoptr(GArray) tokens = tree_scan(word);
    const SqlToken *token = &g_array_index(tokens, SqlToken, 0);

    g_assert_cmpuint(tokens->len, ==, 1);
    return token->keyword == PG_QUERY__KEYWORD_KIND__NO_KEYWORD ||
           token->keyword == PG_QUERY__KEYWORD_KIND__UNRESERVED_KEYWORD;
}

/* Each word that the grammar knows is quoted where it must be, and left alone where not. */
static void
test_quoted_keywords(void)
{
    const ProtobufCEnumDescriptor *tokens = &pg_query__token__descriptor;
    guint quoted = 0;

    for (unsigned i = 0; i < tokens->n_values; i++) {
        g_autofree char *word = g_ascii_strdown(tokens->values[i].name, -1);
        g_autofree char *name = NULL;

        if (g_str_has_suffix(word, "_p")) /* NULL_P */
            word[strlen(word) - 2] = '\0';
        name = tree_quote(word);
        g_assert_cmpint(name[0] != '"', ==, is_name_anywhere(word));
        quoted += name[0] == '"';
    }
    g_assert_cmpuint(quoted, >, 100);
}

static void
test_plain(void)
{
    static const char *const not_plain[] = {
        "BEGIN",
        "DROP TABLE t; commit",
        "COPY t FROM stdin",
        "START TRANSACTION",
        "PREPARE TRANSACTION 'a'",
        "CREATE INDEX CONCURRENTLY ON t (a)",
        "DROP TABEL t",
        "SELECT 'never ends",
        "ROLLBACK",
        "END",
        "ABORT",
        "SAVEPOINT a",
        "RELEASE a",
    };

    g_assert_true(sql_is_plain("DROP TABLE t; ALTER TABLE u DROP COLUMN \"begin\";"));
    g_assert_true(sql_is_plain("-- nothing\n"));
    for (guint i = 0; i < G_N_ELEMENTS(not_plain); i++)
        g_assert_false(sql_is_plain(not_plain[i]));
}

static void
test_names(void)
{
    static const struct {
        const char *text, *schema, *name;
    } names[] = {{"users", NULL, "users"},
                 {" Public.Users ", "public", "users"},
                 {"\"My \"\"Table\"", NULL, "My \"Table"},
                 {"s.\"T\"", "s", "T"},
                 {"", NULL, NULL},
                 {"a.b.c", NULL, NULL},
                 {"a b", NULL, NULL},
                 {"'a'", NULL, NULL},
                 {"1", NULL, NULL},
                 {"a;", NULL, NULL}};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *schema = NULL, *name = NULL;
        g_autoptr(GError) error = NULL;
        const bool ok = sql_name_parse(names[i].text, origin, &schema, &name, &error);

        g_assert_cmpint(ok, ==, names[i].name != NULL);
        g_assert_cmpstr(schema, ==, names[i].schema);
        g_assert_cmpstr(name, ==, names[i].name);
        g_assert_true(ok || error_is(error, ERROR_SQL));
    }
}

static void
test_redact(void)
{
    static const struct {
        const char *text, *redacted;
    } texts[] = {
        {"SELECT * FROM t1 WHERE a = 'secret' AND b=4711 -- password",
         "SELECT * FROM t1 WHERE a = ? AND b=?"},
        {"UPDATE  t\nSET a = E'it\\'s', b = $$x$$, c = 1.5e3, d = $1",
         "UPDATE t SET a = ?, b = ?, c = ?, d = $1"},
        {"/* key=1 */ SELECT \"My 1 Col\", B'01', X'ff'", "SELECT \"My 1 Col\", ?, ?"},
        {"SELECT 'cut off in the mid", "SELECT"},
        {"SELECT 'a', $tag$ cut off in the mid", "SELECT ?, $tag"},
        {"SELECT a /* cut off 'in' the", "SELECT a"},
        {"'", ""},
        {"", ""},
        {"autovacuum: VACUUM public.t (to prevent wraparound)",
         "autovacuum: VACUUM public.t (to prevent wraparound)"},
        {"SELECT '\xff\xfe'", "SELECT ?"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *redacted = sql_redact(texts[i].text);
        g_assert_cmpstr(redacted, ==, texts[i].redacted);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cases_add("sql/script", ".sql", describe);
    g_test_add_func("/sql/script/origin", test_origin_is_added);
    g_test_add_func("/sql/script/characters", test_columns_count_characters);
    g_test_add_func("/sql/script/utf8", test_not_utf8);
    g_test_add_func("/sql/script/deep", test_deep_expressions);
    g_test_add_func("/sql/script/many-deep", test_many_deep_expressions);
    g_test_add_func("/sql/script/deep-in-a-child", test_deep_in_a_child);
    g_test_add_func("/sql/canonical", test_canonical);
    g_test_add_func("/sql/canonical-of-parsed", test_canonical_of_parsed);
    g_test_add_func("/sql/quoted-keywords", test_quoted_keywords);
    g_test_add_func("/sql/plain", test_plain);
    g_test_add_func("/sql/names", test_names);
    g_test_add_func("/sql/redact", test_redact);
    return g_test_run();
}
