#include "lint/format.h"

static json_t *
relations_json(const LintFinding *finding)
{
    json_t *relations = json_array();

    for (guint i = 0; i < finding->relations->len; i++) {
        const LintRelation *relation = finding->relations->pdata[i];
        json_array_append_new(relations,
                              json_pack("{s:s, s:s?}", "name", relation->name, "lock",
                                        relation->mode ? lock_mode_name(relation->mode) : NULL));
    }
    return relations;
}

/* What an editor or a bot replaces: bytes of the file, in order. */
static json_t *
edits_json(const LintFinding *finding)
{
    json_t *edits = json_array();

    for (guint i = 0; i < finding->fix->len; i++) {
        const LintEdit *edit = finding->fix->pdata[i];
        json_array_append_new(edits, json_pack("{s:I, s:I, s:s}", "start", (json_int_t) edit->start,
                                               "end", (json_int_t) edit->end, "text", edit->text));
    }
    return edits;
}

static json_t *
finding_json(const LintFinding *finding)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:o, s:s?, s:s, s:s?, s:s?, s:s?, s:o, s:s?}",
                     "rule", finding->rule, "level", lint_level_name(finding->level), "certainty",
                     finding->certain ? "certain" : "possible", "file", finding->place.file, "line",
                     finding->place.line, "column", finding->place.column, "relations",
                     relations_json(finding), "blocks", finding->blocks, "message",
                     finding->message, "recipe", finding->recipe, "breaks", finding->breaks,
                     "settled_by", finding->settled_by, "fix", edits_json(finding), "fingerprint",
                     finding->fingerprint);
}

json_t *
format_json(const LintResult *result)
{
    json_t *findings = json_array();

    for (guint i = 0; i < result->findings->len; i++) {
        const LintFinding *finding = result->findings->pdata[i];
        if (!finding->suppressed)
            json_array_append_new(findings, finding_json(finding));
    }
    return json_pack("{s:o, s:i, s:i}", "findings", findings, "files", (int) result->files->len,
                     "statements", (int) result->statements);
}
