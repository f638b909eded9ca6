/*
 * preview: sample records through a chain of transforms, looked at between
 * any two steps.
 *
 * Nothing is written anywhere. What people see is masked: secrets of the
 * configuration, what config providers answered, and the fields they name.
 */
#ifndef PENSTOCK_LETTERS_PREVIEW_H
#define PENSTOCK_LETTERS_PREVIEW_H

#include <jansson.h>

#include "child/settings.h"
#include "plugin/host.h"

/* {config, records or read, mask} over the connector's own configuration (or
 * none) -> {records: [{topic, partition, offset, outcome, steps, result}],
 * truncated}. PS_E_CONFIG, PS_E_DATA: what was asked is wrong. */
json_t *preview_run(const struct settings *s, const struct ps_host *h,
    struct redact *redact, const json_t *args, struct ps_error *err);

#endif
