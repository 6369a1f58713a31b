#include "signals/hysteresis.h"

bool
hysteresis_see(Hysteresis *hysteresis, double share, gint64 now_ms)
{
    if (share > 1) {
        hysteresis->holds = true;
        hysteresis->over_ms = now_ms;
    } else if (share < HYSTERESIS_RELEASE && now_ms - hysteresis->over_ms >= HYSTERESIS_CALM_MS) {
        hysteresis->holds = false;
    }
    return hysteresis->holds;
}
