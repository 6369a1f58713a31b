/*
 * lsp/answer.h - what the server tells of a document, as the protocol's JSON.
 */
#pragma once

#include "base/json.h"
#include "lint/document.h"

/* A list of Diagnostic. Caller owns. */
json_t *answer_diagnostics(const LintDocument *document);
/* A Hover, or null. Caller owns. */
json_t *answer_hover(const LintDocument *document, const json_t *position);
/* A list of CodeAction for the findings that @range touches: the mechanical fix where there is one,
 * and a comment that allows it. Caller owns. */
json_t *answer_actions(const LintDocument *document, const char *uri, const json_t *range);
