#include "child/child.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/js.h"
#include "base/log.h"
#include "child/crash.h"
#include "child/limits.h"
#include "child/term.h"
#include "config/fence.h"

enum { CONFIG_MS = 60000, FLUSH_MS = 2000 };

static int
wait_config(struct child *c, struct ps_error *err)
{
	if (uplink_wait(c->uplink, CONFIG_MS, &c->config, err) < 0)
		return -1;
	if (c->config.type != MSG_TYPE_CONFIG)
		return ps_fail(err, PS_E_FATAL,
		    "the first message is %s, expected config",
		    msg_name(c->config.type));
	return 0;
}

void
child_close_jail(const struct child *c, enum jail_kind kind)
{
	struct ps_setting jail = { "task.jail",
		js_opt_str(c->config.config.worker, "task.jail") };
	struct ps_config worker = { &jail, 1 };

	if (!fence_calls(&worker))
		return;
	if (!jail_close(kind))
		log_warn("task", "no system call filter: %s", strerror(errno));
}

int
child_begin(struct child *c, enum msg_role role)
{
	struct ps_error err = { 0 };

	memset(c, 0, sizeof *c);
	c->role = role;
	limits_begin();
	gauges_init(&c->gauges);
	crash_watch(&c->gauges);
	c->uplink = uplink_new(MSG_DATA_FD, role);
	/* An inspector runs alone and briefly: it forks (plugin/guard.h). */
	if (role != MSG_INSPECT) {
		term_watch(&c->gauges);
		c->control =
		    control_start(MSG_CONTROL_FD, role, &c->gauges, &err);
	}
	if (role == MSG_INSPECT || c->control != NULL) {
		uplink_take_logs(c->uplink);
		if (wait_config(c, &err) == 0) {
			child_close_jail(c,
			    role == MSG_INSPECT ? JAIL_FORKING : JAIL_ALONE);
			return 0;
		}
	}
	(void)child_end(c, &err);
	return -1;
}

int
child_end(struct child *c, const struct ps_error *why)
{
	bool failed = why->code != PS_OK;

	if (failed)
		uplink_failed(c->uplink, why);
	uplink_flush(c->uplink, FLUSH_MS);
	msg_fini(&c->config);
	uplink_free(&c->uplink);
	control_stop(&c->control);
	gauges_fini(&c->gauges);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
