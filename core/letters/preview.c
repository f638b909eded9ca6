#include "letters/preview.h"

#include <string.h>

#include "base/js.h"
#include "config/map.h"
#include "convert/converters.h"
#include "convert/mask.h"
#include "convert/pipeline.h"
#include "convert/shown.h"
#include "convert/stages.h"
#include "kafka/conf.h"
#include "letters/samples.h"
#include "plugin/catalog.h"
#include "record/batch.h"

enum { CHUNK = 16 << 10 };
/* Well below CHANNEL_FRAME_MAX. */
#define ANSWER_MAX ((size_t)4 << 20)

struct preview {
	struct settings
	    settings; /* the connector's, with what is to be tried */
	const struct ps_host *host;
	struct mask mask;
	struct converters converters;
	struct shown shown;
	struct pipeline *pipeline;
	struct tolerance tolerance; /* nothing is tried again */
	struct ps_batch *batch;
};

/* ---- what is tried ----------------------------------------------------- */

static int
resolve(struct preview *p, struct redact *redact, const json_t *given,
    struct ps_error *err)
{
	struct settings *s = &p->settings;
	struct ps_config more = { NULL, 0 };

	if (given != NULL && js_to_config(s->arena, given, &more, err) != 0)
		return ps_fail_in(err, "config");
	s->raw = config_merge(s->arena, &s->raw, &more);
	settings_hide(redact, &s->raw, NULL, 0);
	return settings_resolve(s, s->arena, &s->config, err);
}

static int
read_topic(struct preview *p, const json_t *read, struct ps_error *err)
{
	const struct settings *s = &p->settings;
	const struct conf_owner owner = { &s->worker, &s->config,
		s->connector[0] == '\0' ? "preview" : s->connector, -1 };
	struct ps_config c = conf_settings(s->arena, CONF_OFFSETS, &owner);
	struct reader *r = reader_new(&c, err);
	int result;

	if (r == NULL)
		return -1;
	result = samples_read(p->batch, r, read, err);
	reader_free(&r);
	return result;
}

static int
take_samples(struct preview *p, const json_t *args, struct ps_error *err)
{
	const json_t *given = json_object_get(args, "records");
	const json_t *read = json_object_get(args, "read");

	if ((given == NULL) == (read == NULL))
		return ps_fail(err, PS_E_DATA,
		    "give either records or read, where samples come from");
	return given != NULL ? samples_given(p->batch, given, err)
			     : read_topic(p, read, err);
}

static int
begin(struct preview *p, const json_t *args, struct redact *redact,
    struct ps_error *err)
{
	const struct settings *s = &p->settings;

	p->batch = batch_new(CHUNK);
	if (mask_init(&p->mask, json_object_get(args, "mask"), redact, err) !=
		0 ||
	    resolve(p, redact, json_object_get(args, "config"), err) != 0 ||
	    converters_init(&p->converters, s, p->host, err) != 0 ||
	    shown_init(&p->shown, &p->mask, s, p->host, err) != 0)
		return -1;
	p->pipeline = pipeline_new(s, p->host, err);
	return p->pipeline == NULL ? -1 : take_samples(p, args, err);
}

static void
end(struct preview *p)
{
	pipeline_free(&p->pipeline);
	shown_fini(&p->shown);
	converters_fini(&p->converters);
	batch_free(&p->batch);
	mask_fini(&p->mask);
}

/* ---- one record's way -------------------------------------------------- */

static json_t *
error_of(const struct ps_record *r)
{
	const struct ps_failure *f = r->failure;

	if (r->outcome != PS_FAILED)
		return json_null();
	return json_pack("{s:s, s:s, s:o}", "stage", stage_name(f->stage),
	    "class", f->class_name, "message", js_str(f->error.text));
}

static const char *
outcome_of(const struct ps_record *r)
{
	switch (r->outcome) {
	case PS_KEPT:
		return "kept";
	case PS_DROPPED:
		return "dropped";
	case PS_FAILED:
		return "failed";
	}
	return "";
}

static json_t *
after(struct preview *p, const struct ps_record *r)
{
	return r->outcome == PS_KEPT ? shown_record(&p->shown, r) : json_null();
}

/* `b` has the one record. */
static json_t *
run_step(struct preview *p, size_t i, struct ps_batch *b)
{
	struct ps_record *r = &b->records[0];
	const struct ps_class *class = pipeline_step_class(p->pipeline, i);
	bool applies = pipeline_step_wants(p->pipeline, i, r);
	json_t *step = json_pack("{s:s, s:s, s:b, s:o}", "name",
	    pipeline_step_name(p->pipeline, i), "class",
	    catalog_java_name(class), "applied", applies, "before",
	    shown_record(&p->shown, r));

	pipeline_step(p->pipeline, i, &p->tolerance, b);
	(void)json_object_set_new(step, "outcome", json_string(outcome_of(r)));
	(void)json_object_set_new(step, "error", error_of(r));
	(void)json_object_set_new(step, "after", after(p, r));
	return step;
}

static void
decode(struct preview *p, struct ps_batch *b)
{
	const struct converters *c = &p->converters;

	stage_convert(&p->tolerance, &c->key, b, STAGE_DECODE, PS_PART_KEY);
	stage_convert(&p->tolerance, &c->value, b, STAGE_DECODE, PS_PART_VALUE);
	stage_headers(&p->tolerance, &c->header, b, STAGE_DECODE);
}

static json_t *
run_record(struct preview *p, const struct ps_record *given)
{
	struct ps_batch *b = batch_new(CHUNK);
	struct ps_record *r = ps_batch_add(b);
	json_t *steps = json_array(), *out;

	*r = *given;
	out = json_pack("{s:s, s:i, s:I, s:o}", "topic", r->origin_topic,
	    "partition", (int)r->origin_partition, "offset",
	    (json_int_t)r->origin_offset, "steps", steps);
	decode(p, b);
	for (size_t i = 0;
	     i < pipeline_steps(p->pipeline) && r->outcome == PS_KEPT; i++)
		(void)json_array_append_new(steps, run_step(p, i, b));
	(void)json_object_set_new(out, "outcome", json_string(outcome_of(r)));
	(void)json_object_set_new(out, "error", error_of(r));
	(void)json_object_set_new(out, "result", after(p, r));
	batch_free(&b);
	return mask_json(&p->mask, out);
}

json_t *
preview_run(const struct settings *s, const struct ps_host *h,
    struct redact *redact, const json_t *args, struct ps_error *err)
{
	struct preview p = { .settings = *s, .host = h };
	json_t *list = json_array(), *one;
	bool truncated = false;
	size_t bytes = 0;

	if (begin(&p, args, redact, err) != 0) {
		json_decref(list);
		end(&p);
		return NULL;
	}
	for (size_t i = 0; i < p.batch->count && !truncated; i++) {
		one = run_record(&p, &p.batch->records[i]);
		bytes += json_dumpb(one, NULL, 0, JSON_COMPACT);
		truncated = bytes > ANSWER_MAX;
		if (!truncated)
			(void)json_array_append(list, one);
		json_decref(one);
	}
	end(&p);
	return json_pack("{s:o, s:b}", "records", list, "truncated", truncated);
}
