/*
 * backfill/verify.h - do the old and the new shape agree?
 */
#pragma once

#include "backfill/backfill.h"

typedef struct {
    gint64 checked, mismatches;
    char *example; /* "public.users: id = 17", or NULL */
} VerifyResult;
void verify_result_clear(VerifyResult *result);

/* Parity, range by range with bounded snapshots (or the author's verify query, whose rows are the
 * mismatches). True with mismatches > 0 is a result, not an error. */
bool backfill_verify(const BackfillContext *context, const Revision *revision,
                     VerifyResult *ret_result, GError **error);
