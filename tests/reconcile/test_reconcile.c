#include "reconcile/reconcile.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "tests/worker/node.h"

static struct node n;

static void
on_stopped(void *ctx)
{
	((struct node *)ctx)->stopped = true;
}

static struct inventory *inventory;

static void
make_reconcile(void)
{
	struct reconcile_env env = { .loop = &n.loop,
		.gate = &n.gate,
		.options = n.options,
		.errands = &n.errands,
		.journal = n.journal,
		.inventory = inventory,
		.metrics = n.metrics,
		.worker_id = "node:8083",
		.incarnation = "i-1",
		.keep_fd = -1,
		.stopped = on_stopped,
		.ctx = &n };

	n.reconcile = reconcile_new(&env);
}

static void
setup(void)
{
	node_begin(&n);
	inventory = inventory_new(&n.errands);
	inventory_refresh(inventory, NULL, NULL);
	NODE_UNTIL(&n, inventory_plugins(inventory) != NULL);
	make_reconcile();
}

static void
teardown(void)
{
	reconcile_stop(n.reconcile);
	NODE_UNTIL(&n, n.stopped);
	reconcile_free(&n.reconcile);
	inventory_free(&inventory);
	node_end(&n);
}

TestSuite(reconcile, .init = setup, .fini = teardown, .timeout = 60);

/* ---- What people do ---- */

/* Rows of {key, value}, an empty one ends them. */
static void
put(const char *name, const struct ps_setting *rows)
{
	struct ps_config c = { rows, 0 };

	while (rows[c.count].key != NULL)
		c.count++;
	node_append(&n, JOURNAL_CONFIG,
	    configs_put_connector(n.arena, name, &c));
}

static void
target(const char *name, enum target_state s)
{
	node_append(&n, JOURNAL_CONFIG, configs_put_target(n.arena, name, s));
}

static void delete (const char *name)
{
	struct store_pairs both = configs_delete(n.arena, name);

	journal_append(n.journal, JOURNAL_CONFIG, &both, NULL, NULL);
}

static void
restart(const char *name, unsigned flags)
{
	node_append(&n, JOURNAL_CONFIG,
	    configs_put_restart(n.arena, name, flags));
}

/* ---- What they see ---- */

static const struct status *
status(const char *name, int task)
{
	const struct statuses *all = journal_statuses(n.journal);

	return task < 0 ? statuses_connector(all, name)
			: statuses_task(all, name, task);
}

static bool
is(const char *name, int task, const char *state)
{
	const struct status *st = status(name, task);

	return st != NULL && strcmp(st->state, state) == 0;
}

static pid_t
pid(const char *name, int task)
{
	struct task_view v;

	return reconcile_task(n.reconcile, name, task, &v) ? v.pid : 0;
}

#define RUNS(name)   is(name, -1, "RUNNING")
#define FAILED(name) is(name, -1, "FAILED")

#define ACME                                               \
	{                                                  \
		"connector.class", "com.acme.RunConnector" \
	}

static const struct ps_setting two[] = { ACME, { "tasks", "2" },
	{ "tasks.max", "2" }, { 0 } };
static const struct ps_setting one[] = { ACME, { "tasks", "1" }, { 0 } };

/* ---- Tasks ---- */

Test(reconcile, a_connector_gets_its_tasks_and_all_say_that_they_run)
{
	const struct configs_connector *c;

	reconcile_begin(n.reconcile);
	put("run-x", two);
	NODE_UNTIL(&n, RUNS("run-x") && is("run-x", 0, "RUNNING") &&
			   is("run-x", 1, "RUNNING"));
	c = configs_find(journal_configs(n.journal), "run-x");
	cr_assert(eq(sz, c->task_count, 2));
	cr_expect(eq(str, (char *)ps_config_str(&c->tasks[1], "slice"), "1"));
	cr_expect(eq(str, (char *)ps_config_str(&c->tasks[1], "task.class"),
	    "com.acme.RunTask"));
	cr_expect(eq(str, (char *)status("run-x", 1)->worker_id, "node:8083"));
	cr_expect(eq(str, (char *)status("run-x", -1)->version, "1.2.3"));
	cr_expect(ne(int, pid("run-x", 0), pid("run-x", 1)));
	cr_expect(not(reconcile_is_idle(n.reconcile, "run-x")));
	cr_expect(eq(sz, reconcile_counts(n.reconcile).tasks, 2));
}

/* What a topic says was never validated by us. */
Test(reconcile, no_limit_that_is_none_harms_the_worker)
{
	static const struct ps_setting rows[][4] = {
		{ ACME, { "errors.restart.delay.initial.ms", "120000" } },
		{ ACME, { "errors.restart.delay.max.ms", "0" } },
		{ ACME, { "errors.restart.delay.initial.ms", "-5" },
		    { "errors.restart.delay.max.ms", "-7" } },
		{ ACME, { "task.hang.timeout.ms", "0" } },
		{ ACME, { "task.hang.timeout.ms", "-1" } },
	};
	char name[16];

	reconcile_begin(n.reconcile);
	for (int i = 0; i < 5; i++) {
		(void)snprintf(name, sizeof name, "run-%d", i);
		put(name, rows[i]);
		NODE_UNTIL(&n, is(name, 0, "RUNNING"));
	}
}

static void
on_let_in(void *ctx)
{
	(void)ctx;
}

/* As at a worker's start: others' processes come first. */
Test(reconcile, a_connector_that_waits_for_its_start_does_not_hang)
{
	static const struct ps_setting rows[] = { ACME,
		{ "task.hang.timeout.ms", "3000" }, { 0 } };
	struct gate_ticket others[16] = { 0 };
	struct clock_ms began;

	for (size_t i = 0; i < 16; i++) {
		others[i].enter = on_let_in;
		gate_wait(&n.gate, &others[i]);
	}
	reconcile_begin(n.reconcile);
	put("run-x", rows);
	NODE_UNTIL(&n, reconcile_counts(n.reconcile).connector_starts == 1);
	began = clock_now();
	NODE_UNTIL(&n, clock_since(began, clock_now()) > 3200);
	for (size_t i = 0; i < 16; i++)
		gate_leave(&n.gate, &others[i]);
	NODE_UNTIL(&n, RUNS("run-x"));
	cr_expect(
	    eq(int, (int)reconcile_counts(n.reconcile).connector_failures, 0));
}

Test(reconcile, a_task_is_restarted_so_often_as_its_key_says)
{
	static const struct ps_setting rows[] = { ACME,
		{ "errors.restart.max", "2" }, { 0 } };
	struct task_view v = { 0 };

	reconcile_begin(n.reconcile);
	put("retry-x", rows);
	NODE_UNTIL(&n,
	    reconcile_task(n.reconcile, "retry-x", 0, &v) &&
		v.state == TASK_FAILED && v.next_action != NULL &&
		strstr(v.next_action, "when the cause is gone") != NULL);
	cr_expect(eq(uint, v.restarts, 2));
}

Test(reconcile, nothing_runs_before_the_logs_are_read)
{
	put("run-x", one);
	for (int i = 0; i < 10; i++)
		(void)uv_run(&n.loop, UV_RUN_NOWAIT);
	cr_expect(eq(sz, reconcile_counts(n.reconcile).connectors, 0));
	reconcile_begin(n.reconcile);
	NODE_UNTIL(&n, is("run-x", 0, "RUNNING"));
}

Test(reconcile, the_same_configuration_again_restarts_no_task)
{
	pid_t before;
	int64_t written;

	reconcile_begin(n.reconcile);
	put("run-x", one);
	NODE_UNTIL(&n, RUNS("run-x") && is("run-x", 0, "RUNNING"));
	before = pid("run-x", 0);
	written =
	    configs_find(journal_configs(n.journal), "run-x")->tasks_offset;
	put("run-x", one);
	NODE_UNTIL(&n, reconcile_counts(n.reconcile).connector_starts == 2);
	NODE_UNTIL(&n, RUNS("run-x") && status("run-x", -1)->since_ms > 0);
	put("run-y", one); /* what comes after it has been worked off */
	NODE_UNTIL(&n, is("run-y", 0, "RUNNING"));
	cr_expect(eq(int, pid("run-x", 0), before));
	cr_expect(eq(i64,
	    configs_find(journal_configs(n.journal), "run-x")->tasks_offset,
	    written));
}

Test(reconcile, fewer_tasks_leave_no_status_of_the_others)
{
	pid_t before;

	reconcile_begin(n.reconcile);
	put("run-x", two);
	NODE_UNTIL(&n, is("run-x", 0, "RUNNING") && is("run-x", 1, "RUNNING"));
	before = pid("run-x", 0);
	put("run-x", one);
	NODE_UNTIL(&n, status("run-x", 1) == NULL && pid("run-x", 0) != 0 &&
			   pid("run-x", 0) != before);
	NODE_UNTIL(&n, is("run-x", 0, "RUNNING"));
}

/* ---- Target states ---- */

Test(reconcile, tasks_pause_and_go_on_in_the_same_process)
{
	pid_t before;

	reconcile_begin(n.reconcile);
	put("run-x", one);
	NODE_UNTIL(&n, is("run-x", 0, "RUNNING"));
	before = pid("run-x", 0);
	target("run-x", TARGET_PAUSED);
	NODE_UNTIL(&n, is("run-x", 0, "PAUSED") && is("run-x", -1, "PAUSED"));
	target("run-x", TARGET_STARTED);
	NODE_UNTIL(&n, is("run-x", 0, "RUNNING") && RUNS("run-x"));
	cr_expect(eq(int, pid("run-x", 0), before));
}

Test(reconcile, a_stopped_connector_has_no_task_and_none_is_shown)
{
	reconcile_begin(n.reconcile);
	put("run-x", two);
	NODE_UNTIL(&n, is("run-x", 0, "RUNNING") && is("run-x", 1, "RUNNING"));
	target("run-x", TARGET_STOPPED);
	node_append(&n, JOURNAL_CONFIG,
	    configs_put_commit(n.arena, "run-x", 0));
	NODE_UNTIL(&n, is("run-x", -1, "STOPPED"));
	cr_expect(reconcile_is_idle(n.reconcile, "run-x"));
	cr_expect(status("run-x", 0) == NULL);
	cr_expect(status("run-x", 1) == NULL);
	target("run-x", TARGET_STARTED);
	NODE_UNTIL(&n, is("run-x", 0, "RUNNING") && is("run-x", 1, "RUNNING"));
}

/* They were on their way to the topic when the stop was asked for. */
Test(reconcile, task_configs_that_come_after_a_stop_are_taken_back)
{
	static const struct ps_setting row[] = { ACME, { 0 } };
	const struct ps_config map = { row, 1 };
	const struct configs_connector *c;
	struct store_pairs late;

	reconcile_begin(n.reconcile);
	put("run-x", one);
	NODE_UNTIL(&n, is("run-x", 0, "RUNNING"));
	node_append(&n, JOURNAL_CONFIG,
	    configs_put_commit(n.arena, "run-x", 0));
	target("run-x", TARGET_STOPPED);
	late = configs_put_tasks(n.arena, "run-x", &map, 1);
	journal_append(n.journal, JOURNAL_CONFIG, &late, NULL, NULL);
	node_append(&n, JOURNAL_CONFIG,
	    configs_put_commit(n.arena, "run-x", 1));
	c = configs_find(journal_configs(n.journal), "run-x");
	NODE_UNTIL(&n, is("run-x", -1, "STOPPED") && c->task_count == 0);
	target("run-x", TARGET_STARTED);
	NODE_UNTIL(&n, is("run-x", 0, "RUNNING"));
}

/* An aborted stop hides the number of tasks, not the tasks: the number alone is
 * written again. */
Test(reconcile, a_number_of_tasks_without_these_makes_them_anew)
{
	const struct configs_connector *c;

	reconcile_begin(n.reconcile);
	put("run-x", two);
	NODE_UNTIL(&n, is("run-x", 0, "RUNNING") && is("run-x", 1, "RUNNING"));
	c = configs_find(journal_configs(n.journal), "run-x");
	node_append(&n, JOURNAL_CONFIG,
	    configs_put_commit(n.arena, "run-x", 2));
	cr_assert(c->inconsistent);
	NODE_UNTIL(&n, !c->inconsistent && c->task_count == 2);
	NODE_UNTIL(&n, pid("run-x", 0) != 0 && pid("run-x", 1) != 0);
	NODE_UNTIL(&n, is("run-x", 0, "RUNNING") && is("run-x", 1, "RUNNING"));
}

Test(reconcile, what_is_deleted_is_forgotten)
{
	reconcile_begin(n.reconcile);
	put("run-x", two);
	NODE_UNTIL(&n, is("run-x", 0, "RUNNING"));
	delete ("run-x");
	NODE_UNTIL(&n, status("run-x", -1) == NULL &&
			   status("run-x", 0) == NULL &&
			   status("run-x", 1) == NULL);
	NODE_UNTIL(&n, reconcile_counts(n.reconcile).connectors == 0);
	cr_expect(reconcile_is_idle(n.reconcile, "run-x"));
}

static bool
is_ours(const char *name, int task, const char *state)
{
	return is(name, task, state) &&
	       strcmp(status(name, task)->worker_id, "node:8083") == 0;
}

/* Of a worker that was cut off while its work went here. */
Test(reconcile, a_late_status_of_who_had_it_before_is_answered)
{
	static const char *const late[] = { "RUNNING", "FAILED", "UNASSIGNED" };

	reconcile_begin(n.reconcile);
	put("run-x", two);
	NODE_UNTIL(&n, RUNS("run-x") && is("run-x", 0, "RUNNING") &&
			   is("run-x", 1, "RUNNING"));
	for (size_t i = 0; i < sizeof late / sizeof *late; i++) {
		struct status st = { .state = late[i],
			.worker_id = "zombie:1",
			.incarnation = "z" };

		node_append(&n, JOURNAL_STATUS,
		    statuses_put(n.arena, "run-x", -1, &st));
		node_append(&n, JOURNAL_STATUS,
		    statuses_put(n.arena, "run-x", 1, &st));
		NODE_UNTIL(&n, is_ours("run-x", -1, "RUNNING") &&
				   is_ours("run-x", 1, "RUNNING"));
	}
	node_append(&n, JOURNAL_STATUS,
	    statuses_put(n.arena, "run-x", 0, NULL));
	NODE_UNTIL(&n, is_ours("run-x", 0, "RUNNING"));
}

Test(reconcile, statuses_of_what_is_no_more_go_at_the_start)
{
	struct status old = { .state = "RUNNING", .worker_id = "gone:1" };

	node_append(&n, JOURNAL_STATUS, statuses_put(n.arena, "old", -1, &old));
	node_append(&n, JOURNAL_STATUS, statuses_put(n.arena, "old", 3, &old));
	cr_assert(status("old", 3) != NULL);
	reconcile_begin(n.reconcile);
	NODE_UNTIL(&n, status("old", -1) == NULL && status("old", 3) == NULL);
}

Test(reconcile, at_the_end_nothing_is_assigned)
{
	reconcile_begin(n.reconcile);
	put("run-x", two);
	NODE_UNTIL(&n, is("run-x", 0, "RUNNING") && is("run-x", 1, "RUNNING"));
	reconcile_stop(n.reconcile);
	NODE_UNTIL(&n, n.stopped);
	cr_expect(is("run-x", -1, "UNASSIGNED"));
	cr_expect(is("run-x", 0, "UNASSIGNED"));
	cr_expect(is("run-x", 1, "UNASSIGNED"));
}

/* ---- Failures of the connector ---- */

static const struct {
	struct ps_setting rows[4];
	const char *says;
} wrong[] = {
	{ { { "behave", "refuse:no such table" }, ACME }, "no such table" },
	{ { { "behave", "nonsense" }, ACME }, "no list of tasks" },
	{ { ACME, { "tasks", "3" }, { "tasks.max", "2" } },
	    "has generated 3 tasks, which is greater than 2" },
};

Test(reconcile, a_connector_that_fails_says_why_and_a_new_config_mends_it)
{
	reconcile_begin(n.reconcile);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		char name[16];

		(void)snprintf(name, sizeof name, "run-%zu", i);
		put(name, wrong[i].rows);
		NODE_UNTIL(&n, FAILED(name));
		cr_expect(strstr(status(name, -1)->trace, wrong[i].says) !=
			      NULL,
		    "%s", status(name, -1)->trace);
		cr_expect(eq(int, pid(name, 0), 0));
		put(name, one);
		NODE_UNTIL(&n, RUNS(name) && is(name, 0, "RUNNING"));
	}
	cr_expect(
	    eq(int, (int)reconcile_counts(n.reconcile).connector_failures, 3));
}

Test(reconcile, a_connector_that_dies_is_asked_again)
{
	static const struct ps_setting rows[] = { { "behave", "die" }, ACME,
		{ 0 } };

	reconcile_begin(n.reconcile);
	put("run-x", rows);
	NODE_UNTIL(&n, reconcile_counts(n.reconcile).connector_starts >= 2);
	cr_expect(strstr(status("run-x", -1)->cause, "SIGSEGV") != NULL, "%s",
	    status("run-x", -1)->cause);
}

Test(reconcile, an_outage_is_shown_while_it_lasts)
{
	char path[PATH_MAX], behave[PATH_MAX + 8];
	struct ps_setting rows[] = { { "behave", behave }, ACME, { 0 } };

	(void)snprintf(path, sizeof path, BUILD "/tmp/reconcile-%d", getpid());
	(void)snprintf(behave, sizeof behave, "down:%s", path);
	(void)fclose(fopen(path, "w"));
	reconcile_begin(n.reconcile);
	put("run-x", rows);
	NODE_UNTIL(&n, RUNS("run-x"));
	cr_expect(strstr(status("run-x", -1)->cause, path) != NULL);
	(void)unlink(path);
	NODE_UNTIL(&n, is("run-x", 0, "RUNNING"));
	cr_expect(eq(str, (char *)status("run-x", -1)->cause, ""));
}

Test(reconcile, what_a_connector_watches_makes_new_tasks)
{
	char path[PATH_MAX];
	struct ps_setting rows[] = { ACME, { "watch", path }, { 0 } };

	(void)snprintf(path, sizeof path, BUILD "/tmp/reconcile-%d", getpid());
	reconcile_begin(n.reconcile);
	put("run-x", rows);
	NODE_UNTIL(&n, is("run-x", 0, "RUNNING"));
	(void)fclose(fopen(path, "w"));
	NODE_UNTIL(&n, reconcile_counts(n.reconcile).connector_starts == 2);
}

/* ---- Restarts ---- */

Test(reconcile, a_restart_of_a_task_is_a_new_process)
{
	pid_t before;

	reconcile_begin(n.reconcile);
	put("run-x", one);
	NODE_UNTIL(&n, is("run-x", 0, "RUNNING"));
	before = pid("run-x", 0);
	cr_assert(eq(int, reconcile_restart_task(n.reconcile, "run-x", 0), 0));
	NODE_UNTIL(&n, pid("run-x", 0) != 0 && pid("run-x", 0) != before);
	NODE_UNTIL(&n, is("run-x", 0, "RUNNING"));
	cr_expect(eq(int, reconcile_restart_task(n.reconcile, "run-x", 9), -2));
	cr_expect(
	    eq(int, reconcile_restart_task(n.reconcile, "nobody", 0), -1));
	cr_expect(
	    eq(int, reconcile_restart_connector(n.reconcile, "nobody"), -1));
}

Test(reconcile, a_restart_of_the_connector_leaves_its_tasks)
{
	pid_t before;

	reconcile_begin(n.reconcile);
	put("run-x", one);
	NODE_UNTIL(&n, is("run-x", 0, "RUNNING") && RUNS("run-x"));
	before = pid("run-x", 0);
	cr_assert(
	    eq(int, reconcile_restart_connector(n.reconcile, "run-x"), 0));
	cr_expect(is("run-x", -1, "RESTARTING"));
	NODE_UNTIL(&n, RUNS("run-x"));
	cr_expect(eq(int, pid("run-x", 0), before));
}

Test(reconcile, a_restart_by_record_takes_tasks_or_only_what_failed)
{
	pid_t good;
	static const struct ps_setting rows[] = { ACME,
		{ "errors.restart.enable", "false" }, { 0 } };

	reconcile_begin(n.reconcile);
	put("run-x", one);
	put("config-x", rows); /* its task fails */
	NODE_UNTIL(&n,
	    is("run-x", 0, "RUNNING") && is("config-x", 0, "FAILED"));
	good = pid("run-x", 0);
	restart("run-x", CONFIGS_RESTART_TASKS | CONFIGS_RESTART_FAILED);
	restart("config-x", CONFIGS_RESTART_TASKS | CONFIGS_RESTART_FAILED);
	NODE_UNTIL(&n, reconcile_counts(n.reconcile).task_failures == 2);
	cr_expect(eq(int, pid("run-x", 0), good));
	restart("run-x", CONFIGS_RESTART_TASKS);
	NODE_UNTIL(&n, pid("run-x", 0) != 0 && pid("run-x", 0) != good);
}

/* ---- What tasks say ---- */

static void
note_records(void *ctx, enum metric_kind kind, const char *name,
    const char *labels, double value)
{
	(void)kind;
	if (strcmp(name, "records_total") == 0 &&
	    strcmp(labels, "connector=\"talks-x\",task=\"0\"") == 0)
		*(double *)ctx = value;
}

Test(reconcile, what_a_task_says_is_kept)
{
	double value = 0;

	reconcile_begin(n.reconcile);
	put("talks-x", one);
	NODE_UNTIL(&n,
	    status("talks-x", 0) != NULL &&
		strcmp(status("talks-x", 0)->cause, "stored 7") == 0);
	cr_expect(statuses_has_topic(journal_statuses(n.journal), "talks-x",
	    "lines"));
	metric_each(n.metrics, note_records, &value);
	cr_expect(eq(int, (int)value, 42));
	delete ("talks-x");
	NODE_UNTIL(&n, status("talks-x", -1) == NULL);
	cr_expect(not(statuses_has_topic(journal_statuses(n.journal), "talks-x",
	    "lines")));
}

/* Statuses are readable by whoever may read the topic. */
Test(reconcile, a_password_of_the_configuration_is_in_no_status)
{
	static const struct ps_setting rows[] = { ACME,
		{ "db.password", "hunter2-long" },
		{ "errors.restart.enable", "false" }, { 0 } };

	reconcile_begin(n.reconcile);
	put("secret-x", rows);
	NODE_UNTIL(&n, is("secret-x", 0, "FAILED"));
	cr_expect(strstr(status("secret-x", 0)->trace, "hunter2") == NULL);
	cr_expect(strstr(status("secret-x", 0)->trace,
		      "cannot log in with [hidden]") != NULL,
	    "%s", status("secret-x", 0)->trace);
}

Test(reconcile, a_level_is_set_here_and_in_the_children)
{
	reconcile_begin(n.reconcile);
	node_append(&n, JOURNAL_CONFIG,
	    configs_put_logger(n.arena, "supervisor", "ERROR"));
	cr_expect(eq(int, log_level("supervisor"), PS_ERROR));
	node_append(&n, JOURNAL_CONFIG,
	    configs_put_logger(n.arena, "supervisor", "loud"));
	cr_expect(eq(int, log_level("supervisor"), PS_ERROR));
}
