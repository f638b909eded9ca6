#include "worker/worker.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "kafka/conf.h"
#include "options/fence.h"
#include "options/javaonly.h"
#include "options/machine.h"
#include "options/member.h"
#include "reconcile/quota.h"
#include "reconcile/session.h"
#include "store/documents.h"
#include "store/revisions.h"
#include "supervise/cgroup.h"
#include "worker/upgrader.h"
#include "worker/worker_impl.h"

#define AREA             "worker"
#define RESOLVE_LIMIT_MS 30000
#define NAME_LIMIT_MS    60000
#define CLOSE_LIMIT_MS   3000
#define STARTS_PER_CORE  2
#define EXIT_BROKEN      3

static void
set_stage(struct worker *w, const char *text)
{
	(void)snprintf(w->stage, sizeof w->stage, "%s", text);
	w->stage_since = wall_now();
}

/* ---- the end ----------------------------------------------------------- */

static void
leave(struct worker *w)
{
	if (w->cluster != NULL)
		cluster_leave(w->cluster);
	else if (w->reconcile != NULL)
		reconcile_stop(w->reconcile);
}

void
worker_leave(struct worker *w)
{
	if (w->leaving)
		return;
	w->leaving = true;
	leave(w);
}

void
worker_stop(struct worker *w, int code)
{
	if (w->code == 0)
		w->code = code;
	if (w->phase != WORKER_STOPPING) {
		log_info(AREA, "stopping");
		w->phase = WORKER_STOPPING;
		set_stage(w, "shutting down");
		if (w->ending != NULL)
			w->ending->stopping(w->ending_ctx);
	}
	/* What may not go on working does not wait for who asks. */
	if (w->ending == NULL || code != 0)
		worker_leave(w);
}

static void
hurry(struct worker *w)
{
	if (w->ending != NULL)
		w->ending->hurry(w->ending_ctx);
	worker_leave(w);
	leave(w);
}

static void
on_signal(uv_signal_t *h, int number)
{
	struct worker *w = h->data;

	log_info(AREA, "got SIG%s", sigabbrev_np(number));
	if (w->phase == WORKER_STOPPING)
		hurry(w);
	else
		worker_stop(w, 0);
}

static void
end(struct worker *w)
{
	w->ended = true;
	uv_stop(&w->loop);
}

static void
on_work_stopped(void *ctx)
{
	struct worker *w = ctx;

	w->still = true;
	if (w->cluster == NULL || w->left)
		end(w);
	else
		cluster_is_still(w->cluster);
}

/* ---- the logs ---------------------------------------------------------- */

static void
on_stage(void *ctx, const char *text)
{
	set_stage(ctx, text);
}

static void
on_file_created(void *ctx, const struct answer *answer)
{
	struct start_file *f = ctx;

	if (answer->kind == ANSWER_CREATED || answer->kind == ANSWER_DONE) {
		log_info(AREA, "created connector %s of %s", f->spec.connector,
		    f->file);
		return;
	}
	log_error(AREA, "connector of %s: %s", f->file, answer->text);
	worker_stop(f->w, EXIT_BROKEN);
}

static void
be_ready(struct worker *w)
{
	if (w->phase != WORKER_STARTING || !w->listed || !w->led)
		return;
	w->phase = WORKER_READY;
	set_stage(w, "running");
	log_info(AREA, "ready after %lld ms, %zu connectors",
	    (long long)(wall_now().ms - w->started.ms),
	    configs_count(journal_configs(w->journal)));
	requests_begin(w->requests);
	upgrader_look(w->upgrader);
	for (struct start_file *f = w->files; f != NULL; f = f->next)
		(void)request_submit(w, &f->spec, on_file_created, f);
}

/* Types and versions of connectors are known, or cannot be. */
static void
on_begin(void *ctx, const struct ps_error *err)
{
	struct worker *w = ctx;

	(void)err;
	if (w->phase != WORKER_STARTING)
		return;
	w->listed = true;
	reconcile_begin(w->reconcile);
	be_ready(w);
}

static void
on_ready(void *ctx)
{
	struct worker *w = ctx;

	log_info(AREA, "the logs are read after %lld ms",
	    (long long)(wall_now().ms - w->started.ms));
	w->read = true;
	requests_read(w->requests);
	if (w->cluster != NULL)
		cluster_begin(w->cluster);
	else
		w->led = true;
	inventory_refresh(w->inventory, on_begin, w);
}

static void
on_broken(void *ctx, const struct ps_error *err)
{
	log_error(AREA, "%s", err->text);
	worker_stop(ctx, EXIT_BROKEN);
}

static void
on_exist(void *ctx)
{
	cluster_listen(((struct worker *)ctx)->cluster);
}

static const struct journal_ops journal_ops = {
	.config = worker_read_config,
	.stage = on_stage,
	.ready = on_ready,
	.broken = on_broken,
	.own = worker_read_own,
	.status = worker_read_status,
	.exist = on_exist,
	.stranger = worker_read_stranger,
};

/* ---- the cluster ------------------------------------------------------- */

static void
on_led(void *ctx)
{
	struct worker *w = ctx;

	w->led = true;
	be_ready(w);
}

static void
on_leads(void *ctx, bool leads)
{
	struct worker *w = ctx;

	session_lead(w->session, leads);
	if (!leads)
		return;
	reconcile_lead(w->reconcile);
	requests_look(w->requests);
	upgrader_look(w->upgrader);
}

static void
on_hurry(void *ctx)
{
	reconcile_stop(((struct worker *)ctx)->reconcile);
}

static void
on_left(void *ctx)
{
	struct worker *w = ctx;

	w->left = true;
	if (w->still)
		end(w);
	else
		reconcile_stop(w->reconcile);
}

static const struct cluster_ops cluster_ops = {
	.ready = on_led,
	.leads = on_leads,
	.stage = on_stage,
	.broken = on_broken,
	.hurry = on_hurry,
	.left = on_left,
};

/* ---- the start --------------------------------------------------------- */

struct resolved {
	struct worker *w;
	struct ps_config config;
	struct ps_error err;
	bool over;
};

static void
on_resolved(void *ctx, const json_t *result, const struct ps_error *err)
{
	struct resolved *r = ctx;

	r->over = true;
	if (result == NULL)
		r->err = *err;
	else
		(void)js_to_config(r->w->a, json_object_get(result, "config"),
		    &r->config, &r->err);
}

/* References in the file are a plugin's to answer: a child is asked. */
static int
resolve(struct worker *w, struct ps_config *out, struct ps_error *err)
{
	struct resolved r = { .w = w };
	struct errand_spec spec = { MSG_INSPECT, NULL, NULL };
	struct errand *e = errand_new(&w->errands, &spec);

	w->options->worker = js_from_config(&w->options->raw);
	errand_ask(e, "resolve",
	    json_pack("{s:O}", "config", w->options->worker), RESOLVE_LIMIT_MS,
	    on_resolved, &r);
	while (!r.over)
		(void)uv_run(&w->loop, UV_RUN_ONCE);
	errand_free(&e);
	json_decref(w->options->worker);
	w->options->worker = NULL;
	*out = r.config;
	if (r.err.code == PS_OK)
		return 0;
	return ps_fail(err, r.err.code, "%s", r.err.text);
}

static int
take_options(struct worker *w, const char *path, enum worker_kind kind,
    struct ps_error *err)
{
	struct ps_config resolved;

	w->options = options_load(path, kind, err);
	if (w->options == NULL || options_take_plugins(w->options, err) != 0)
		return -1;
	w->errands = (struct errand_env){ &w->loop, &w->gate, w->options, NULL,
		-1, NULL };
	if (!options_need_resolving(w->options))
		return options_apply(w->options, NULL, err);
	if (resolve(w, &resolved, err) != 0)
		return -1;
	return options_apply(w->options, &resolved, err);
}

static size_t
starts_at_once(const struct options *o)
{
	int64_t set = o == NULL ? 0 : options_int(o, "task.starts.max");
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (set > 0)
		return (size_t)set;
	return (size_t)(cores < 1 ? 1 : cores) * STARTS_PER_CORE;
}

static void
take_signal(struct worker *w, uv_signal_t *h, int number)
{
	h->data = w;
	(void)uv_signal_init(&w->loop, h);
	(void)uv_signal_start(h, on_signal, number);
	uv_unref((uv_handle_t *)h);
}

static void
apply_log_level(const struct options *o)
{
	const char *name = ps_config_get(&o->all, "log.level");
	enum ps_level level;

	if (name != NULL && log_level_parse(name, &level) == 0)
		log_set_level("", level);
}

struct worker *
worker_open(const char *properties, enum worker_kind kind, struct ps_error *err)
{
	struct worker *w = xcalloc(1, sizeof *w);

	w->a = arena_new(4096);
	w->started = wall_now();
	w->name_fd = -1;
	w->documents = documents_new();
	w->revisions = revisions_new();
	(void)signal(SIGPIPE, SIG_IGN);
	javaonly_environment();
	machine_open_files();
	(void)uv_loop_init(&w->loop);
	gate_init(&w->gate, starts_at_once(NULL));
	set_stage(w, "initializing");
	if (conf_check_library(err) != 0 ||
	    take_options(w, properties, kind, err) != 0 ||
	    fence_check(w->options, err) != 0) {
		worker_free(&w);
		return NULL;
	}
	apply_log_level(w->options);
	gate_init(&w->gate, starts_at_once(w->options));
	w->metrics =
	    metric_new((size_t)options_int(w->options, "metrics.series.max"));
	quota_begin(w->metrics);
	metric_set(w->metrics, METRIC_GAUGE, "penstock_files_are_fenced", "",
	    fence_stands(w->options));
	w->inventory = inventory_new(&w->errands);
	w->errands.inventory = w->inventory;
	w->requests = requests_new(w);
	w->upgrader = upgrader_new(w);
	take_signal(w, &w->term, SIGTERM);
	take_signal(w, &w->interrupt, SIGINT);
	w->signals_open = true;
	return w;
}

static const char *
make_id(struct worker *w, int port)
{
	const struct options *o = w->options;

	if (o->advertised_port > 0)
		port = o->advertised_port;
	return ps_printf(w->a, "%s:%d", o->advertised_host, port);
}

/* Of a standalone worker: it names what was written in this run. */
static const char *
make_incarnation(struct worker *w)
{
	uint64_t number = 0;

	if (getentropy(&number, sizeof number) != 0)
		number = (uint64_t)wall_now().ms;
	return ps_printf(w->a, "%016llx", (unsigned long long)number);
}

static int
open_journal(struct worker *w, struct ps_error *err)
{
	const struct options *o = w->options;

	w->journal =
	    o->kind == WORKER_STANDALONE
		? journal_open_local(&w->loop, o->offsets_file, &journal_ops, w,
		      err)
		: journal_open_kafka(&w->loop, o, &journal_ops, w, err);
	return w->journal == NULL ? -1 : 0;
}

static void
open_reconcile(struct worker *w)
{
	struct reconcile_env env = {
		.loop = &w->loop,
		.gate = &w->gate,
		.options = w->options,
		.errands = &w->errands,
		.journal = w->journal,
		.cluster = w->cluster,
		.inventory = w->inventory,
		.metrics = w->metrics,
		.worker_id = w->id,
		.incarnation = w->incarnation,
		.keep_fd = w->name_fd,
		.cgroups = w->cgroups,
		.stopped = on_work_stopped,
		.ctx = w,
	};

	w->reconcile = reconcile_new(&env);
}

/* Alone or not, the plugins of the configured converters must be there. */
static void
on_inventory(void *ctx, const struct ps_error *err)
{
	static const char *const keys[] = { "key.converter", "value.converter",
		"header.converter" };
	struct worker *w = ctx;
	const char *class;

	for (size_t i = 0; err == NULL && i < sizeof keys / sizeof *keys; i++) {
		class = ps_config_str(&w->options->all, keys[i]);
		if (class[0] == '\0' ||
		    inventory_find(w->inventory, class) != NULL)
			continue;
		log_error(AREA,
		    "Invalid value %s for configuration %s: Class %s could not "
		    "be found%s",
		    class, keys[i], class,
		    inventory_nearest(w->inventory, w->a, class));
		worker_stop(w, EXIT_BROKEN);
		return;
	}
}

static void
on_new_plugins(void *ctx, const struct ps_error *err)
{
	(void)err;
	cluster_plugins_changed(((struct worker *)ctx)->cluster);
}

static const char *
scheme_of(const struct options *o)
{
	const char *set = ps_config_get(&o->all, "rest.advertised.listener");

	if (set != NULL && set[0] != '\0')
		return set;
	return o->listeners[0].tls ? "https" : "http";
}

static int
open_cluster(struct worker *w, struct ps_error *err)
{
	struct cluster_env env = { .loop = &w->loop,
		.options = w->options,
		.errands = &w->errands,
		.journal = w->journal,
		.id = w->id,
		.url =
		    ps_printf(w->a, "%s://%s/", scheme_of(w->options), w->id) };

	if (w->options->kind != WORKER_DISTRIBUTED)
		return 0;
	w->session = session_new(&w->loop, w->options, w->journal);
	w->cluster = cluster_new(&env, &cluster_ops, w, err);
	if (w->cluster == NULL)
		return -1;
	w->incarnation = cluster_incarnation(w->cluster);
	return 0;
}

int
worker_start(struct worker *w, int port, struct ps_error *err)
{
	const struct options *o = w->options;

	w->id = make_id(w, port);
	w->incarnation = make_incarnation(w);
	if (o->kind == WORKER_DISTRIBUTED) {
		w->name_fd =
		    member_take_name(o->group, w->id, NAME_LIMIT_MS, err);
		if (w->name_fd < 0)
			return -1;
		w->errands.keep_fd = w->name_fd;
	}
	/* The child works while this process talks to Kafka. */
	inventory_watch(w->inventory, on_new_plugins, w);
	inventory_refresh(w->inventory, on_inventory, w);
	if (cgroups_open(&w->cgroups, ps_config_str(&o->all, "task.cgroup"),
		err) != 0 ||
	    open_journal(w, err) != 0 || open_cluster(w, err) != 0)
		return -1;
	open_reconcile(w);
	if (w->cluster != NULL)
		cluster_attach(w->cluster, w->reconcile);
	return 0;
}

int
worker_run(struct worker *w)
{
	/* It may have failed before there was anything to leave. */
	if (w->leaving)
		leave(w);
	while (!w->ended)
		(void)uv_run(&w->loop, UV_RUN_DEFAULT);
	return w->code;
}

static void
close_leftover(uv_handle_t *h, void *ctx)
{
	(void)ctx;
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

void
worker_free(struct worker **wp)
{
	struct worker *w = *wp;
	struct journal *journal;

	if (w == NULL)
		return;
	*wp = NULL;
	cluster_free(&w->cluster);
	session_free(&w->session);
	journal = w->journal;
	/* Its questions are answered while who asked is there; its memory
	 * ends on the loop, after theirs. */
	journal_close(&journal, CLOSE_LIMIT_MS);
	documents_free(&w->documents);
	revisions_free(&w->revisions);
	upgrader_free(&w->upgrader);
	requests_free(&w->requests);
	inventory_free(&w->inventory);
	reconcile_free(&w->reconcile);
	if (w->signals_open) {
		uv_close((uv_handle_t *)&w->term, NULL);
		uv_close((uv_handle_t *)&w->interrupt, NULL);
	}
	(void)uv_run(&w->loop, UV_RUN_DEFAULT);
	uv_walk(&w->loop, close_leftover, NULL);
	(void)uv_run(&w->loop, UV_RUN_NOWAIT);
	(void)uv_loop_close(&w->loop);
	metric_free(&w->metrics);
	options_free(&w->options);
	cgroups_close(&w->cgroups);
	if (w->name_fd >= 0)
		(void)close(w->name_fd);
	arena_free(&w->a);
	free(w);
}
