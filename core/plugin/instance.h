/*
 * instance: one object of a plugin class, with the operations it has.
 *
 * Operations are copied into a zeroed struct of full size: what an older
 * plugin does not know reads as NULL. The configuration that create() gets
 * passed the class's key table and has its defaults.
 */
#ifndef PENSTOCK_PLUGIN_INSTANCE_H
#define PENSTOCK_PLUGIN_INSTANCE_H

#include <penstock/converter.h>
#include <penstock/provider.h>
#include <penstock/sink.h>
#include <penstock/source.h>
#include <penstock/transform.h>

#include "plugin/catalog.h"

struct instance {
	const struct ps_class *class;
	const struct ps_plugin *plugin;
	union {
		struct ps_source_ops source;
		struct ps_sink_ops sink;
		struct ps_transform_ops transform;
		struct ps_predicate_ops predicate;
		struct ps_converter_ops converter;
		struct ps_header_converter_ops header;
		struct ps_provider_ops provider;
	};
	void *state;             /* NULL until created */
	struct ps_config config; /* as create() got it, in the arena */
};

/* Operations only; an operation that the kind requires and the class lacks
 * is PS_E_CONFIG. */
int instance_init(struct instance *in, const struct catalog_class *c,
    struct ps_error *err);
/* Completes the configuration (in `a`, which lives as long as the instance)
 * and calls create. Errors of the key table are PS_E_CONFIG, all at once. */
int instance_create(struct instance *in, const struct ps_host *h,
    struct ps_arena *a, const struct ps_config *given, struct ps_error *err);
/* What create() would get. */
int instance_complete(const struct instance *in, struct ps_arena *a,
    const struct ps_config *given, struct ps_config *out, struct ps_error *err);
/* Calls destroy if it was created. */
void instance_fini(struct instance *in);

#endif
