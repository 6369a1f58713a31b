/* Lints whatever libFuzzer thinks of: as a plain file of each runner, and as a revision. */
#include <stdint.h>

#include "lint/lint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Settings) settings = settings_load(NULL, NULL);
    g_autoptr(GPtrArray) paths = g_ptr_array_new();
    g_autofree char *text = NULL;
    LintOptions options = {.settings = settings, .jobs = 1};
    g_autoptr(LintResult) result = NULL;

    if (size == 0)
        return 0;
    /* The first byte picks the runner, so that all of them are met. */
    options.runner = data[0] % RUNNER_N;
    text = g_strndup((const char *) data + 1, size - 1);
    g_ptr_array_add(paths, (gpointer) (guintptr) "-");
    result = lint_files(&options, paths, false, text, NULL);
    for (guint i = 0; result != NULL && i < result->findings->len; i++) {
        const LintFinding *finding = result->findings->pdata[i];
        g_assert(finding->start <= finding->end && finding->end <= size);
    }
    return 0;
}
