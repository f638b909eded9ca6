#include "journal/journal.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"

static struct world {
	uv_loop_t loop;
	struct journal *j;
	struct ps_arena *a;
	int ready, done, configs;
	char path[PATH_MAX];
} w;

static void
on_config(void *ctx, const struct configs_event *e)
{
	(void)ctx;
	w.configs += e->what == CONFIGS_CONNECTOR;
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
	(void)ctx;
	w.ready++;
}

static void
on_broken(void *ctx, const struct ps_error *err)
{
	(void)ctx;
	cr_fatal("%s", err->text);
}

static const struct journal_ops ops = { .config = on_config,
	.stage = on_stage,
	.ready = on_ready,
	.broken = on_broken };

static void
on_done(void *ctx, const struct ps_error *err)
{
	(void)ctx;
	cr_assert(eq(ptr, (void *)err, NULL));
	w.done++;
}

static void
open_journal(const char *path)
{
	struct ps_error err = { 0 };

	w.j = journal_open_local(&w.loop, path, &ops, NULL, &err);
	cr_assert(ne(ptr, w.j, NULL), "%s", err.text);
	while (w.ready == 0)
		(void)uv_run(&w.loop, UV_RUN_ONCE);
}

static void
close_journal(void)
{
	journal_close(&w.j, 0);
	(void)uv_run(&w.loop, UV_RUN_DEFAULT);
	w.ready = 0;
}

static void
begin(void)
{
	(void)uv_loop_init(&w.loop);
	w.a = arena_new(1024);
	(void)snprintf(w.path, sizeof w.path, BUILD "/tmp/journal-%d",
	    getpid());
}

static void
end(void)
{
	(void)unlink(w.path);
	arena_free(&w.a);
	cr_assert(eq(int, uv_loop_close(&w.loop), 0));
}

TestSuite(journal, .init = begin, .fini = end, .timeout = 10);

Test(journal, what_was_appended_is_known_when_it_is_done)
{
	struct ps_setting one = { "connector.class", "X" };
	struct ps_config config = { &one, 1 };
	struct store_pair record;

	open_journal(NULL);
	record = configs_put_connector(w.a, "orders", &config);
	journal_append(w.j, JOURNAL_CONFIG, &(struct store_pairs){ &record, 1 },
	    on_done, NULL);
	cr_assert(eq(int, w.done, 0));
	while (w.done == 0)
		(void)uv_run(&w.loop, UV_RUN_ONCE);
	cr_assert(eq(int, w.configs, 1));
	cr_assert(ne(ptr, (void *)configs_find(journal_configs(w.j), "orders"),
	    NULL));
	close_journal();
}

Test(journal, offsets_are_in_the_file_after_a_restart)
{
	struct offsets_entry e = { "c", "{\"f\":\"x\"}", "{\"p\":7}" };
	struct store_pair record;
	struct ps_error err = { 0 };

	open_journal(w.path);
	cr_assert(eq(int,
	    offsets_put(journal_offsets(w.j), w.a, &e, &record, &err), 0));
	journal_append(w.j, JOURNAL_OFFSET, &(struct store_pairs){ &record, 1 },
	    on_done, NULL);
	while (w.done == 0)
		(void)uv_run(&w.loop, UV_RUN_ONCE);
	close_journal();
	open_journal(w.path);
	cr_assert(eq(str,
	    (char *)offsets_find(journal_offsets(w.j), "c", "{\"f\":\"x\"}"),
	    "{\"p\":7}"));
	close_journal();
}

Test(journal, who_is_forgotten_is_not_called)
{
	int somebody = 0;

	open_journal(NULL);
	journal_read_to_end(w.j, JOURNAL_OFFSET, on_done, &somebody);
	journal_read_to_end(w.j, JOURNAL_OFFSET, on_done, NULL);
	journal_forget(w.j, &somebody);
	while (w.done == 0)
		(void)uv_run(&w.loop, UV_RUN_ONCE);
	cr_assert(eq(int, w.done, 1));
	close_journal();
}

Test(journal, an_empty_append_is_done_as_well)
{
	open_journal(NULL);
	journal_append(w.j, JOURNAL_STATUS, &(struct store_pairs){ 0 }, on_done,
	    NULL);
	while (w.done == 0)
		(void)uv_run(&w.loop, UV_RUN_ONCE);
	close_journal();
}
