/*
 * apply/concurrent.h - statements that no transaction can hold: CREATE INDEX CONCURRENTLY, DROP
 * INDEX CONCURRENTLY, VACUUM, ..
 *
 * Intent first, then the effect, then the truth from the catalog: an index is there and valid,
 * there and invalid (dropped and built again), or absent; which one is asked, never remembered.
 */
#pragma once

#include "apply/apply.h"
#include "apply/plan.h"

/* Brings about what @step says; its intent is recorded, and the caller records that it is done.
 * Without timeouts: these statements wait for transactions, and nobody waits for them. A build that
 * fails leaves no invalid index behind. */
bool concurrent_run(const ApplyContext *context, const char *what, const PlanStep *step,
                    GError **error);
