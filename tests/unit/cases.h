/*
 * cases.h - data-driven cases: a folder of inputs, each with the text that must come out.
 *
 * For tests/data/<folder>/<case><suffix> the function under test makes a text, and
 * <case>.out holds it. `SLUICE_UPDATE_CASES=1` writes the files anew, for the eye of whoever
 * commits them.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"

typedef char *(*CaseFunction)(const char *path, const char *text);

typedef struct {
    char *path;
    char *expected; /* path */
    CaseFunction function;
} Case;

static inline void
case_free(void *data)
{
    Case *one = data;

    g_free(one->path);
    g_free(one->expected);
    g_free(one);
}

static inline void
case_run(const void *data)
{
    const Case *one = data;
    g_autofree char *text = NULL, *expected = NULL, *actual = NULL;
    g_autofree char *name = g_path_get_basename(one->path);

    g_assert_true(g_file_get_contents(one->path, &text, NULL, NULL));
    actual = one->function(name, text);
    if (g_getenv("SLUICE_UPDATE_CASES") != NULL)
        g_assert_true(g_file_set_contents(one->expected, actual, -1, NULL));
    g_assert_true(g_file_get_contents(one->expected, &expected, NULL, NULL));
    g_assert_cmpstr(actual, ==, expected);
}

/* Adds a test for each file of tests/data/@folder that ends with @suffix; at least one. */
static inline void
cases_add(const char *folder, const char *suffix, CaseFunction function)
{
    g_autofree char *path =
        g_build_filename(g_getenv("SLUICE_SOURCE_DIR"), "tests", "data", folder, NULL);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;
    int count = 0;

    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *stem = g_strndup(name, strlen(name) - MIN(strlen(suffix), strlen(name)));
        g_autofree char *test = g_strdup_printf("/%s/%s", folder, stem);
        g_autofree char *out = g_strdup_printf("%s.out", stem);
        Case *one;

        if (!g_str_has_suffix(name, suffix))
            continue;
        one = g_new0(Case, 1);
        one->path = g_build_filename(path, name, NULL);
        one->expected = g_build_filename(path, out, NULL);
        one->function = function;
        g_test_add_data_func_full(test, one, case_run, case_free);
        count++;
    }
    g_assert_cmpint(count, >, 0);
}

/* "error sql: file:3:1: message" and its hint, as lines. */
static inline void
case_append_error(GString *out, const GError *error)
{
    g_string_append_printf(out, "error %s: %s\n", error_code_name(error), error->message);
    if (error_get_hint(error) != NULL)
        g_string_append_printf(out, "hint: %s\n", error_get_hint(error));
}
