/*
 * base/fault.h - the points at which the crash tests kill the process.
 *
 * FAULT_POINT("room-what") marks the instant between an intent and its effect, or an effect and its
 * record. In a build with -Dfault_points=true the process kills itself with SIGKILL at the point
 * that SLUICE_FAULT names ("name" or "name:N" for the Nth time it is passed); elsewhere it is
 * nothing. Every point is a row of fault_points[] (fault.c); a test compares the table with the
 * sources, and tests/crash walks the table.
 */
#pragma once

#ifdef SLUICE_FAULT_POINTS
#define FAULT_POINT(name) fault_point(name)
#else
#define FAULT_POINT(name) ((void) 0)
#endif

/* NULL-ended, for the crash tests (`sluice debug fault-points`). */
extern const char *const fault_points[];

void fault_point(const char *name);
