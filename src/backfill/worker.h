/*
 * backfill/worker.h - one worker: claims ranges and does their parts, until there are none.
 */
#pragma once

#include "backfill/run.h"

/* Body of a thread; @data is a Run. Rides out lost connections and locked tables for as long as
 * lock.give_up_after says; any other error ends the run. */
gpointer worker_main(gpointer data);
