/*
 * lint/document.h - one file while it is edited: its findings, and what each statement locks.
 */
#pragma once

#include "lint/lint.h"

/* The schema that @path meets: what the revisions before it in @graph have made of the seed. With
 * @graph NULL, or where @path is none of its revisions: the seed. Caller owns. */
Model *lint_model_before(const LintOptions *options, const Graph *graph, const char *path,
                         GError **error);

typedef struct LintDocument LintDocument;

/* @path's @take_text on a copy of @before. ERROR_CONFIG: the settings of lint are wrong. Caller
 * owns. */
LintDocument *lint_document_new(const LintOptions *options, const Model *before, const char *path,
                                char *take_text, GError **error);
void lint_document_free(LintDocument *document);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LintDocument, lint_document_free)

const LintFile *lint_document_file(const LintDocument *document);
/* Element-type LintFinding *, by place; those that are allowed too. Borrowed. */
const GPtrArray *lint_document_findings(const LintDocument *document);

/* What the statement at byte @offset locks and does, as Markdown; NULL where no statement stands.
 * Caller owns. */
char *lint_document_explain(const LintDocument *document, gsize offset, gsize *ret_start,
                            gsize *ret_end);
