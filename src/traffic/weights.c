#include "traffic/weights.h"

#include <math.h>

enum { WEIGHT_MAX = 256, WEIGHT_SCALE_MIN = 192 };

static double
share_of(int canary, guint canary_servers, int stable, guint stable_servers)
{
    const double part = (double) canary * canary_servers;

    return part / (part + (double) stable * stable_servers);
}

Weights
weights_for(int percent, guint stable_servers, guint canary_servers)
{
    const double canary_each = percent / 100.0 / MAX(canary_servers, 1);
    const double stable_each = (100 - percent) / 100.0 / MAX(stable_servers, 1);
    Weights best = {.share = -1};

    if (percent == 0 || canary_servers == 0)
        return (Weights){.stable = stable_servers > 0 ? WEIGHT_MAX : 0};
    if (percent == 100 || stable_servers == 0)
        return (Weights){.canary = WEIGHT_MAX, .share = 1};
    for (int scale = WEIGHT_MAX; scale >= WEIGHT_SCALE_MIN; scale--) {
        const double unit = scale / MAX(canary_each, stable_each);
        const int canary = MAX(1, (int) lround(canary_each * unit));
        const int stable = MAX(1, (int) lround(stable_each * unit));
        const double share = share_of(canary, canary_servers, stable, stable_servers);

        if (fabs(share - percent / 100.0) < fabs(best.share - percent / 100.0) - 1e-9)
            best = (Weights){.stable = stable, .canary = canary, .share = share};
    }
    return best;
}
