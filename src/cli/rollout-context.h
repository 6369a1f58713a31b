/*
 * cli/rollout-context.h - what the commands of the group Rollout have in common.
 */
#pragma once

#include "cli/command.h"
#include "rollout/rollout.h"

typedef struct {
    Graph *graph;
    RolloutContext context;
} RolloutApp;

/* @database false: the context has no URL, unless one is configured. */
bool rollout_app_init(RolloutApp *rollout, const App *app, bool database, GError **error);
/* Cuts over or contracts as rollout_pass does, and prints what has passed. */
bool rollout_app_pass(const App *app, const RolloutApp *rollout, GateKind kind, const char *target,
                      bool dry_run, GError **error);
void rollout_app_clear(RolloutApp *rollout);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RolloutApp, rollout_app_clear)

/* A table row of cells, each of which is taken over. */
GStrv rollout_row_array(char *const *take_cells, gsize n);
#define rollout_row(...)                                                                           \
    rollout_row_array((char *[]){__VA_ARGS__}, G_N_ELEMENTS(((char *[]){__VA_ARGS__})))

/* `approve`, which is `rollout approve` too (cmd-approve.c). */
typedef struct {
    const char *by, *comment;
} ApproveOptions;
extern const ArgSpec rollout_approve_args[];
bool rollout_run_approve(App *app, void *data, const char *const *words, GError **error);
