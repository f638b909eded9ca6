#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "child/child.h"
#include "child/limits.h"
#include "child/paths.h"
#include "child/roles.h"
#include "child/weight.h"
#include "task/own_offsets.h"
#include "task/task.h"

enum { STORED_MS = 60000 };

/* One [key, value] pair; what is not ours is skipped with a word. */
static void
take_pair(struct task *t, const json_t *pair)
{
	const char *key = json_string_value(json_array_get(pair, 0));
	const char *value = json_string_value(json_array_get(pair, 1));
	struct ps_error err = { 0 };

	if (key != NULL && partition_set_stored(host_partitions(t->host), key,
			       value, &err) != 0)
		log_warn("task", "%s", err.text);
}

static int
take_stored(struct task *t, struct ps_error *err)
{
	bool last = false;

	while (!last) {
		struct msg m;
		const json_t *pair;
		size_t i;

		if (uplink_wait(t->uplink, STORED_MS, &m, err) < 0)
			return ps_fail_in(err, "stored offsets");
		if (m.type != MSG_TYPE_STORED) {
			(void)ps_fail(err, PS_E_FATAL,
			    "message %s came before the stored offsets",
			    msg_name(m.type));
			msg_fini(&m);
			return -1;
		}
		json_array_foreach(m.stored.items, i, pair) take_pair(t, pair);
		last = m.stored.last;
		msg_fini(&m);
	}
	return 0;
}

/* Exactly-once sources read when the time has come (txn.h). */
static bool
has_own_topic(const struct settings *s)
{
	return !s->standalone && !settings_is_sink(s) &&
	       !settings_is_exactly_once(s) &&
	       ps_config_has(&s->config, "offsets.storage.topic");
}

static int
enclose(struct settings *s, const json_t *plugins, struct ps_error *err)
{
	struct ps_error unresolved = { 0 };

	if (paths_enclose(s, plugins, &s->raw, &unresolved, err) != 0)
		return -1;
	if (unresolved.code == PS_OK)
		return 0;
	*err = unresolved;
	return -1;
}

static int
prepare(struct task *t, struct child *c, struct weight *w, struct ps_error *err)
{
	const struct msg_config *m = &c->config.config;
	struct redact *redact = uplink_redact(c->uplink);
	struct settings *s = &t->settings;

	if (settings_begin(s, m, err) != 0 ||
	    task_init(t, &task_hooks, err) != 0)
		return -1;
	if (m->stored_follows && take_stored(t, err) != 0)
		return -1;
	if (settings_worker(s, host_abi(t->host), redact, err) != 0)
		return -1;
	if (enclose(s, m->plugins, err) != 0 ||
	    settings_connector(s, redact, err) != 0)
		return -1;
	limits_files(settings_int(s, "task.open.files", 0));
	limits_memory(settings_int(s, "task.memory.bytes", 0));
	weight_set(w, settings_int(s, "task.cpu.weight", 0), t->gauges);
	if (s->starts_paused)
		atomic_store(&t->gauges->pause, true);
	if (has_own_topic(s) &&
	    own_offsets_read(t, settings_offsets_topic(s), NULL, err) != 0)
		return -1;
	return task_open_plugins(t, err);
}

static enum task_end
run(struct task *t, struct child *c, struct weight *w, struct ps_error *err)
{
	t->gauges = &c->gauges;
	t->uplink = c->uplink;
	if (prepare(t, c, w, err) != 0)
		return TASK_FAILED;
	return (settings_is_sink(&t->settings) ? sink_run : source_run)(t, err);
}

int
task_main(int argc, char **argv)
{
	struct child c;
	struct task t = { .wake_fd = -1, .timer_fd = -1 };
	struct weight w = weight_begin();
	struct msg completed = { .type = MSG_TYPE_COMPLETED };
	struct ps_error err = { 0 };
	enum task_end end;

	(void)argc;
	(void)argv;
	if (child_begin(&c, MSG_TASK) != 0)
		return EXIT_FAILURE;
	end = run(&t, &c, &w, &err);
	if (t.host != NULL)
		uplink_metrics(c.uplink, host_metrics(t.host));
	if (end == TASK_COMPLETED)
		(void)uplink_send(c.uplink, &completed, &err);
	if (end == TASK_FAILED && err.code == PS_OK)
		(void)ps_fail(&err, PS_E_FATAL, "failed without a reason");
	task_fini(&t);
	return child_end(&c, &err);
}
