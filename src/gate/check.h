/*
 * gate/check.h - for the checks of this room: what one is, and how it tells its verdict.
 */
#pragma once

#include "gate/gate.h"

typedef struct {
    const char *name;
    /* Sets *@check by one of the three below. False: it could not be measured. */
    bool (*measure)(const GateContext *context, const Revision *revision, GateCheck *check,
                    GError **error);
    bool continuous; /* measured at every look, for it proves a period and not an instant */
} CheckRow;

bool check_pass(GateCheck *check, json_t *take_data, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* @wait_ms: as in GateCheck. */
bool check_wait(GateCheck *check, gint64 wait_ms, json_t *take_data, const char *next_step,
                const char *format, ...) G_GNUC_PRINTF(5, 6);
bool check_fail(GateCheck *check, json_t *take_data, const char *next_step, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* check-data.c */
bool check_backfill_done(const GateContext *context, const Revision *revision, GateCheck *check,
                         GError **error);
bool check_parity(const GateContext *context, const Revision *revision, GateCheck *check,
                  GError **error);
bool check_constraints(const GateContext *context, const Revision *revision, GateCheck *check,
                       GError **error);
bool check_cut_over(const GateContext *context, const Revision *revision, GateCheck *check,
                    GError **error);
bool check_soak(const GateContext *context, const Revision *revision, GateCheck *check,
                GError **error);

/* check-traffic.c */
bool check_canary(const GateContext *context, const Revision *revision, GateCheck *check,
                  GError **error);
bool check_stable(const GateContext *context, const Revision *revision, GateCheck *check,
                  GError **error);
bool check_way_back(const GateContext *context, const Revision *revision, GateCheck *check,
                    GError **error);
bool check_retired(const GateContext *context, const Revision *revision, GateCheck *check,
                   GError **error);

/* check-triggers.c */
bool check_triggers(const GateContext *context, const Revision *revision, GateCheck *check,
                    GError **error);

/* check-sessions.c */
enum { SESSIONS_LOOKS = 20 }; /* in a quiet period, at least */
gint64 check_sessions_interval_ms(gint64 quiet_ms);
bool check_sessions(const GateContext *context, const Revision *revision, GateCheck *check,
                    GError **error);

/* check-dependents.c */
bool check_dependents(const GateContext *context, const Revision *revision, GateCheck *check,
                      GError **error);
bool check_mappings(const GateContext *context, const Revision *revision, GateCheck *check,
                    GError **error);

/* check-approvals.c */
bool check_cutover_approvals(const GateContext *context, const Revision *revision, GateCheck *check,
                             GError **error);
bool check_contract_approvals(const GateContext *context, const Revision *revision,
                              GateCheck *check, GError **error);
