#include "supervise/child.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "supervise/backlog.h"
#include "supervise/cgroup.h"
#include "supervise/spawn.h"
#include "supervise/timer.h"
#include "supervise/words.h"

#define AREA "child"
/* SIGTERM comes at this share of the limit of a stop. */
#define TERM_SHARE(ms)  ((ms) / 2)
#define OUTPUT_CHUNK    4096
#define CHUNKS_PER_TURN 16

enum watch { WATCH_CONTROL, WATCH_DATA, WATCH_OUTPUT, WATCH_EXIT, WATCHES };

struct wire {
	struct channel *ch;
	struct backlog backlog; /* behind what the channel has */
	struct msg_side side;
	bool broken; /* it said what it may not: no more is read */
};

struct child {
	uv_poll_t polls[WATCHES];
	uv_timer_t timer;
	int handles;

	const struct child_ops *ops;
	void *ctx;
	char *label, *area;
	pid_t pid;
	int pidfd, output;
	struct wire wires[2]; /* by enum msg_wire */

	struct clock_ms heard;
	struct cgroup *cgroup; /* NULL: none */
	int64_t shown;         /* to it */
	int64_t call_ms;       /* as its last beat saw it */
	char call[48];
	struct child_delivered delivered;
	int64_t pending;
	bool unclaimed;
	struct clock_ms progress; /* a record arrived, or none was pending */
	bool suspended, reading, dead, told_yields;
	char killed[160];
	int64_t kill_after_ms;
	struct words words;
};

static const char *const role_names[] = {
	[MSG_TASK] = "task",
	[MSG_CONNECTOR] = "connector",
	[MSG_INSPECT] = "inspect-child",
	[MSG_SCRIBE] = "scribe",
};

static const enum msg_wire wire_of[MSG_TYPE_COUNT] = {
#define MSG(NAME, name, way, wire, roles) [MSG_TYPE_##NAME] = MSG_##wire,
#define FIELD(message, name, kind)
#define END(message)
#include "ipc/msg.def"
#undef MSG
#undef FIELD
#undef END
};

/* ---- ending ------------------------------------------------------------ */

static void
on_handle_closed(uv_handle_t *h)
{
	struct child *c = h->data;

	if (--c->handles > 0)
		return;
	for (size_t i = 0; i < 2; i++) {
		channel_free(&c->wires[i].ch);
		backlog_clear(&c->wires[i].backlog);
	}
	(void)close(c->pidfd);
	(void)close(c->output);
	free(c->label);
	free(c->area);
	free(c);
}

static void
close_handles(struct child *c)
{
	for (size_t i = 0; i < WATCHES; i++)
		uv_close((uv_handle_t *)&c->polls[i], on_handle_closed);
	uv_close((uv_handle_t *)&c->timer, on_handle_closed);
}

void
child_kill(struct child *c, const char *why)
{
	if (c->dead)
		return;
	if (c->killed[0] == '\0')
		(void)snprintf(c->killed, sizeof c->killed, "%s", why);
	log_debug(AREA, "%s: SIGKILL: %s", c->label, why);
	cgroup_urge(c->cgroup);
	(void)kill(c->pid, SIGKILL);
}

static void
on_kill_time(uv_timer_t *t)
{
	struct child *c = t->data;
	char why[sizeof c->killed];

	(void)snprintf(why, sizeof why, "did not end in time%s%s",
	    c->call[0] == '\0' ? "" : ", it hangs in ", c->call);
	child_kill(c, why);
}

static void
on_term_time(uv_timer_t *t)
{
	struct child *c = t->data;

	log_debug(AREA, "%s: SIGTERM", c->label);
	(void)kill(c->pid, SIGTERM);
	timer_in(t, on_kill_time, c->kill_after_ms);
}

void
child_stop(struct child *c, int64_t limit_ms)
{
	struct msg stop = { .type = MSG_TYPE_STOP, .stop.limit_ms = limit_ms };

	if (c->dead)
		return;
	child_send(c, &stop);
	cgroup_urge(c->cgroup);
	c->kill_after_ms = limit_ms - TERM_SHARE(limit_ms);
	timer_in(&c->timer, on_term_time, TERM_SHARE(limit_ms));
}

void
child_expect_end(struct child *c, int64_t limit_ms)
{
	cgroup_urge(c->cgroup);
	if (!c->dead && !uv_is_active((uv_handle_t *)&c->timer))
		timer_in(&c->timer, on_kill_time, limit_ms);
}

/* ---- reading ----------------------------------------------------------- */

static void
take_progress(struct child *c, const json_t *counters)
{
	struct child_delivered d = { js_opt_int(counters, "delivered", 0),
		js_opt_int(counters, "delivered_ms", 0),
		js_opt_int(counters, "newest_ms", 0) };

	bool waits = json_is_true(json_object_get(counters, "waits"));

	if (c->pending == 0 || c->suspended ||
	    (d.records != c->delivered.records && !waits))
		c->progress = clock_now();
	c->pending = js_opt_int(counters, "pending", 0);
	c->delivered = d;
	c->unclaimed = json_is_true(json_object_get(counters, "unclaimed"));
}

static void
take_beat(struct child *c, const struct msg_beat *beat)
{
	(void)snprintf(c->call, sizeof c->call, "%s",
	    beat->call == NULL ? "" : beat->call);
	c->call_ms = beat->at_ms - beat->since_ms;
	c->suspended = beat->suspended;
	take_progress(c, beat->counters);
	c->shown = js_opt_int(beat->counters, "records", 0) +
		   c->delivered.records +
		   js_opt_int(beat->counters, "errors", 0);
	child_look(c);
}

static void
take_log(struct child *c, const struct msg_log *m)
{
	enum ps_level level;

	if (log_level_parse(m->level, &level) != 0)
		level = PS_INFO;
	if (level != PS_DEBUG && !words_may_log(&c->words, c->area))
		return;
	log_at(level, m->area, "%s", m->text);
	if (c->ops->line != NULL)
		c->ops->line(c->ctx, level, m->area, m->text);
}

/* What it printed. */
static void
on_word_line(void *ctx, const char *line)
{
	struct child *c = ctx;

	if (c->ops->line != NULL)
		c->ops->line(c->ctx, PS_WARN, c->area, line);
}

static void
take_message(struct child *c, const struct msg *m)
{
	c->heard = clock_now();
	if (m->type == MSG_TYPE_BEAT)
		take_beat(c, &m->beat);
	if (m->type == MSG_TYPE_LOG)
		take_log(c, &m->log);
	else
		c->ops->message(c->ctx, m);
}

static void
take_messages(struct child *c, struct wire *w)
{
	struct ps_error err = { 0 };
	char why[sizeof c->killed];
	struct msg m;
	int got;

	for (;;) {
		got = msg_next(w->ch, &w->side, &m, &err);
		if (got == 1)
			take_message(c, &m);
		if (got != 0)
			msg_fini(&m);
		if (got != 1)
			break;
	}
	if (got == 0)
		return;
	w->broken = true;
	(void)snprintf(why, sizeof why, "broke the protocol: %.120s", err.text);
	log_error(AREA, "%s: %s", c->label, why);
	child_kill(c, why);
}

static void
read_wire(struct child *c, enum msg_wire which)
{
	struct wire *w = &c->wires[which];
	struct ps_error err = { 0 };
	int open;

	if (w->broken)
		return;
	open = channel_read(w->ch, &err);
	take_messages(c, w);
	if (open != 1 || w->broken)
		(void)uv_poll_stop(&c->polls[which]);
}

static void
read_output(struct child *c)
{
	char chunk[OUTPUT_CHUNK];
	ssize_t n = 0;

	for (int i = 0; i < CHUNKS_PER_TURN; i++) {
		n = read(c->output, chunk, sizeof chunk);
		if (n <= 0)
			break;
		words_take(&c->words, c->area, chunk, (size_t)n);
	}
	if (n == 0)
		(void)uv_poll_stop(&c->polls[WATCH_OUTPUT]);
}

void
child_pump(struct child *c)
{
	if (c->reading)
		return;
	c->reading = true;
	read_wire(c, MSG_CONTROL);
	read_wire(c, MSG_DATA);
	read_output(c);
	c->reading = false;
}

/* What core/child/crash.c says of the call, newer than the last beat. */
static void
take_crash(struct child *c)
{
	static const char mark[] = "penstock: crashed in ";
	const char *at = strstr(c->words.kept, mark);

	if (at == NULL)
		return;
	at += sizeof mark - 1;
	(void)snprintf(c->call, sizeof c->call, "%.*s", (int)strcspn(at, "\n"),
	    at);
}

static void
reap(struct child *c)
{
	struct child_end end = { .killed = NULL };

	if (waitpid(c->pid, &end.status, WNOHANG) != c->pid)
		return;
	cgroup_leave(&c->cgroup);
	(void)uv_timer_stop(&c->timer);
	child_pump(c);
	words_end(&c->words, c->area);
	take_crash(c);
	c->dead = true;
	end.killed = c->killed[0] == '\0' ? NULL : c->killed;
	end.call = c->call[0] == '\0' ? NULL : c->call;
	end.words = c->words.kept;
	c->ops->ended(c->ctx, &end);
	close_handles(c);
}

static int
events_of(const struct child *c, enum msg_wire which)
{
	return channel_is_waiting(c->wires[which].ch)
		   ? UV_READABLE | UV_WRITABLE
		   : UV_READABLE;
}

/* What goes wrong is told by the child's end. */
static void
write_wire(struct wire *w)
{
	struct ps_error err = { 0 };

	if (channel_write(w->ch, &err) == 0)
		(void)backlog_move(&w->backlog, w->ch, &err);
}

static void
on_poll(uv_poll_t *p, int status, int events)
{
	struct child *c = p->data;
	enum watch which = (enum watch)(p - c->polls);

	(void)status;
	if (c->dead)
		return;
	switch (which) {
	case WATCH_CONTROL:
	case WATCH_DATA:
		if (events & UV_WRITABLE) {
			write_wire(&c->wires[which]);
			(void)uv_poll_start(p,
			    events_of(c, (enum msg_wire)which), on_poll);
		}
		if (events & UV_READABLE)
			read_wire(c, (enum msg_wire)which);
		break;
	case WATCH_OUTPUT:
		read_output(c);
		break;
	case WATCH_EXIT:
		reap(c);
		break;
	case WATCHES:
		break;
	}
}

/* ---- starting ---------------------------------------------------------- */

static void
add_poll(struct child *c, uv_loop_t *loop, enum watch which, int fd)
{
	uv_poll_t *p = &c->polls[which];

	p->data = c;
	(void)uv_poll_init(loop, p, fd);
	(void)uv_poll_start(p, UV_READABLE, on_poll);
}

static void
name_child(struct child *c, const struct child_spec *s)
{
	char text[512];
	const char *role = role_names[s->role];

	if (s->task >= 0)
		(void)snprintf(text, sizeof text, "%s.%s-%d", role,
		    s->connector, s->task);
	else
		(void)snprintf(text, sizeof text, "%s%s%s", role,
		    s->connector == NULL ? "" : ".",
		    s->connector == NULL ? "" : s->connector);
	c->area = xstrdup(text);
	c->label = xstrdup(text);
	if (s->connector != NULL)
		c->label[strlen(role)] = ' ';
}

static int
spawn_role(const struct child_spec *s, struct spawned *out,
    struct ps_error *err)
{
	char number[16];
	const char *argv[5] = { "penstock", role_names[s->role], s->connector };
	struct spawn_spec spec = { s->program, argv, s->keep_fd };

	if (s->task >= 0) {
		(void)snprintf(number, sizeof number, "%d", s->task);
		argv[3] = number;
	}
	return spawn(&spec, out, err);
}

struct child *
child_start(uv_loop_t *loop, const struct child_spec *spec,
    const struct child_ops *ops, void *ctx, struct ps_error *err)
{
	struct spawned sp;
	struct child *c;

	assert(spec->role <= MSG_SCRIBE && role_names[spec->role] != NULL);
	if (spawn_role(spec, &sp, err) != 0)
		return NULL;
	c = xcalloc(1, sizeof *c);
	c->ops = ops;
	c->ctx = ctx;
	c->pid = sp.pid;
	c->cgroup = cgroup_enter(spec->cgroups, sp.pid, spec->cpu_weight);
	c->pidfd = sp.pidfd;
	c->words.said = on_word_line;
	c->words.ctx = c;
	c->output = sp.output;
	c->heard = clock_now();
	name_child(c, spec);
	for (int i = 0; i < 2; i++)
		c->wires[i].side =
		    (struct msg_side){ spec->role, MSG_UP, (enum msg_wire)i };
	c->wires[MSG_CONTROL].ch = channel_new(sp.control);
	c->wires[MSG_DATA].ch = channel_new(sp.data);
	c->handles = WATCHES + 1;
	add_poll(c, loop, WATCH_CONTROL, sp.control);
	add_poll(c, loop, WATCH_DATA, sp.data);
	add_poll(c, loop, WATCH_OUTPUT, sp.output);
	add_poll(c, loop, WATCH_EXIT, sp.pidfd);
	c->timer.data = c;
	(void)uv_timer_init(loop, &c->timer);
	log_debug(AREA, "%s: started as process %d", c->label, (int)c->pid);
	return c;
}

/* ---- the rest ---------------------------------------------------------- */

/* One that is gone (PS_E_FATAL) is reaped. */
static void
give_up(struct child *c, const struct msg *m, const struct ps_error *err)
{
	char why[sizeof c->killed];

	if (err->code == PS_E_RETRY) {
		child_kill(c, "does not read what it is sent");
	} else if (err->code == PS_E_DATA) {
		(void)snprintf(why, sizeof why, "cannot be sent %s: %.100s",
		    msg_name(m->type), err->text);
		child_kill(c, why);
	}
}

void
child_send(struct child *c, const struct msg *m)
{
	enum msg_wire which = wire_of[m->type];
	struct wire *w = &c->wires[which];
	struct backlog_text text;
	struct ps_error err = { 0 };
	char *data;

	if (c->dead)
		return;
	data = msg_encode(m, &text.len, &err);
	text.data = data;
	if (data == NULL ||
	    backlog_send(&w->backlog, w->ch,
		m->type == MSG_TYPE_STORED ? BACKLOG_MANY : BACKLOG_BOUND,
		&text, &err) != 0)
		give_up(c, m, &err);
	free(data);
	if (channel_is_waiting(w->ch))
		(void)uv_poll_start(&c->polls[which], events_of(c, which),
		    on_poll);
}

pid_t
child_pid(const struct child *c)
{
	return c->pid;
}

const char *
child_label(const struct child *c)
{
	return c->label;
}

struct clock_ms
child_heard(const struct child *c)
{
	return c->heard;
}

const char *
child_call(const struct child *c, int64_t *ms)
{
	*ms = c->call_ms;
	return c->call[0] == '\0' ? NULL : c->call;
}

bool
child_is_killed(const struct child *c)
{
	return c->killed[0] != '\0';
}

struct child_delivered
child_delivered(const struct child *c)
{
	return c->delivered;
}

int64_t
child_pending(const struct child *c, struct clock_ms *since)
{
	*since = c->progress;
	return c->pending;
}

bool
child_yields(const struct child *c)
{
	return cgroup_yields(c->cgroup);
}

void
child_look(struct child *c)
{
	struct msg m = { .type = MSG_TYPE_YIELD };

	cgroup_look(c->cgroup, c->shown);
	m.yield.yields = child_yields(c);
	if (m.yield.yields != c->told_yields)
		child_send(c, &m);
	c->told_yields = m.yield.yields;
}

bool
child_is_unclaimed(const struct child *c)
{
	return c->unclaimed;
}

bool
child_is_suspended(const struct child *c)
{
	return c->suspended;
}

char *
child_end_text(struct ps_arena *a, const struct child_end *end,
    int64_t memory_bytes)
{
	const char *in = end->call == NULL ? "" : " in ";
	const char *call = end->call == NULL ? "" : end->call;
	int sig = WIFSIGNALED(end->status) ? WTERMSIG(end->status) : 0;

	if (end->killed != NULL)
		return ps_printf(a, "killed: %s", end->killed);
	if (memory_bytes > 0 && strstr(end->words, "out of memory") != NULL)
		return ps_printf(a, "out of memory limit %lld MB%s%s",
		    (long long)(memory_bytes >> 20), in, call);
	if (sig != 0)
		return ps_printf(a, "killed by SIG%s%s%s", sigabbrev_np(sig),
		    in, call);
	return ps_printf(a, "ended by itself with exit code %d%s%s",
	    WEXITSTATUS(end->status), in, call);
}
