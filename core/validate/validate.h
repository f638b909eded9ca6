/*
 * validate: a connector configuration held against all its key tables.
 *
 * The framework's keys, those of every transform, predicate and converter it
 * names, the connector's own, the override policy, and what the connector
 * itself objects to: every error at once, as Kafka Connect answers.
 */
#ifndef PENSTOCK_VALIDATE_VALIDATE_H
#define PENSTOCK_VALIDATE_VALIDATE_H

#include <jansson.h>

#include "child/settings.h"

/* Connect's JSON, with `error` (text or null), `type`, `class` and `version`
 * beside it. New reference; NULL: the class does not load. `s` has begun and
 * its worker's settings; `raw` is the configuration. */
json_t *validate_config(struct settings *s, const struct ps_host *h,
    struct redact *redact, const struct ps_config *raw, struct ps_error *err);

#endif
