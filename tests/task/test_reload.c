#include "task/reload.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/arena.h"
#include "tests/task/played.h"

#define FILE_PROVIDER \
	"org.apache.kafka.common.config.provider.FileConfigProvider"

/* What one of those who are reconfigured has, and what it will not take. */
struct taker {
	const char *key;
	char has[64], not_this[64];
	int calls;
};

static struct played w;
static struct reload *r;
static struct taker connector, converter;
static char path[PATH_MAX];
static struct ps_error err;

static const struct ps_key connector_keys[] = {
	{ .name = "word", .type = PS_KEY_PASSWORD, .flags = PS_RENEWABLE }
};
static const struct ps_key converter_keys[] = {
	{ .name = "user", .type = PS_KEY_PASSWORD, .flags = PS_RENEWABLE }
};
static const struct ps_class connector_class = { .kind = PS_KIND_SINK,
	.name = "Taker",
	.keys = connector_keys,
	.key_count = 1 };
static const struct ps_class converter_class = { .kind = PS_KIND_CONVERTER,
	.name = "Turner",
	.keys = converter_keys,
	.key_count = 1 };

static int
reconfigure(void *state, const struct ps_config *c, struct ps_error *why)
{
	struct taker *t = (struct taker *)state;
	const char *value = ps_config_str(c, t->key);

	t->calls++;
	if (strcmp(value, t->not_this) == 0)
		return ps_fail(why, PS_E_CONFIG, "%s is not right", t->key);
	(void)snprintf(t->has, sizeof t->has, "%s", value);
	return 0;
}

/* ---- what the file says ------------------------------------------------ */

static void
write_text(const char *text)
{
	FILE *f = fopen(path, "w");

	cr_assert(f != NULL);
	(void)fputs(text, f);
	cr_assert(eq(int, fclose(f), 0));
}

static void
say(const char *word, const char *user)
{
	char text[256];

	(void)snprintf(text, sizeof text, "word=%s\nuser=%s\nid=1\n", word,
	    user);
	write_text(text);
}

/* The next look is due; what comes of it. */
static int
look(void)
{
	r->next = clock_now();
	return reload_turn(r, &w.task, &err);
}

static void
look_twice(void)
{
	cr_assert(eq(int, look(), 0), "%s", err.text);
	cr_assert(eq(int, look(), 0), "%s", err.text);
}

static void
expect_had(const char *word, const char *user)
{
	cr_expect(eq(str, connector.has, (char *)word));
	cr_expect(eq(str, converter.has, (char *)user));
}

/* ---- the task ---------------------------------------------------------- */

static void
configure(const char *action)
{
	static const struct ps_setting worker[] = {
		{ "bootstrap.servers", "localhost:1" },
		{ "config.providers", "file" },
		{ "config.providers.file.class", FILE_PROVIDER }, { NULL, NULL }
	};
	char word[PATH_MAX + 32], user[PATH_MAX + 32], id[PATH_MAX + 32];
	const struct ps_setting rows[] = { { "connector.class", "AskerSink" },
		{ "topics", "t" }, { "file", "/dev/null" },
		{ "value.converter", "x" }, { "word", word },
		{ "value.converter.user", user },
		{ "consumer.override.client.id", id },
		{ "config.action.reload", action }, { NULL, NULL } };

	(void)snprintf(word, sizeof word, "${file:%s:word}", path);
	(void)snprintf(user, sizeof user, "${file:%s:user}", path);
	(void)snprintf(id, sizeof id, "${file:%s:id}", path);
	cr_assert(eq(int, played_configure(&w, worker, rows, &err), 0), "%s",
	    err.text);
	w.task.connector = (struct instance){ .class = &connector_class,
		.sink.reconfigure = reconfigure,
		.state = &connector };
	w.task.converters.value = (struct instance){ .class = &converter_class,
		.converter.reconfigure = reconfigure,
		.state = &converter };
	reload_init(r, &w.task);
}

static void
begin(void)
{
	int fd;

	(void)snprintf(path, sizeof path, BUILD "/tmp/reload-XXXXXX");
	fd = mkstemp(path);
	cr_assert(fd >= 0);
	cr_assert(eq(int, close(fd), 0));
	connector = (struct taker){ .key = "word", .has = "one" };
	converter = (struct taker){ .key = "user", .has = "ada" };
	ps_error_clear(&err);
	say("one", "ada");
	played_begin(&w);
	r = &w.task.reload;
}

static void
end(void)
{
	memset(&w.task.connector, 0, sizeof w.task.connector);
	memset(&w.task.converters.value, 0, sizeof w.task.converters.value);
	played_end(&w);
	(void)unlink(path);
}

TestSuite(reload, .init = begin, .fini = end, .timeout = 20);

/* ---- when it looks ----------------------------------------------------- */

Test(reload, what_is_not_due_or_switched_off_is_not_looked_at)
{
	configure("NONE");
	say("two", "ada");
	look_twice();
	cr_expect(eq(i64, r->every_ms, 0));
	cr_expect(eq(int, connector.calls, 0));
}

Test(reload, before_its_time_and_during_a_stop_nothing_is_asked)
{
	configure("restart");
	cr_expect(eq(i64, r->every_ms, 30000));
	say("two", "ada");
	for (int i = 0; i < 3; i++)
		cr_assert(eq(int, reload_turn(r, &w.task, &err), 0));
	atomic_store(&w.gauges.stop, true);
	look_twice();
	cr_expect(eq(int, connector.calls, 0));
	cr_expect(r->seen.arena == NULL);
}

Test(reload, what_is_new_is_looked_at_again_within_a_second)
{
	configure("restart");
	cr_assert(eq(int, look(), 0));
	cr_expect(gt(i64, clock_since(clock_now(), r->next), 20000));
	say("two", "ada");
	cr_assert(eq(int, look(), 0));
	cr_expect(le(i64, clock_since(clock_now(), r->next), 1000));
	cr_assert(eq(int, look(), 0));
	cr_expect(gt(i64, clock_since(clock_now(), r->next), 20000));
}

/* ---- what it gives ----------------------------------------------------- */

Test(reload, what_is_the_same_at_two_looks_is_given_to_whom_it_concerns)
{
	struct clock_ms next_try = { INT64_MAX };
	struct ps_arena *a = arena_new(4096);
	struct ps_config c;

	configure("restart");
	w.task.next_try = &next_try;
	say("two", "ada");
	cr_assert(eq(int, look(), 0));
	expect_had("one", "ada");
	cr_assert(eq(int, look(), 0));
	expect_had("two", "ada");
	cr_expect(eq(int, converter.calls, 0));
	/* Who waits tries again at once, a new instance has it as well. */
	cr_expect(le(i64, next_try.ms, clock_now().ms));
	c = reload_config(r, &w.task, a);
	cr_expect(eq(str, (char *)ps_config_str(&c, "word"), "two"));
	cr_expect(eq(str, (char *)ps_config_str(&c, "name"), "c"));
	look_twice();
	cr_expect(eq(int, connector.calls, 1));
	arena_free(&a);
}

Test(reload, what_is_still_being_written_is_not_given)
{
	configure("restart");
	for (int i = 0; i < 4; i++) {
		say(i % 2 == 0 ? "two" : "three", "ada");
		cr_assert(eq(int, look(), 0));
	}
	/* A key that is missing, however long; a file that is. */
	write_text("user=eve\nid=1\n");
	look_twice();
	cr_assert(eq(int, unlink(path), 0));
	look_twice();
	cr_expect(eq(int, connector.calls + converter.calls, 0));
	say("four", "eve");
	look_twice();
	expect_had("four", "eve");
}

Test(reload, what_nothing_can_be_given_starts_the_task_again)
{
	configure("restart");
	write_text("word=two\nuser=ada\nid=2\n");
	cr_assert(eq(int, look(), 0));
	cr_assert(eq(int, look(), -1));
	cr_expect(eq(int, err.code, PS_E_RETRY));
	cr_expect(strstr(err.text, "consumer.override.client.id") != NULL, "%s",
	    err.text);
	cr_expect(eq(int, connector.calls, 0));
}

/* It was made without, and has no operation for it. */
Test(reload, who_cannot_be_reconfigured_starts_the_task_again)
{
	configure("restart");
	w.task.connector.sink.reconfigure = NULL;
	say("two", "ada");
	cr_assert(eq(int, look(), 0));
	cr_assert(eq(int, look(), -1));
	cr_expect(eq(int, err.code, PS_E_RETRY));
	cr_expect(strstr(err.text, "for word has") != NULL, "%s", err.text);
}

/* ---- what is refused --------------------------------------------------- */

Test(reload, what_is_refused_is_the_cause_until_it_is_gone)
{
	configure("restart");
	(void)snprintf(connector.not_this, sizeof connector.not_this, "bad");
	say("bad", "ada");
	look_twice();
	cr_expect(strstr(w.task.refused, "refused: word is not right") != NULL,
	    "%s", w.task.refused);
	expect_had("one", "ada");
	/* Its mind may change, so it is asked again. */
	look_twice();
	cr_expect(eq(int, connector.calls, 2));
	say("one", "ada");
	cr_assert(eq(int, look(), 0));
	cr_expect(eq(str, w.task.refused, ""));
	cr_expect(eq(int, connector.calls, 2));
	connector.not_this[0] = '\0';
	say("bad", "ada");
	look_twice();
	expect_had("bad", "ada");
	cr_expect(eq(str, w.task.refused, ""));
}

Test(reload, what_one_refuses_the_other_gives_back)
{
	configure("restart");
	(void)snprintf(converter.not_this, sizeof converter.not_this, "eve");
	say("two", "eve");
	look_twice();
	expect_had("one", "ada");
	cr_expect(eq(int, connector.calls, 2));
	cr_expect(strstr(w.task.refused, "user is not right") != NULL, "%s",
	    w.task.refused);
	say("two", "bob");
	look_twice();
	expect_had("two", "bob");
	cr_expect(eq(str, w.task.refused, ""));
}

/* Nobody knows then what it works with. */
Test(reload, who_does_not_take_back_what_it_had_starts_the_task_again)
{
	configure("restart");
	(void)snprintf(connector.not_this, sizeof connector.not_this, "one");
	(void)snprintf(converter.not_this, sizeof converter.not_this, "eve");
	say("two", "eve");
	cr_assert(eq(int, look(), 0));
	cr_assert(eq(int, look(), -1));
	cr_expect(eq(int, err.code, PS_E_RETRY));
	cr_expect(strstr(err.text, "user is not right") != NULL, "%s",
	    err.text);
}
