/*
 * converters: a task's key, value and header converter.
 *
 * The connector's own class brings its own settings ("value.converter.");
 * without one the worker's class and settings stand, as Connect has it.
 */
#ifndef PENSTOCK_CONVERT_CONVERTERS_H
#define PENSTOCK_CONVERT_CONVERTERS_H

#include "child/settings.h"
#include "plugin/instance.h"

struct converters {
	struct instance key, value, header;
};

int converters_init(struct converters *c, const struct settings *s,
    const struct ps_host *h, struct ps_error *err);
void converters_fini(struct converters *c);
/* Does one look at a consumed record's headers itself? */
bool converters_read_headers(const struct converters *c);
/* Is the header converter the one of who asked for none? It fails for no
 * header. */
bool converters_have_plain_headers(const struct converters *c);
/* Connect's JsonConverter without schemas, for sinks that take JSON. */
int converters_json(struct instance *out, const struct settings *s,
    const struct ps_host *h, struct ps_error *err);
/* The same with them, {"schema", "payload"}: nothing is lost but time. */
int converters_envelope(struct instance *out, const struct settings *s,
    const struct ps_host *h, struct ps_error *err);

#endif
