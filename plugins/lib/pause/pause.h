/*
 * pause: how long to wait before what is down is tried again.
 */
#ifndef PENSTOCK_PLUGINS_LIB_PAUSE_H
#define PENSTOCK_PLUGINS_LIB_PAUSE_H

#include <stdint.h>

/* Another for each task. */
uint64_t pause_seed(void);
/* Doubles from `first_ms` with each failure before this one, up to
 * PS_RETRY_MAX_MS, or to `first_ms` where that is more; drawn from its upper
 * half. */
int64_t pause_ms(int64_t first_ms, unsigned failures, uint64_t *seed);

#endif
