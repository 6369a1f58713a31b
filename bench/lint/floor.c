/*
 * What no linter on libpg_query can do without: each file is read, parsed, and its tree unpacked.
 */
#include <pg_query.h>
#include <pg_query/pg_query.pb-c.h>
#include <stdio.h>
#include <stdlib.h>

static char *
read_all(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    long size;

    if (file == NULL)
        return NULL;
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    rewind(file);
    text = malloc((size_t) size + 1);
    text[fread(text, 1, (size_t) size, file)] = '\0';
    fclose(file);
    return text;
}

int
main(int argc, char **argv)
{
    size_t statements = 0;

    for (int i = 1; i < argc; i++) {
        char *text = read_all(argv[i]);
        PgQueryProtobufParseResult parsed;
        PgQuery__ParseResult *tree;

        if (text == NULL)
            return 2;
        parsed = pg_query_parse_protobuf(text);
        tree = pg_query__parse_result__unpack(NULL, parsed.parse_tree.len,
                                              (const uint8_t *) parsed.parse_tree.data);
        statements += tree != NULL ? tree->n_stmts : 0;
        pg_query__parse_result__free_unpacked(tree, NULL);
        pg_query_free_protobuf_parse_result(parsed);
        free(text);
    }
    printf("%zu statements\n", statements);
    return 0;
}
