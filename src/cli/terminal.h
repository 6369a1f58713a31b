/*
 * cli/terminal.h - the Report that a person or a log reads on stderr: timeline, waits, progress.
 *
 * On a terminal the progress is one line that is redrawn; elsewhere it is a line every few seconds.
 * With --format json every line is a JSON object.
 */
#pragma once

#include <stdio.h>

#include "base/clock.h"
#include "base/report.h"

typedef struct Terminal Terminal;

typedef struct {
    FILE *stream; /* borrowed */
    const Clock *clock;
    bool json;
    bool colour;
    bool redraw; /* @stream is a terminal */
    bool verbose;
} TerminalOptions;

Terminal *terminal_new(const TerminalOptions *options);
/* Clears a progress line that still stands. */
void terminal_free(Terminal *terminal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Terminal, terminal_free)
/* Borrowed. */
const Report *terminal_report(const Terminal *terminal);
