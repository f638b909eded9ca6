#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "child/child.h"
#include "child/roles.h"
#include "scribe/scribe.h"

#define AREA "scribe"

enum { IDLE_MS = 1000, CHUNK = 16 << 10 };

struct desk {
	struct child child;
	struct ps_arena *arena; /* the configuration's */
	struct scribe *scribe;
	int64_t id; /* of the present request */
};

static const char *const end_names[] = {
	[SCRIBE_OK] = "ok",
	[SCRIBE_REFUSED] = "refused",
	[SCRIBE_FENCED] = "fenced",
	[SCRIBE_UNKNOWN] = "unknown",
};

/* ---- what it says ------------------------------------------------------ */

/* Before the commit the worker knows what may be in the log from then on. */
static int
on_committing(void *ctx, const int64_t *offsets, size_t count,
    struct ps_error *err)
{
	struct desk *d = ctx;
	struct msg m = { .type = MSG_TYPE_COMMITTING };
	int sent;

	m.committing.id = d->id;
	m.committing.offsets = json_array();
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(m.committing.offsets,
		    json_integer(offsets[i]));
	sent = uplink_send(d->child.uplink, &m, err);
	json_decref(m.committing.offsets);
	if (sent != 0)
		return -1;
	uplink_flush(d->child.uplink, IDLE_MS);
	return 0;
}

static int
reply(struct desk *d, const struct scribe_outcome *out, struct ps_error *err)
{
	struct msg m = { .type = MSG_TYPE_REPLY };
	int sent;

	m.reply.id = d->id;
	m.reply.result = json_pack("{s:s}", "wrote", end_names[out->end]);
	if (out->record != SCRIBE_ALL)
		(void)json_object_set_new(m.reply.result, "record",
		    json_integer((json_int_t)out->record));
	if (out->end != SCRIBE_OK) {
		m.reply.code = uplink_code_name(out->err.code);
		m.reply.error = out->err.text;
	}
	sent = uplink_send(d->child.uplink, &m, err);
	json_decref(m.reply.result);
	return sent;
}

/* ---- what it is asked -------------------------------------------------- */

static int
take_records(struct ps_arena *a, const json_t *args, struct scribe_records *out,
    struct ps_error *err)
{
	const json_t *list = json_object_get(args, "records");
	struct scribe_record *items =
	    ps_calloc(a, json_array_size(list) + 1, sizeof *items);
	const json_t *pair, *value;
	size_t i;

	json_array_foreach(list, i, pair)
	{
		value = json_array_get(pair, 1);
		items[i].key = json_string_value(json_array_get(pair, 0));
		items[i].key_len = json_string_length(json_array_get(pair, 0));
		items[i].value = json_string_value(value);
		items[i].value_len = json_string_length(value);
		if (items[i].key == NULL)
			return ps_fail(err, PS_E_FATAL,
			    "record %zu of the request has no key", i);
	}
	*out = (struct scribe_records){ items, json_array_size(list) };
	return 0;
}

static struct scribe_outcome
claim(struct desk *d, struct ps_arena *a, const json_t *args,
    struct scribe_records records)
{
	struct scribe_outcome out = { .end = SCRIBE_REFUSED,
		.record = SCRIBE_ALL };
	const char *group = js_opt_str(args, "group");
	size_t len = group == NULL ? 0 : strlen(group);
	uint8_t *bytes = ps_alloc(a, len + 1);
	int64_t got =
	    text_base64_decode(group == NULL ? "" : group, len, bytes);

	if (got > 0)
		return scribe_claim(d->scribe, bytes, (size_t)got, records);
	(void)ps_fail(&out.err, PS_E_FATAL, "a claim without a membership");
	return out;
}

static struct scribe_outcome
answer(struct desk *d, const struct msg_request *q)
{
	struct ps_arena *a = arena_new(CHUNK);
	struct scribe_outcome out = { .end = SCRIBE_REFUSED,
		.record = SCRIBE_ALL };
	struct scribe_records records = { NULL, 0 };

	if (take_records(a, q->args, &records, &out.err) == 0) {
		if (strcmp(q->op, "claim") == 0)
			out = claim(d, a, q->args, records);
		else if (strcmp(q->op, "write") == 0)
			out = scribe_write(d->scribe, records);
		else if (strcmp(q->op, "heal") == 0)
			out = scribe_heal(d->scribe);
		else
			(void)ps_fail(&out.err, PS_E_FATAL,
			    "unknown request %s", q->op);
	}
	arena_free(&a);
	return out;
}

/* Before anything else is written. Who cannot is replaced, and the next heals
 * after its claim. */
static int
heal_if_aborted(struct desk *d, struct ps_error *err)
{
	struct scribe_outcome out;

	if (!scribe_has_aborted(d->scribe))
		return 0;
	d->id = 0;
	out = scribe_heal(d->scribe);
	if (out.end == SCRIBE_OK)
		return 0;
	return ps_fail(err, PS_E_RETRY, "healing after an abort: %s",
	    out.err.text);
}

static int
serve_request(struct desk *d, const struct msg *m, struct ps_error *err)
{
	struct scribe_outcome out;

	if (m->type != MSG_TYPE_REQUEST)
		return 0;
	d->id = m->request.id;
	gauges_enter(&d->child.gauges, "transaction");
	out = answer(d, &m->request);
	if (reply(d, &out, err) != 0)
		return -1;
	uplink_flush(d->child.uplink, IDLE_MS);
	if (out.end == SCRIBE_FENCED || out.end == SCRIBE_UNKNOWN)
		return ps_fail(err, PS_E_FATAL, "%s", out.err.text);
	if (heal_if_aborted(d, err) != 0)
		return -1;
	gauges_leave(&d->child.gauges);
	return 0;
}

/* ---- its days ---------------------------------------------------------- */

static void
wait_for_any(struct desk *d)
{
	struct pollfd p[] = { { uplink_fd(d->child.uplink), POLLIN, 0 },
		{ d->child.gauges.wake_fd, POLLIN, 0 },
		{ scribe_fd(d->scribe), POLLIN, 0 } };

	(void)poll(p, sizeof p / sizeof *p, IDLE_MS);
	gauges_rest(&d->child.gauges);
}

static int
loop(struct desk *d, struct ps_error *err)
{
	struct msg m;
	int open = 1, got = 0;

	while (!gauges_should_stop(&d->child.gauges)) {
		got = uplink_next(d->child.uplink, &m, err);
		if (got == 1) {
			int done = serve_request(d, &m, err);

			msg_fini(&m);
			if (done != 0)
				return -1;
			continue;
		}
		if (got < 0 || open < 0)
			return -1;
		if (open == 0)
			return 0; /* the worker is gone */
		wait_for_any(d);
		open = uplink_serve(d->child.uplink, err);
		if (scribe_serve(d->scribe, err) != 0)
			return -1;
	}
	return 0;
}

static int
begin(struct desk *d, struct ps_error *err)
{
	const struct msg_config *m = &d->child.config.config;
	struct ps_config worker;
	struct scribe_spec spec = { .worker = &worker };
	int64_t session;

	if (js_to_config(d->arena, m->worker, &worker, err) != 0 ||
	    js_get_str(m->config, "group.id", &spec.group, err) != 0 ||
	    js_get_str(m->config, "config.storage.topic", &spec.topic, err) !=
		0 ||
	    js_get_int(m->config, "session.timeout.ms", &session, err) != 0)
		return ps_fail_in(err, "settings of the scribe");
	spec.session_ms = (int)session;
	/* What it sends late the broker refuses, once another has claimed. */
	atomic_store(&d->child.gauges.guarded, true);
	d->scribe = scribe_new(&spec, on_committing, d, err);
	return d->scribe == NULL ? -1 : 0;
}

int
scribe_main(int argc, char **argv)
{
	struct desk *d = xcalloc(1, sizeof *d);
	struct ps_error err = { 0 };
	int code = EXIT_FAILURE;

	(void)argc;
	(void)argv;
	d->arena = arena_new(CHUNK);
	if (child_begin(&d->child, MSG_SCRIBE) == 0) {
		if (begin(d, &err) == 0)
			(void)loop(d, &err);
		scribe_free(&d->scribe);
		code = child_end(&d->child, &err);
	}
	arena_free(&d->arena);
	free(d);
	return code;
}
