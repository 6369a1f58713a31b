#include "signals/signals.h"

#include "signals/signal.h"

static bool (*const signals_table[])(Signals *signals, GArray *our_pids, SignalReading *reading,
                                     GError **error) = {
    signal_replica_lag,
    signal_blocked,
};

Signals *
signals_new(PgConn *conn, const Settings *settings, const Clock *clock)
{
    Signals *signals = g_new0(Signals, 1);

    signals->conn = conn;
    signals->settings = settings;
    signals->clock = clock;
    signals->marks = g_array_new(FALSE, FALSE, sizeof(WalMark));
    return signals;
}

void
signals_free(Signals *signals)
{
    if (signals == NULL)
        return;
    g_array_unref(signals->marks);
    g_free(signals);
}

void
signal_reading_clear(SignalReading *reading)
{
    g_clear_pointer(&reading->text, g_free);
}

static double
excess(const SignalReading *reading)
{
    return reading->limit > 0 ? reading->value / reading->limit : reading->value + 1;
}

bool
signals_sample(Signals *signals, GArray *our_pids, SignalReading *ret_reading, GError **error)
{
    SignalReading worst = {0};

    for (guint i = 0; i < G_N_ELEMENTS(signals_table); i++) {
        SignalReading reading = {0};

        if (!signals_table[i](signals, our_pids, &reading, error)) {
            signal_reading_clear(&worst);
            return false;
        }
        if (reading.text && (worst.text == NULL || excess(&reading) > excess(&worst))) {
            signal_reading_clear(&worst);
            worst = reading;
        } else {
            signal_reading_clear(&reading);
        }
    }
    *ret_reading = worst;
    return true;
}
