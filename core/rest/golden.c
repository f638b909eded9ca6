#include "rest/golden.h"

#include <string.h>

#include "rest/ask.h"
#include "rest/declare.h"
#include "rest/golden_compare.h"

enum { FAULTS_MAX = 100 };

/* Of one connector, as JSON: nothing that waits holds a parsed document. */
struct sample {
	const char *connector, *golden, *config;
};

struct golden {
	golden_fn *done;
	struct sample *samples;
	size_t count, room, at;
	const char *faults[FAULTS_MAX];
	size_t fault_count;
};

static json_t *
parsed(const char *text)
{
	struct ps_error err = { 0 };

	return js_parse(text, strlen(text), "", &err);
}

static void
add_fault(struct golden *g, const char *text)
{
	if (g->fault_count < FAULTS_MAX)
		g->faults[g->fault_count++] = text;
}

static void
compare(struct exchange *x, const struct sample *s, const json_t *answer)
{
	json_t *golden = parsed(s->golden);
	const json_t *found = json_object_get(answer, "records"), *one;
	const char *text;
	size_t i;

	json_array_foreach(golden, i, one)
	{
		text = i < json_array_size(found)
			   ? golden_compare(x->a, one, json_array_get(found, i))
			   : "there is too much of them to run";
		if (text != NULL)
			add_fault(x->golden,
			    ps_printf(x->a,
				"connector %s: golden record %s: %s",
				s->connector, js_opt_str(one, "name"), text));
	}
	json_decref(golden);
}

static void
refuse(struct exchange *x)
{
	const struct golden *g = x->golden;
	json_t *errors = json_array();

	for (size_t i = 0; i < g->fault_count; i++)
		(void)json_array_append_new(errors, js_str(g->faults[i]));
	declare_refuse(x, 400,
	    "Golden records come out otherwise than the template says", errors);
}

/* {"config", "records"}, as POST /transforms/preview takes them. */
static json_t *
question(const struct sample *s)
{
	json_t *golden = parsed(s->golden), *records = json_array();
	const json_t *one;
	size_t i;

	json_array_foreach(golden, i, one)
	{
		(void)json_array_append(records,
		    json_object_get(one, "record"));
	}
	json_decref(golden);
	return json_pack("{s:o, s:o}", "config", parsed(s->config), "records",
	    records);
}

static void ask_next(struct exchange *x);

static void
previewed(struct exchange *x, const struct answer *answer)
{
	struct golden *g = x->golden;
	const struct sample *s = &g->samples[g->at++];

	if (answer->kind == ANSWER_DONE)
		compare(x, s, answer->json);
	else
		add_fault(g, ps_printf(x->a, "connector %s: golden records: %s",
				 s->connector, answer->text));
	ask_next(x);
}

static void
ask_next(struct exchange *x)
{
	struct request_spec spec = { .op = REQUEST_PREVIEW };
	struct golden *g = x->golden;
	json_t *doc;

	if (g->at < g->count) {
		doc = question(&g->samples[g->at]);
		spec.doc = doc;
		ask_worker_any(x, &spec, previewed);
		json_decref(doc);
	} else if (g->fault_count > 0) {
		refuse(x);
	} else {
		g->done(x);
	}
}

static const char *
config_text(struct exchange *x, const struct ps_config *c)
{
	json_t *config = js_from_config(c);
	const char *text = js_dump(x->a, config);

	json_decref(config);
	return text;
}

void
golden_begin(struct exchange *x)
{
	x->golden = ps_calloc(x->a, 1, sizeof *x->golden);
}

static void
add_sample(struct exchange *x, const struct flow_change *c)
{
	struct golden *g = x->golden;

	if (g->count == g->room) {
		struct sample *grown;

		g->room = 2 * g->room + 8;
		grown = ps_calloc(x->a, g->room, sizeof *grown);
		if (g->count > 0)
			memcpy(grown, g->samples, g->count * sizeof *grown);
		g->samples = grown;
	}
	g->samples[g->count++] = (struct sample){ ps_strdup(x->a, c->connector),
		c->golden, config_text(x, &c->config) };
}

void
golden_add(struct exchange *x, const struct flow_plan *p)
{
	for (size_t i = 0; i < p->count && !flow_is_empty(p); i++)
		if (p->changes[i].golden != NULL)
			add_sample(x, &p->changes[i]);
}

void
golden_run(struct exchange *x, golden_fn *done)
{
	x->golden->done = done;
	ask_next(x);
}

void
golden_check(struct exchange *x, const struct flow_plan *p, golden_fn *done)
{
	golden_begin(x);
	golden_add(x, p);
	golden_run(x, done);
}
