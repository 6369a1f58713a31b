/*
 * rollout/plan.h - what a rollout will do, decided before anything runs.
 *
 * The plan is the list of steps, the two versions, and the revisions that it carries: the ancestors
 * of what the new version is built on that were not final when the rollout began. Its digest is
 * what approvals bind to, so everything that changes what happens is in it, and nothing else.
 */
#pragma once

#include "rollout/rollout.h"

struct RolloutPlan {
    const Settings *settings;
    const Graph *graph;
    const AppVersion *from; /* NULL: the first version */
    const AppVersion *to;
    const Revision *built_on; /* of @to: the newest revision it needs */
    GArray *specs;            /* StepSpec */
    GPtrArray *names;         /* char *: of each step, unique */
    GPtrArray *revisions;     /* Revision *, whole: what it carries, in order */
    char *digest;
};

/* @carried (char *; may be NULL: all) are the ids of the revisions to carry. Not validated. Errors:
 * rollout.to or app.name missing, unknown versions and revisions (ERROR_CONFIG). */
RolloutPlan *rollout_plan_new(const Settings *settings, const Graph *graph,
                              const GPtrArray *carried, GError **error);
/* Every unsafe order: ERROR_CHECK with its place (validate.c). */
bool rollout_plan_validate(const RolloutPlan *plan, GError **error);

const StepSpec *rollout_plan_spec(const RolloutPlan *plan, guint ordinal);
const char *rollout_plan_name(const RolloutPlan *plan, guint ordinal);
/* What the step does, for people: "5 % of the traffic to 2.0". Caller owns. */
char *rollout_plan_describe(const RolloutPlan *plan, guint ordinal);
/* {"name":"weight-5","kind":"weight","weight":5}. Caller owns. */
json_t *rollout_plan_step_json(const RolloutPlan *plan, guint ordinal);
/* "notes-api/2.0": the release's name in the journal. Caller owns. */
char *rollout_plan_release(const RolloutPlan *plan);
/* The same without a plan, so that the way back needs no revision files. Caller owns. */
char *rollout_plan_release_of(const Settings *settings);

/* A backfill whose rows no trigger keeps up with. */
bool rollout_plan_is_unsynced(const Revision *revision);
