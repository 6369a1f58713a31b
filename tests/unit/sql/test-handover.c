/* The tree comes as it is, and is the one that the bytes would have made. */
#include "sql/handover.h"
#include "sql/tree.h"

static const char *const texts[] = {
    "",
    "SELECT",
    "SELECT a, 'é', 1.5, -7, NULL, true, x'1f', b[1:], count(*) FILTER (WHERE a > 0) FROM s.t AS "
    "u (c) LEFT JOIN v USING (d) WHERE e IN (SELECT 1 UNION ALL VALUES (2), (3)) ORDER BY 1",
    "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n numeric(10,2)[] DEFAULT "
    "'{}', CHECK (n IS NOT NULL)) PARTITION BY RANGE (id); DROP TABLE a, b.c CASCADE",
    "CREATE FUNCTION f(VARIADIC a int[] DEFAULT '{1}') RETURNS TABLE (b int) LANGUAGE sql AS 'x'",
    "INSERT INTO t VALUES (DEFAULT) ON CONFLICT (id) DO UPDATE SET n = excluded.n RETURNING *",
    "GRANT SELECT (a) ON t TO PUBLIC; SET x TO 'a', 3; COMMIT; ALTER SYSTEM SET y = on",
};

static GBytes *
pack(const PgQuery__ParseResult *tree)
{
    const size_t size = protobuf_c_message_get_packed_size(&tree->base);
    guint8 *bytes = g_malloc(size + 1);

    protobuf_c_message_pack(&tree->base, bytes);
    return g_bytes_new_take(bytes, size);
}

static PgQuery__ParseResult *
take_bytes(GBytes *bytes, SqlBlock **ret_blocks)
{
    const PgQueryProtobuf parsed = {.len = g_bytes_get_size(bytes),
                                    .data = (char *) g_bytes_get_data(bytes, NULL)};

    return handover_take(&parsed, ret_blocks);
}

static void
test_same(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        PgQueryProtobufParseResult parsed = pg_query_parse_protobuf(texts[i]);
        SqlBlock *taken_blocks = NULL, *read_blocks = NULL;
        const PgQuery__ParseResult *taken = handover_take(&parsed.parse_tree, &taken_blocks), *read;
        g_autoptr(GBytes) bytes = pack(taken), again = NULL;

        g_assert_null(parsed.error);
        pg_query_free_protobuf_parse_result(parsed);
        read = take_bytes(bytes, &read_blocks);
        again = pack(read);
        g_assert_true(tree_equal(&taken->base, &read->base));
        g_assert_true(g_bytes_equal(bytes, again));
        blocks_free(taken_blocks);
        blocks_free(read_blocks);
    }
}

/* Else all is right, but slow. */
static void
test_no_bytes(void)
{
    PgQueryProtobufParseResult few = pg_query_parse_protobuf(texts[1]);
    PgQueryProtobufParseResult many = pg_query_parse_protobuf(texts[2]);
    SqlBlock *few_blocks = NULL, *many_blocks = NULL;

    g_assert_cmpuint(few.parse_tree.len, ==, many.parse_tree.len);
    handover_take(&few.parse_tree, &few_blocks);
    handover_take(&many.parse_tree, &many_blocks);
    pg_query_free_protobuf_parse_result(few);
    pg_query_free_protobuf_parse_result(many);
    blocks_free(few_blocks);
    blocks_free(many_blocks);
}

static void
test_error(void)
{
    PgQueryProtobufParseResult parsed = pg_query_parse_protobuf("SELECT 1; SELECT FROM FROM");
    SqlBlock *blocks = NULL;

    g_assert_nonnull(parsed.error);
    g_assert_cmpuint(handover_take(&parsed.parse_tree, &blocks)->n_stmts, ==, 0);
    pg_query_free_protobuf_parse_result(parsed);
    blocks_free(blocks);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/handover/same", test_same);
    g_test_add_func("/handover/no-bytes", test_no_bytes);
    g_test_add_func("/handover/error", test_error);
    return g_test_run();
}
