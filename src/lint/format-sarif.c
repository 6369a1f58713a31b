/* SARIF 2.1.0: what code scanning shows. */
#include "lint/format.h"
#include "lint/page.h"
#include "lint/rule.h"

static const char *
level_of(LintLevel level)
{
    return level == LINT_OFF ? "none" : lint_level_name(level);
}

static json_t *
rules_json(void)
{
    json_t *rules = json_array();

    for (const LintRule *const *rule = lint_rules(); *rule; rule++) {
        const char *page = lint_page((*rule)->id);
        json_t *row =
            json_pack("{s:s, s:{s:s}, s:{s:s, s:b}}", "id", (*rule)->id, "shortDescription", "text",
                      (*rule)->title, "defaultConfiguration", "level", level_of((*rule)->level),
                      "enabled", (*rule)->level != LINT_OFF);
        if (page != NULL)
            json_object_set_new(row, "help",
                                json_pack("{s:s, s:s}", "text", page, "markdown", page));
        json_array_append_new(rules, row);
    }
    return rules;
}

static json_t *
region_json(const LintResult *result, const LintFinding *finding)
{
    const LintFile *file = format_file(result, finding);
    json_t *region = json_pack("{s:i, s:i}", "startLine", finding->place.line, "startColumn",
                               finding->place.column);

    if (file != NULL && finding->end > finding->start) {
        const Place end = lint_file_place(file, finding->end);
        json_object_set_new(region, "endLine", json_integer(end.line));
        json_object_set_new(region, "endColumn", json_integer(end.column));
    }
    return region;
}

static json_t *
result_json(const LintResult *result, const LintFinding *finding)
{
    g_autofree char *message = format_message(finding);
    json_t *row =
        json_pack("{s:s, s:s, s:{s:s}, s:[{s:{s:{s:s}, s:o}}], s:{s:s?}, s:{s:s, s:s?}}", "ruleId",
                  finding->rule, "level", level_of(finding->level), "message", "text", message,
                  "locations", "physicalLocation", "artifactLocation", "uri", finding->place.file,
                  "region", region_json(result, finding), "partialFingerprints", "sluice/v1",
                  finding->fingerprint, "properties", "certainty",
                  finding->certain ? "certain" : "possible", "recipe", finding->recipe);

    if (finding->suppressed)
        json_object_set_new(row, "suppressions", json_pack("[{s:s}]", "kind", "inSource"));
    return row;
}

char *
format_sarif(const LintResult *result, bool colour G_GNUC_UNUSED)
{
    json_t *results = json_array();
    g_autoptr(json_t) document = NULL;
    g_autofree char *text = NULL;

    for (guint i = 0; i < result->findings->len; i++)
        json_array_append_new(results, result_json(result, result->findings->pdata[i]));
    document =
        json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:s, s:o}]}", "$schema",
                  "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0", "runs",
                  "tool", "driver", "name", "sluice", "version", SLUICE_VERSION, "rules",
                  rules_json(), "columnKind", "unicodeCodePoints", "results", results);
    text = json_dumps(document, JSON_INDENT(2));
    return g_strconcat(text, "\n", NULL);
}
