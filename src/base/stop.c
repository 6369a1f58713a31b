#include "base/stop.h"

#include <signal.h>

#include "base/error.h"

static volatile sig_atomic_t requested;

static void
on_signal(int number)
{
    requested = 1;
    signal(number, SIG_DFL);
}

void
stop_install(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

bool
stop_requested(void)
{
    return requested != 0;
}

bool
stop_check(GError **error)
{
    if (!stop_requested())
        return true;
    error_set(error, ERROR_INTERRUPTED, "interrupted");
    return error_hint(error, "Run the same command again: it goes on where it stopped.");
}

void
stop_obeyed(void)
{
    requested = 0;
}
