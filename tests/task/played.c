#include "tests/task/played.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>

#include "base/js.h"

enum { PIECES = 100 };

static const struct msg_side from_task = { MSG_TASK, MSG_UP, MSG_DATA };

void
played_begin(struct played *p)
{
	int fds[2];

	cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	memset(p, 0, sizeof *p);
	gauges_init(&p->gauges);
	p->task.gauges = &p->gauges;
	p->task.uplink = uplink_new(fds[0], MSG_TASK);
	p->task.timer_fd = p->task.wake_fd = -1;
	p->task.retry_after_ms = -1;
	p->worker = channel_new(fds[1]);
}

static json_t *
map_of(const struct ps_setting *rows)
{
	struct ps_config c = { rows, 0 };

	while (rows != NULL && rows[c.count].key != NULL)
		c.count++;
	return js_from_config(&c);
}

int
played_configure(struct played *p, const struct ps_setting *worker,
    const struct ps_setting *connector, struct ps_error *err)
{
	struct settings *s = &p->task.settings;
	struct redact *redact = uplink_redact(p->task.uplink);
	struct msg_config m = { .connector = "c",
		.worker = map_of(worker),
		.config = map_of(connector),
		.plugins =
		    json_pack("[s, s]", BUILD "/plugins", BUILD "/fixtures"),
		/* A worker names all that it has listed. */
		.known = json_pack("[[s, s]]", "transformation",
		    "org.apache.kafka.connect.transforms.RegexRouter") };
	int result = settings_begin(s, &m, err);

	json_decref(m.worker);
	json_decref(m.config);
	json_decref(m.plugins);
	json_decref(m.known);
	if (result != 0 || task_init(&p->task, &task_hooks, err) != 0 ||
	    settings_worker(s, host_abi(p->task.host), redact, err) != 0)
		return -1;
	return settings_connector(s, redact, err);
}

void
played_end(struct played *p)
{
	task_fini(&p->task);
	uplink_free(&p->task.uplink);
	gauges_fini(&p->gauges);
	channel_free(&p->worker);
}

struct producer *
played_producer(const struct mock *m, producer_report_fn *report, void *ctx)
{
	const struct ps_setting rows[] = { { "bootstrap.servers", m->servers },
		{ "buffer.memory", "65536" } };
	const struct ps_config config = { rows, 2 };
	struct ps_error err = { 0 };
	struct producer *made = producer_new(&config, report, ctx, &err);

	cr_assert(made != NULL, "%s", err.text);
	return made;
}

int
played_heard(struct played *p, struct msg *m)
{
	struct ps_error err = { 0 };
	int got = 0;

	/* A large message comes in pieces of what the socket holds. */
	for (int i = 0; i < PIECES && got == 0; i++) {
		(void)uplink_serve(p->task.uplink, &err);
		(void)channel_read(p->worker, &err);
		got = msg_next(p->worker, &from_task, m, &err);
		cr_assert(got >= 0, "%s", err.text);
	}
	return got;
}
