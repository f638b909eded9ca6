#include <stdint.h>
#include <string.h>

#include "access/guard.h"
#include "access/rights.h"
#include "base/text.h"
#include "rest/ask.h"
#include "rest/handlers.h"
#include "worker/worker.h"

/* What was asked for of one connector. */
struct part {
	struct bulk *b;
	const char *name;
	struct request *request; /* NULL: it is answered */
	int status;
	const char *text; /* why not, NULL: done */
};

/* In the exchange's arena. */
struct bulk {
	struct exchange *x;
	struct part *parts;
	size_t count, left;
};

/* Those that carry the label and that who asks may see. NULL: answered. */
static struct bulk *
bulk_of(struct exchange *x)
{
	const struct configs *all = journal_configs(worker_journal(x->worker));
	struct bulk *b = ps_calloc(x->a, 1, sizeof *b);

	b->x = x;
	b->parts = ps_calloc(x->a, configs_count(all) + 1, sizeof *b->parts);
	for (size_t i = 0; i < configs_count(all); i++) {
		const struct configs_connector *cfg = configs_at(all, i);

		if (rights_is_labelled(cfg, x->param[0]) && guard_sees(x, cfg))
			b->parts[b->count++] = (struct part){ .b = b,
				.name = ps_strdup(x->a, cfg->name) };
	}
	if (b->count > 0)
		return b;
	exchange_error(x, 404, "No connector has the label %s", x->param[0]);
	return NULL;
}

static const char *
names_of(struct exchange *x, const struct bulk *b)
{
	const char **names = ps_calloc(x->a, b->count, sizeof *names);

	for (size_t i = 0; i < b->count; i++)
		names[i] = b->parts[i].name;
	return text_join(x->a, names, b->count, ", ");
}

/* 200, or 207 when something could not be done. */
static void
answer_all(struct bulk *b)
{
	struct exchange *x = b->x;
	json_t *list = json_array();
	int status = 200;

	for (size_t i = 0; i < b->count; i++) {
		const struct part *p = &b->parts[i];

		if (p->text != NULL)
			status = 207;
		(void)json_array_append_new(list,
		    json_pack("{s:s, s:i, s:o*}", "name", p->name, "status",
			p->status, "message",
			p->text == NULL ? NULL : js_str(p->text)));
	}
	x->pending = NULL;
	x->forget = NULL;
	exchange_json(x, status,
	    json_pack("{s:s, s:o}", "label", x->param[0], "connectors", list));
}

static void
on_part(void *ctx, const struct answer *answer)
{
	struct part *p = ctx;

	p->request = NULL;
	p->status = ask_status(answer->kind);
	if (p->status == 200)
		p->status = 202; /* it is written, and obeyed soon */
	else
		p->text = ps_strdup(p->b->x->a, answer->text);
	if (--p->b->left == 0)
		answer_all(p->b);
}

static void
forget(struct exchange *x)
{
	struct bulk *b = x->pending;

	for (size_t i = 0; i < b->count; i++)
		if (b->parts[i].request != NULL)
			request_forget(b->parts[i].request);
	x->pending = NULL;
}

static void
each(struct exchange *x, struct request_spec spec)
{
	struct bulk *b;

	if (worker_phase(x->worker) == WORKER_STOPPING) {
		exchange_error(x, 503, "Worker is shutting down");
		return;
	}
	b = bulk_of(x);
	if (b == NULL)
		return;
	x->touched = names_of(x, b);
	x->pending = b;
	x->forget = forget;
	b->left = b->count;
	for (size_t i = 0; i < b->count; i++) {
		spec.connector = b->parts[i].name;
		b->parts[i].request =
		    request_submit(x->worker, &spec, on_part, &b->parts[i]);
	}
}

void
rest_label(struct exchange *x)
{
	struct bulk *b = bulk_of(x);
	json_t *list;

	if (b == NULL)
		return;
	list = json_array();
	for (size_t i = 0; i < b->count; i++)
		(void)json_array_append_new(list,
		    json_string(b->parts[i].name));
	exchange_json(x, 200, list);
}

void
rest_restart_labelled(struct exchange *x)
{
	each(x, (struct request_spec){ .op = REQUEST_RESTART_MANY,
		    .flags = ask_restart_flags(x) });
}

void
rest_pause_labelled(struct exchange *x)
{
	each(x, (struct request_spec){ .op = REQUEST_PAUSE });
}

void
rest_resume_labelled(struct exchange *x)
{
	each(x, (struct request_spec){ .op = REQUEST_RESUME });
}

void
rest_stop_labelled(struct exchange *x)
{
	each(x, (struct request_spec){ .op = REQUEST_STOP });
}
