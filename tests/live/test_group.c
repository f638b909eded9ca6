#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kafka/groups.h"
#include "tests/live/live.h"

/* The least that brokers allow, unless told otherwise. */
#define SESSION_MS 6000
/* What the others are told of a member's end comes with their heartbeats. */
#define SLACK_MS 2000
#define LIMIT_MS 20000

/* A member in a process of its own: says 1 or 0 when it gets the partition
 * or loses it. */
struct process {
	pid_t pid;
	int fd;
};

static void
live_as_member(const struct live *v, const char *group, const char *topic,
    int fd)
{
	struct member m;
	char was = 0;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	join(&m, v->servers, group, topic, SESSION_MS);
	for (;;) {
		serve_both(&m, NULL);
		if (was != m.is_owner && write(fd, &m.is_owner, 1) != 1)
			_exit(1);
		was = m.is_owner;
	}
}

/* Before the test has clients: their threads would not live in it. */
static struct process
start_member(const struct live *v, const char *group, const char *topic)
{
	struct process p;
	int fds[2];

	cr_assert(eq(int, pipe(fds), 0));
	p.fd = fds[0];
	p.pid = fork();
	if (p.pid == 0)
		live_as_member(v, group, topic, fds[1]);
	cr_assert(p.pid > 0);
	(void)close(fds[1]);
	return p;
}

static bool
says(const struct process *p, int limit_ms)
{
	struct pollfd fd = { p->fd, POLLIN, 0 };
	char said = 2;

	cr_assert(poll(&fd, 1, limit_ms) == 1, "it says nothing");
	cr_assert(eq(int, (int)read(p->fd, &said, 1), 1));
	return said == 1;
}

static void
end(const struct process *p)
{
	(void)kill(p->pid, SIGKILL);
	(void)waitpid(p->pid, NULL, 0);
	(void)close(p->fd);
}

static void
names(char *group, char *topic, const char *test)
{
	(void)snprintf(group, 64, "group-%s-%d", test, getpid());
	(void)snprintf(topic, 64, "%s-configs", group);
}

/* Without the client that live_start makes. */
static void
make_topic(struct live *v, const char *topic)
{
	struct admin_new_topic t = { topic, 1, 1, { NULL, 0 } };

	live_start(v);
	admin_create_topics(v->admin, &t, 1,
	    (struct admin_call){ live_answer, v, 10000 });
	live_wait(v);
	cr_assert(eq(int, v->code, 0));
	live_stop(v);
}

Test(group, other_member_follows_one_that_leaves, .timeout = 60)
{
	char group[64], topic[64];
	struct member a, b;
	struct clock_ms left;
	struct live v;

	names(group, topic, "leave");
	make_topic(&v, topic);
	join(&a, v.servers, group, topic, SESSION_MS);
	UNTIL(a.is_owner, &a, NULL, LIMIT_MS);
	join(&b, v.servers, group, topic, SESSION_MS);
	left = clock_now();
	UNTIL(clock_since(left, clock_now()) > 3000, &a, &b, LIMIT_MS);
	cr_expect(a.is_owner);
	left = clock_now();
	group_leave(a.g);
	UNTIL(a.left == 1 && b.is_owner, &a, &b, LIMIT_MS);
	cr_expect(lt(i64, clock_since(left, clock_now()), SLACK_MS));
	left = clock_now();
	group_free(&a.g);
	cr_expect(lt(i64, clock_since(left, clock_now()), 200));
	leave(&b);
}

Test(group, other_member_follows_one_that_is_killed, .timeout = 60)
{
	char group[64], topic[64];
	struct clock_ms killed;
	struct process p;
	struct member m;
	struct live v;

	names(group, topic, "kill");
	make_topic(&v, topic);
	p = start_member(&v, group, topic);
	cr_assert(says(&p, LIMIT_MS));
	join(&m, v.servers, group, topic, SESSION_MS);
	killed = clock_now();
	UNTIL(clock_since(killed, clock_now()) > 3000, &m, NULL, LIMIT_MS);
	cr_expect(not(m.is_owner));
	killed = clock_now();
	end(&p);
	UNTIL(m.is_owner, &m, NULL, LIMIT_MS);
	cr_expect(
	    lt(i64, clock_since(killed, clock_now()), SESSION_MS + SLACK_MS));
	leave(&m);
}

/* Gone without a word, as a process that is killed. */
Test(group, who_takes_its_own_place_owns_at_once, .timeout = 60)
{
	char group[64], topic[64];
	struct group_spec spec = { NULL, group, topic, SESSION_MS, 500,
		"worker-1" };
	struct clock_ms back;
	struct member m;
	struct live v;

	names(group, topic, "own-place");
	make_topic(&v, topic);
	join_as(&m, v.servers, &spec);
	UNTIL(m.is_owner, &m, NULL, LIMIT_MS);
	group_free(&m.g);
	back = clock_now();
	join_as(&m, v.servers, &spec);
	UNTIL(m.is_owner, &m, NULL, LIMIT_MS);
	cr_expect(lt(i64, clock_since(back, clock_now()), SLACK_MS));
	leave(&m);
}

Test(group, a_static_owner_that_leaves_is_followed_at_once, .timeout = 60)
{
	char group[64], topic[64];
	struct group_spec spec = { NULL, group, topic, SESSION_MS, 500,
		"worker-1" };
	struct clock_ms left;
	struct member a, b;
	struct live v;

	names(group, topic, "static-leave");
	make_topic(&v, topic);
	join_as(&a, v.servers, &spec);
	UNTIL(a.is_owner, &a, NULL, LIMIT_MS);
	spec.instance = "worker-2";
	join_as(&b, v.servers, &spec);
	left = clock_now();
	UNTIL(clock_since(left, clock_now()) > 1000, &a, &b, LIMIT_MS);
	left = clock_now();
	group_leave(a.g);
	UNTIL(a.left == 1 && b.is_owner, &a, &b, LIMIT_MS);
	cr_expect(lt(i64, clock_since(left, clock_now()), SLACK_MS));
	group_free(&a.g);
	leave(&b);
}

Test(group, stopped_owner_learns_that_another_is_one, .timeout = 60)
{
	char group[64], topic[64];
	struct clock_ms stopped;
	struct process p;
	struct member m;
	struct live v;

	names(group, topic, "stop");
	make_topic(&v, topic);
	p = start_member(&v, group, topic);
	cr_assert(says(&p, LIMIT_MS));
	join(&m, v.servers, group, topic, SESSION_MS);
	(void)kill(p.pid, SIGSTOP);
	stopped = clock_now();
	UNTIL(m.is_owner, &m, NULL, LIMIT_MS);
	cr_expect(
	    lt(i64, clock_since(stopped, clock_now()), SESSION_MS + SLACK_MS));
	(void)kill(p.pid, SIGCONT);
	cr_expect(not(says(&p, LIMIT_MS)));
	UNTIL(clock_since(stopped, clock_now()) > SESSION_MS + 4000, &m, NULL,
	    LIMIT_MS);
	cr_expect(m.is_owner);
	cr_expect(eq(int, m.told, 1));
	end(&p);
	leave(&m);
}

Test(group, session_that_the_broker_refuses_is_named, .timeout = 60)
{
	char group[64], topic[64];
	struct member m;
	struct live v;

	names(group, topic, "short");
	make_topic(&v, topic);
	join(&m, v.servers, group, topic, 900);
	UNTIL(m.broken == 1, &m, NULL, LIMIT_MS);
	cr_expect(eq(int, m.err.code, PS_E_CONFIG));
	cr_expect(strstr(m.err.text, "session.timeout.ms=900") != NULL, "%s",
	    m.err.text);
	leave(&m);
}

/* PENSTOCK_GROUP is the group of a running Kafka Connect. */
Test(foreign_group, members_of_another_kind_are_named, .timeout = 60)
{
	const char *group = getenv("PENSTOCK_GROUP");
	char name[64], topic[64];
	struct member m;
	struct live v;

	cr_assert(group != NULL, "PENSTOCK_GROUP names no group");
	names(name, topic, "foreign");
	make_topic(&v, topic);
	join(&m, v.servers, group, topic, SESSION_MS);
	UNTIL(m.broken == 1, &m, NULL, LIMIT_MS);
	cr_expect(eq(int, m.err.code, PS_E_CONFIG));
	cr_expect(strstr(m.err.text, group) != NULL, "%s", m.err.text);
	cr_expect(strstr(m.err.text, "a group.id of its own") != NULL);
	leave(&m);
	cr_expect(eq(int, m.told, 0));
}
