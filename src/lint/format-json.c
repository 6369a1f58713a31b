#include "lint/format.h"

static void
write_relations(JsonWriter *writer, const GPtrArray *relations)
{
    json_writer_begin(writer, "relations", '[');
    for (guint i = 0; i < relations->len; i++) {
        const LintRelation *relation = relations->pdata[i];

        json_writer_begin(writer, NULL, '{');
        json_writer_text(writer, "name", relation->name);
        json_writer_text(writer, "lock", relation->mode ? lock_mode_name(relation->mode) : NULL);
        json_writer_end(writer, '}');
    }
    json_writer_end(writer, ']');
}

/* What an editor or a bot replaces: bytes of the file, in order. */
static void
write_edits(JsonWriter *writer, const GPtrArray *edits)
{
    json_writer_begin(writer, "fix", '[');
    for (guint i = 0; i < edits->len; i++) {
        const LintEdit *edit = edits->pdata[i];

        json_writer_begin(writer, NULL, '{');
        json_writer_int(writer, "start", (gint64) edit->start);
        json_writer_int(writer, "end", (gint64) edit->end);
        json_writer_text(writer, "text", edit->text);
        json_writer_end(writer, '}');
    }
    json_writer_end(writer, ']');
}

static void
write_finding(JsonWriter *writer, const LintFinding *finding)
{
    json_writer_begin(writer, NULL, '{');
    json_writer_text(writer, "rule", finding->rule);
    json_writer_text(writer, "level", lint_level_name(finding->level));
    json_writer_text(writer, "certainty", finding->certain ? "certain" : "possible");
    json_writer_text(writer, "file", finding->place.file);
    json_writer_int(writer, "line", finding->place.line);
    json_writer_int(writer, "column", finding->place.column);
    write_relations(writer, finding->relations);
    json_writer_text(writer, "blocks", finding->blocks);
    json_writer_text(writer, "message", finding->message);
    json_writer_text(writer, "recipe", finding->recipe);
    json_writer_text(writer, "breaks", finding->breaks);
    json_writer_text(writer, "settled_by", finding->settled_by);
    write_edits(writer, finding->fix);
    json_writer_text(writer, "fingerprint", finding->fingerprint);
    json_writer_end(writer, '}');
}

void
format_json(const LintResult *result, JsonWriter *writer)
{
    json_writer_begin(writer, "findings", '[');
    for (guint i = 0; i < result->findings->len; i++) {
        const LintFinding *finding = result->findings->pdata[i];

        if (!finding->suppressed)
            write_finding(writer, finding);
    }
    json_writer_end(writer, ']');
    json_writer_int(writer, "files", result->files->len);
    json_writer_int(writer, "statements", result->statements);
}
