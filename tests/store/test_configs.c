#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/buf.h"
#include "base/js.h"
#include "config/map.h"
#include "store/configs_impl.h"
#include "tests/store/capture.h"
#include "tests/store/state.h"

struct heard {
	int count[CONFIGS_BAD + 1];
	struct configs_event last;
	char text[256];
};

#define HEARD_NOTHING          \
	{                      \
		.count = { 0 } \
	}

static void
on_event(void *ctx, const struct configs_event *e)
{
	struct heard *h = ctx;

	h->count[e->what]++;
	h->last = *e;
	if (e->text != NULL)
		(void)snprintf(h->text, sizeof h->text, "%s", e->text);
}

static void
apply(struct configs *c, int64_t offset, const char *key, const char *value,
    enum configs_phase phase)
{
	struct store_pair p = pair_of(key, value);

	configs_apply(c, &p, offset, phase);
}

#define REPLAY(c, key, value) \
	apply(c, configs_offset(c), key, value, CONFIGS_REPLAY)
#define LIVE(c, key, value) \
	apply(c, configs_offset(c), key, value, CONFIGS_LIVE)

#define CONFIG "{\"properties\":{\"connector.class\":\"X\"}}"

Test(configs, tasks_show_when_they_are_committed)
{
	struct heard h = HEARD_NOTHING;
	struct configs *c = configs_new(on_event, &h);
	const struct configs_connector *x;

	REPLAY(c, "connector-x", CONFIG);
	x = configs_find(c, "x");
	cr_assert(x != NULL);
	cr_expect(eq(int, x->target, TARGET_STARTED));
	cr_expect(eq(int, x->generation, -1));
	REPLAY(c, "task-x-0", "{\"properties\":{\"n\":\"0\"}}");
	REPLAY(c, "task-x-1", "{\"properties\":{\"n\":\"1\"}}");
	cr_expect(eq(sz, configs_find(c, "x")->task_count, 0));
	REPLAY(c, "commit-x", "{\"tasks\":2}");
	x = configs_find(c, "x");
	cr_assert(eq(sz, x->task_count, 2));
	cr_expect(eq(str, (char *)ps_config_str(&x->tasks[1], "n"), "1"));
	cr_expect(eq(int, x->generation, 0));
	cr_expect(x->pending_fencing);
	cr_expect(x->has_applied);
	REPLAY(c, "tasks-fencing-x", "{\"task-count\":2}");
	cr_expect(not(configs_find(c, "x")->pending_fencing));
	cr_expect(eq(int, configs_find(c, "x")->fencing_count, 2));
	cr_expect(eq(int, h.count[CONFIGS_TASKS], 1));
	cr_expect(eq(i64, configs_offset(c), 5));
	configs_free(&c);
}

Test(configs, incomplete_commit_reads_as_no_tasks_until_a_complete_one)
{
	struct heard h = HEARD_NOTHING;
	struct configs *c = configs_new(on_event, &h);

	REPLAY(c, "connector-x", CONFIG);
	REPLAY(c, "task-x-1", "{\"properties\":{\"n\":\"1\"}}");
	REPLAY(c, "commit-x", "{\"tasks\":2}");
	cr_expect(configs_find(c, "x")->inconsistent);
	cr_expect(configs_find(c, "x")->tasks == NULL);
	cr_expect(eq(int, configs_find(c, "x")->generation, -1));
	/* what was buffered is gone: 0 alone is one too few again */
	REPLAY(c, "task-x-0", "{\"properties\":{\"n\":\"0\"}}");
	REPLAY(c, "commit-x", "{\"tasks\":2}");
	cr_expect(configs_find(c, "x")->inconsistent);
	REPLAY(c, "task-x-0", "{\"properties\":{\"n\":\"0\"}}");
	REPLAY(c, "task-x-7", "{\"properties\":{\"n\":\"7\"}}");
	REPLAY(c, "commit-x", "{\"tasks\":1}");
	cr_expect(not(configs_find(c, "x")->inconsistent));
	cr_expect(eq(sz, configs_find(c, "x")->task_count, 1));
	configs_free(&c);
}

Test(configs, target_states_are_read_in_both_forms)
{
	static const struct {
		const char *value;
		enum target_state target;
	} rows[] = {
		{ "{\"state\":\"PAUSED\"}", TARGET_PAUSED },
		{ "{\"state\":\"PAUSED\",\"state.v2\":\"STOPPED\"}",
		    TARGET_STOPPED },
		{ "{\"state\":\"STARTED\",\"state.v2\":7}", TARGET_STARTED },
		{ NULL, TARGET_STARTED },
	};
	struct heard h = HEARD_NOTHING;
	struct configs *c = configs_new(on_event, &h);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		REPLAY(c, "connector-x", CONFIG);
		REPLAY(c, "target-state-x", rows[i].value);
		cr_expect(
		    eq(int, configs_find(c, "x")->target, rows[i].target));
	}
	configs_free(&c);
}

Test(configs, target_written_first_counts_when_the_connector_comes)
{
	struct heard h = HEARD_NOTHING;
	struct configs *c = configs_new(on_event, &h);

	REPLAY(c, "target-state-x", "{\"state.v2\":\"STOPPED\"}");
	cr_expect(configs_find(c, "x") == NULL);
	cr_expect(eq(sz, configs_count(c), 0));
	REPLAY(c, "connector-x", CONFIG);
	cr_expect(eq(int, configs_find(c, "x")->target, TARGET_STOPPED));
	configs_free(&c);
}

Test(configs, deleted_connector_takes_its_tasks_with_it)
{
	struct heard h = HEARD_NOTHING;
	struct configs *c = configs_new(on_event, &h);

	REPLAY(c, "connector-x", CONFIG);
	REPLAY(c, "task-x-0", CONFIG);
	REPLAY(c, "commit-x", "{\"tasks\":1}");
	REPLAY(c, "connector-x", NULL);
	REPLAY(c, "target-state-x", NULL);
	cr_expect(configs_find(c, "x") == NULL);
	/* leftovers of the deleted one */
	REPLAY(c, "task-x-0", CONFIG);
	REPLAY(c, "commit-x", "{\"tasks\":1}");
	cr_expect(configs_find(c, "x") == NULL);
	REPLAY(c, "connector-x", CONFIG);
	cr_expect(eq(sz, configs_find(c, "x")->task_count, 0));
	cr_expect(eq(int, h.count[CONFIGS_CONNECTOR_GONE], 1));
	configs_free(&c);
}

Test(configs, restarts_and_loggers_count_only_live)
{
	struct heard h = HEARD_NOTHING;
	struct configs *c = configs_new(on_event, &h);
	const char *restart = "{\"include-tasks\":true,\"only-failed\":false}";

	REPLAY(c, "restart-connector-x", restart);
	REPLAY(c, "logger-cluster-a", "{\"level\":\"DEBUG\"}");
	cr_expect(eq(int, h.count[CONFIGS_RESTART], 0));
	cr_expect(eq(int, h.count[CONFIGS_LOGGER], 0));
	LIVE(c, "restart-connector-x", restart);
	cr_expect(eq(int, h.count[CONFIGS_RESTART], 1));
	cr_expect(h.last.include_tasks);
	cr_expect(not(h.last.only_failed));
	LIVE(c, "logger-cluster-a", "{\"level\":\"DEBUG\"}");
	cr_expect(eq(int, h.count[CONFIGS_LOGGER], 1));
	configs_free(&c);
}

Test(configs, bad_records_are_told_and_skipped)
{
	static const struct {
		const char *key, *value;
	} rows[] = {
		{ "nonsense", "{}" },
		{ "connector-x", "[]" },
		{ "connector-x", "{" },
		{ "connector-x", "{\"properties\":1}" },
		{ "connector-x", "{}" },
		{ "task-x-0", NULL },
		{ "task-x-0", "{\"properties\":[]}" },
		{ "commit-x", "{\"tasks\":-1}" },
		{ "commit-x", "{\"tasks\":\"1\"}" },
		{ "commit-x", NULL },
		{ "target-state-x", "{\"state\":\"FLYING\"}" },
		{ "target-state-x", "{}" },
		{ "tasks-fencing-x", "{}" },
		{ "session-key", "{\"key\":1}" },
		{ "session-key", NULL },
	};
	struct heard h = HEARD_NOTHING;
	struct configs *c = configs_new(on_event, &h);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		REPLAY(c, rows[i].key, rows[i].value);
		cr_expect(eq(int, h.count[CONFIGS_BAD], (int)i + 1), "%s=%s",
		    rows[i].key, rows[i].value);
	}
	cr_expect(eq(sz, configs_count(c), 0));
	cr_expect(
	    eq(i64, configs_offset(c), (int64_t)(sizeof rows / sizeof *rows)));
	configs_free(&c);
}

Test(configs, numbers_may_look_like_fractions)
{
	struct heard h = HEARD_NOTHING;
	struct configs *c = configs_new(on_event, &h);

	REPLAY(c, "connector-x", CONFIG);
	REPLAY(c, "task-x-0", CONFIG);
	REPLAY(c, "commit-x", "{\"tasks\":1.0}");
	cr_expect(eq(sz, configs_find(c, "x")->task_count, 1));
	configs_free(&c);
}

Test(configs, our_own_records_are_handed_on)
{
	struct heard h = HEARD_NOTHING;
	struct configs *c = configs_new(on_event, &h);

	LIVE(c, "penstock-leader", "any bytes");
	cr_expect(eq(int, h.count[CONFIGS_PENSTOCK], 1));
	cr_expect(eq(sz, h.last.value_len, 9));
	configs_free(&c);
}

Test(configs, what_connect_wrote_reads_as_connect_reads_it)
{
	struct heard h = HEARD_NOTHING;
	struct configs *c = configs_new(on_event, &h);
	const struct configs_connector *x;
	struct capture cap;

	capture_load(&cap, "configs");
	for (size_t i = 0; i < cap.count; i++)
		configs_apply(c, &cap.pairs[i], cap.offsets[i], CONFIGS_REPLAY);
	cr_expect(eq(int, h.count[CONFIGS_BAD], 0), "%s", h.text);
	cr_assert(eq(sz, configs_count(c), 4));
	cr_expect(eq(str, (char *)configs_at(c, 0)->name, "bad"));
	cr_expect(configs_find(c, "gone") == NULL);
	x = configs_find(c, "file-b-2");
	cr_expect(eq(int, x->target, TARGET_STOPPED));
	cr_expect(eq(sz, x->task_count, 0));
	x = configs_find(c, "snk");
	cr_expect(eq(int, x->target, TARGET_STARTED));
	cr_assert(eq(sz, x->task_count, 2));
	cr_expect(eq(str, (char *)ps_config_str(&x->tasks[1], "task.class"),
	    "org.apache.kafka.connect.file.FileStreamSinkTask"));
	cr_expect(eq(int, x->generation, 1));
	x = configs_find(c, "file-a");
	cr_expect(eq(int, x->fencing_count, 1));
	cr_expect(not(x->pending_fencing));
	cr_expect(
	    eq(str, (char *)configs_session_key(c)->algorithm, "HmacSHA256"));
	arena_free(&cap.a);
	configs_free(&c);
}

/* Members of an object come in any order in Java. */
static void
expect_same(const struct store_pair *ours, const struct store_pair *theirs)
{
	json_t *x, *y;

	cr_assert(eq(str, (char *)ours->key, (char *)theirs->key));
	cr_assert(eq(int, ours->value == NULL, theirs->value == NULL));
	if (ours->value == NULL)
		return;
	x = json_loads(ours->value, 0, NULL);
	y = json_loads(theirs->value, 0, NULL);
	cr_expect(json_equal(x, y) == 1, "%s", ours->value);
	cr_expect(eq(sz, ours->value_len, theirs->value_len));
	json_decref(x);
	json_decref(y);
}

/* The record that we would write for what the state now says. */
static struct store_pair
write_again(struct ps_arena *a, const struct configs *c, const struct key *k,
    const struct store_pair *theirs)
{
	const struct configs_connector *x = configs_find(c, k->name);
	json_t *j =
	    theirs->value == NULL ? NULL : json_loads(theirs->value, 0, NULL);
	struct ps_config config;
	struct store_pair p = *theirs;

	switch (k->kind) {
	case KEY_CONNECTOR:
		p = x == NULL ? configs_delete(a, k->name).items[0]
			      : configs_put_connector(a, k->name, &x->config);
		break;
	case KEY_TARGET_STATE:
		p = x == NULL ? configs_delete(a, k->name).items[1]
			      : configs_put_target(a, k->name, x->target);
		break;
	case KEY_TASK:
		cr_assert(eq(int,
		    js_to_config(a, json_object_get(j, "properties"), &config,
			NULL),
		    0));
		if (k->task == 0)
			p = configs_put_tasks(a, k->name, &config, 1).items[0];
		break;
	case KEY_COMMIT:
		p = configs_put_commit(a, k->name, x->task_count);
		break;
	case KEY_FENCING:
		p = configs_put_fencing(a, k->name, (size_t)x->fencing_count);
		break;
	case KEY_SESSION:
		p = configs_put_session_key(a, configs_session_key(c));
		break;
	case KEY_RESTART:
		p = configs_put_restart(a, k->name, CONFIGS_RESTART_TASKS);
		break;
	case KEY_LOGGER:
		p = configs_put_logger(a, k->name, "WARN");
		break;
	default:
		break;
	}
	json_decref(j);
	return p;
}

Test(configs, what_we_write_is_what_connect_writes)
{
	struct heard h = HEARD_NOTHING;
	struct configs *c = configs_new(on_event, &h);
	struct capture cap;

	capture_load(&cap, "configs");
	for (size_t i = 0; i < cap.count; i++) {
		struct key k = key_parse_config(cap.a, cap.pairs[i].key,
		    cap.pairs[i].key_len);
		struct store_pair ours;

		configs_apply(c, &cap.pairs[i], cap.offsets[i], CONFIGS_REPLAY);
		ours = write_again(cap.a, c, &k, &cap.pairs[i]);
		expect_same(&ours, &cap.pairs[i]);
	}
	arena_free(&cap.a);
	configs_free(&c);
}

/* Compaction may take any record that a later one of its key supersedes. */
static bool
is_superseded(const struct capture *cap, size_t i)
{
	for (size_t j = i + 1; j < cap->count; j++)
		if (strcmp(cap->pairs[i].key, cap->pairs[j].key) == 0)
			return true;
	return false;
}

Test(configs, compaction_changes_nothing_that_is_complete, .timeout = 60)
{
	struct heard h = HEARD_NOTHING;
	struct configs *whole = configs_new(on_event, &h);
	struct capture cap;
	unsigned seed = 1;
	char *expected;

	capture_load(&cap, "configs");
	for (size_t i = 0; i < cap.count; i++)
		configs_apply(whole, &cap.pairs[i], cap.offsets[i],
		    CONFIGS_REPLAY);
	expected = state_text(cap.a, whole);
	for (int round = 0; round < 2000; round++) {
		struct configs *c = configs_new(on_event, &h);

		for (size_t i = 0; i < cap.count; i++)
			if (!is_superseded(&cap, i) || rand_r(&seed) % 2)
				configs_apply(c, &cap.pairs[i], cap.offsets[i],
				    CONFIGS_REPLAY);
		cr_assert(eq(str, state_text(cap.a, c), expected));
		configs_free(&c);
	}
	configs_free(&whole);
	arena_free(&cap.a);
}

/* Whatever of it compaction has left. */
Test(configs, of_a_connector_that_is_gone_no_name_is_kept)
{
	struct heard h = HEARD_NOTHING;
	struct configs *c = configs_new(on_event, &h);

	REPLAY(c, "task-w-0", "{\"properties\":{}}");
	REPLAY(c, "commit-w", "{\"tasks\":1}");
	REPLAY(c, "target-state-w", NULL);
	REPLAY(c, "connector-w", NULL);
	cr_expect(eq(sz, c->count, 0));
	REPLAY(c, "connector-x", CONFIG);
	REPLAY(c, "task-x-0", "{\"properties\":{\"n\":\"0\"}}");
	REPLAY(c, "commit-x", "{\"tasks\":1}");
	REPLAY(c, "target-state-x", "{\"state\":\"STARTED\"}");
	REPLAY(c, "connector-x", NULL);
	REPLAY(c, "target-state-x", NULL);
	cr_expect(eq(sz, c->count, 0));
	/* Those of a namesake are to be fenced. */
	REPLAY(c, "connector-y", CONFIG);
	REPLAY(c, "tasks-fencing-y", "{\"task-count\":3}");
	REPLAY(c, "connector-y", NULL);
	REPLAY(c, "target-state-y", NULL);
	REPLAY(c, "connector-y", CONFIG);
	cr_expect(eq(int, configs_find(c, "y")->fencing_count, 3));
	configs_free(&c);
}

Test(configs, tasks_are_written_only_when_something_differs)
{
	struct heard h = HEARD_NOTHING;
	struct configs *c = configs_new(on_event, &h);
	struct ps_setting one = { "n", "0" }, other = { "n", "9" };
	struct ps_config same = { &one, 1 }, changed = { &other, 1 };

	REPLAY(c, "connector-x", CONFIG);
	cr_expect(configs_tasks_differ(configs_find(c, "x"), &same, 1));
	REPLAY(c, "task-x-0", "{\"properties\":{\"n\":\"0\"}}");
	REPLAY(c, "commit-x", "{\"tasks\":1}");
	cr_expect(not(configs_tasks_differ(configs_find(c, "x"), &same, 1)));
	cr_expect(configs_tasks_differ(configs_find(c, "x"), &changed, 1));
	cr_expect(configs_tasks_differ(configs_find(c, "x"), &same, 0));
	REPLAY(c, "connector-x", "{\"properties\":{\"a\":\"b\"}}");
	cr_expect(configs_tasks_differ(configs_find(c, "x"), &same, 1));
	configs_free(&c);
}

Test(configs, says_how_many_earlier_tasks_are_to_be_fenced)
{
	static const struct {
		const char *fencing; /* NULL: none was written */
		int tasks;
		size_t to_fence, ids;
	} rows[] = {
		{ NULL, 3, 0, 0 }, /* none ran exactly once */
		{ NULL, 0, 0, 0 },
		{ "{\"task-count\":3}", 3, 3, 3 },
		{ "{\"task-count\":3}", 1, 3, 3 },
		{ "{\"task-count\":3}", 0, 3, 3 }, /* it was stopped */
		{ "{\"task-count\":1}", 2, 1, 1 }, /* the second has to wait */
		{ "{\"task-count\":1}", 1, 0, 1 }, /* it takes over the id */
		{ "{\"task-count\":0}", 1, 0, 0 },
		{ "{\"task-count\":0}", 0, 0, 0 },
	};
	struct heard h = HEARD_NOTHING;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct configs *c = configs_new(on_event, &h);
		char key[32], commit[32];

		REPLAY(c, "connector-x", CONFIG);
		if (rows[i].fencing != NULL)
			REPLAY(c, "tasks-fencing-x", rows[i].fencing);
		cr_expect(eq(sz, configs_to_fence(configs_find(c, "x")), 0));
		for (int n = 0; n < rows[i].tasks; n++) {
			(void)snprintf(key, sizeof key, "task-x-%d", n);
			REPLAY(c, key, "{\"properties\":{}}");
		}
		(void)snprintf(commit, sizeof commit, "{\"tasks\":%d}",
		    rows[i].tasks);
		REPLAY(c, "commit-x", commit);
		cr_expect(eq(sz, configs_to_fence(configs_find(c, "x")),
			      rows[i].to_fence),
		    "row %zu", i);
		cr_expect(
		    eq(sz, configs_ids(configs_find(c, "x")), rows[i].ids),
		    "row %zu", i);
		REPLAY(c, "tasks-fencing-x", "{\"task-count\":7}");
		cr_expect(eq(sz, configs_to_fence(configs_find(c, "x")), 0),
		    "row %zu", i);
		cr_expect(eq(sz, configs_ids(configs_find(c, "x")), 7));
		configs_free(&c);
	}
}
