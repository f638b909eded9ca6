#include "tests/worker/node.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"

enum { LIMIT_MS = 20000, TICK_MS = 5 };

static void
on_tick(uv_timer_t *t)
{
	const struct node_wait *w = t->data;

	cr_assert(clock_since(w->began, clock_now()) < LIMIT_MS,
	    "in %d ms there was not: %s", LIMIT_MS, w->what);
}

void
node_wait_begin(struct node *n, struct node_wait *w, const char *what)
{
	w->began = clock_now();
	w->what = what;
	w->tick.data = w;
	(void)uv_timer_init(&n->loop, &w->tick);
	(void)uv_timer_start(&w->tick, on_tick, TICK_MS, TICK_MS);
}

void
node_wait_end(struct node *n, struct node_wait *w)
{
	uv_close((uv_handle_t *)&w->tick, NULL);
	(void)uv_run(&n->loop, UV_RUN_NOWAIT);
}

const char *
node_write_file(const char *more)
{
	static char path[PATH_MAX];
	FILE *f;

	(void)snprintf(path, sizeof path, BUILD "/tmp/node-%d", getpid());
	f = fopen(path, "w");
	cr_assert(f != NULL, "%s", path);
	(void)fprintf(f,
	    "bootstrap.servers=127.0.0.1:1\nkey.converter=K\n"
	    "value.converter=V\nplugin.path=" TESTS "\n"
	    "offset.storage.file.filename=/dev/null\n%s",
	    more);
	(void)fclose(f);
	return path;
}

static struct options *
standalone_options(void)
{
	struct ps_error err = { 0 };
	const char *path =
	    node_write_file("errors.restart.delay.initial.ms=20\n"
			    "errors.restart.delay.max.ms=40\n");
	struct options *o;

	o = options_load(path, WORKER_STANDALONE, &err);
	(void)unlink(path);
	cr_assert(o != NULL && options_take_plugins(o, &err) == 0 &&
		      options_apply(o, NULL, &err) == 0,
	    "%s", err.text);
	return o;
}

static void
on_config(void *ctx, const struct configs_event *e)
{
	struct node *n = ctx;

	if (n->reconcile != NULL)
		reconcile_event(n->reconcile, e);
}

static void
on_stage(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

static void
on_ready(void *ctx)
{
	((struct node *)ctx)->ready = true;
}

static void
on_broken(void *ctx, const struct ps_error *err)
{
	(void)ctx;
	cr_fatal("%s", err->text);
}

static void
on_status(void *ctx, const char *connector, int task, enum statuses_what what)
{
	struct node *n = ctx;

	if (n->reconcile != NULL)
		reconcile_status(n->reconcile, connector, task, what);
}

static const struct journal_ops ops = { .config = on_config,
	.stage = on_stage,
	.ready = on_ready,
	.broken = on_broken,
	.status = on_status };

void
node_begin(struct node *n)
{
	struct ps_error err = { 0 };

	(void)signal(SIGPIPE, SIG_IGN);
	*n = (struct node){ .arena = arena_new(4096) };
	(void)uv_loop_init(&n->loop);
	gate_init(&n->gate, 2);
	n->options = standalone_options();
	n->errands = (struct errand_env){ .loop = &n->loop,
		.gate = &n->gate,
		.options = n->options,
		.program = TESTS "/worker/fake_child.py",
		.keep_fd = -1 };
	n->metrics = metric_new(1000);
	n->journal = journal_open_local(&n->loop, NULL, &ops, n, &err);
	cr_assert(n->journal != NULL, "%s", err.text);
	NODE_UNTIL(n, n->ready);
}

void
node_end(struct node *n)
{
	journal_close(&n->journal, 0);
	(void)uv_run(&n->loop, UV_RUN_DEFAULT);
	cr_assert(uv_loop_close(&n->loop) == 0);
	options_free(&n->options);
	metric_free(&n->metrics);
	arena_free(&n->arena);
}

void
node_append(struct node *n, enum journal_log log, struct store_pair record)
{
	struct store_pairs one = { &record, 1 };

	journal_append(n->journal, log, &one, NULL, NULL);
}
