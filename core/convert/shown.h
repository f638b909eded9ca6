/*
 * shown: a record as JSON that people read.
 *
 * Keys, values and headers are what JsonConverter makes of them, with their
 * schemas beside. Names in texts hide what they name.
 */
#ifndef PENSTOCK_CONVERT_SHOWN_H
#define PENSTOCK_CONVERT_SHOWN_H

#include <jansson.h>

#include <penstock/record.h>

#include "child/settings.h"
#include "convert/mask.h"
#include "plugin/instance.h"

struct shown {
	struct mask *mask; /* learns what the texts hide */
	struct instance json;
};

int shown_init(struct shown *s, struct mask *m, const struct settings *settings,
    const struct ps_host *h, struct ps_error *err);
void shown_fini(struct shown *s);
/* {topic, partition, timestamp, key, key_schema, value, value_schema, headers:
 * [{name, value, schema}]}; null where there is nothing. */
json_t *shown_record(const struct shown *s, const struct ps_record *r);

#endif
