#include "child/settings.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/map.h"
#include "task/sink.h"
#include "tests/task/played.h"

static struct played w;
static struct ps_error err;

static void
setup(void)
{
	played_begin(&w);
	ps_error_clear(&err);
}

static void
teardown(void)
{
	played_end(&w);
}

TestSuite(settings, .init = setup, .fini = teardown, .timeout = 30);

static const struct ps_setting source[] = {
	{ "connector.class", "NumbersSource" },
	{ "topic", "t" },
	{ 0 },
};

static const char *
get(const struct ps_config *c, const char *key)
{
	const char *v = ps_config_get(c, key);

	return v == NULL ? "(null)" : v;
}

Test(settings, framework_keys_have_their_defaults)
{
	const struct settings *s = &w.task.settings;

	cr_assert(eq(int, played_configure(&w, NULL, source, &err), 0), "%s",
	    err.text);
	cr_expect(eq(str, (char *)get(&s->common, "tasks.max"), "1"));
	cr_expect(eq(str, (char *)get(&s->common, "errors.tolerance"), "none"));
	cr_expect(eq(str, (char *)get(&s->worker, "offset.flush.interval.ms"),
	    "60000"));
	cr_expect(eq(str, (char *)get(&s->config, "tasks.max"), "(null)"),
	    "as given");
	cr_expect(not(settings_is_sink(s)));
	cr_expect(eq(str, (char *)s->connector, "c"));
}

Test(settings, the_connector_wins_over_the_worker_over_the_default)
{
	static const struct ps_setting worker[] = {
		{ "key.converter", "W" },
		{ "offset.flush.interval.ms", "200" },
		{ 0 },
	};
	static const struct ps_setting rows[] = {
		{ "connector.class", "NumbersSource" },
		{ "errors.retry.timeout", "" },
		{ "key.converter", "C" },
		{ "topic", "t" },
		{ 0 },
	};
	const struct settings *s = &w.task.settings;

	cr_assert(eq(int, played_configure(&w, worker, rows, &err), 0), "%s",
	    err.text);
	cr_expect(eq(str, (char *)settings_str(s, "key.converter", "?"), "C"));
	cr_expect(eq(i64, settings_int(s, "offset.flush.interval.ms", 7), 200));
	cr_expect(eq(i64, settings_int(s, "offset.flush.timeout.ms", 7), 5000));
	cr_expect(eq(i64, settings_int(s, "no.such.key", 7), 7));
	cr_expect(eq(i64, settings_int(s, "topic", 7), 7), "no number");
	cr_expect(
	    eq(str, (char *)settings_str(s, "no.such.key", "none"), "none"));
}

Test(settings, an_overlay_changes_and_removes)
{
	struct settings *s = &w.task.settings;
	struct msg_config m = { .connector = "c",
		.task = 3,
		.state = "PAUSED",
		.worker = json_object(),
		.config =
		    json_pack("{s:s, s:s, s:s}", "a", "1", "b", "2", "c", "3"),
		.overlay = json_pack("{s:s, s:n}", "b", "20", "c"),
		.plugins = json_array() };

	cr_assert(eq(int, settings_begin(s, &m, &err), 0), "%s", err.text);
	cr_expect(eq(str, (char *)get(&s->raw, "a"), "1"));
	cr_expect(eq(str, (char *)get(&s->raw, "b"), "20"));
	cr_expect(eq(str, (char *)get(&s->raw, "c"), "(null)"));
	cr_expect(eq(int, s->task, 3));
	cr_expect(s->starts_paused);
	json_decref(m.worker);
	json_decref(m.config);
	json_decref(m.overlay);
	json_decref(m.plugins);
}

Test(settings, levels_of_the_worker_hold_here)
{
	struct settings *s = &w.task.settings;
	struct msg_config m = { .worker = json_object(),
		.levels = json_pack("{s:s, s:s, s:i}", "kafka", "ERROR",
		    "plugin", "nonsense", "task", 1),
		.plugins = json_array() };

	cr_assert(eq(int, settings_begin(s, &m, &err), 0));
	cr_expect(eq(int, log_level("kafka"), PS_ERROR));
	cr_expect(eq(int, log_level("plugin"), PS_INFO));
	cr_expect(eq(int, log_level("task"), PS_INFO));
	json_decref(m.worker);
	json_decref(m.levels);
	json_decref(m.plugins);
}

Test(settings, a_map_that_is_none_is_named)
{
	static const struct {
		const char *worker, *config, *overlay, *says;
	} cases[] = {
		{ "{\"a\":{}}", "{}", "{}", "worker settings" },
		{ "{}", "{\"a\":[]}", "{}", "connector config" },
		{ "{}", "{}", "{\"a\":{}}", "task config" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct settings *s = &w.task.settings;
		struct msg_config m = {
			.worker = json_loads(cases[i].worker, 0, NULL),
			.config = json_loads(cases[i].config, 0, NULL),
			.overlay = json_loads(cases[i].overlay, 0, NULL),
			.plugins = json_array(),
		};

		ps_error_clear(&err);
		cr_assert(eq(int, settings_begin(s, &m, &err), -1));
		cr_expect(strstr(err.text, cases[i].says) != NULL, "%s",
		    err.text);
		settings_fini(s);
		json_decref(m.worker);
		json_decref(m.config);
		json_decref(m.overlay);
		json_decref(m.plugins);
	}
}

Test(settings, a_class_that_is_missing_or_unknown_is_refused)
{
	static const struct {
		struct ps_setting rows[2];
		const char *says;
	} cases[] = {
		{ { { "topic", "t" } }, "contains no connector type" },
		{ { { "connector.class", "NumbrsSource" } }, "NumbrsSource" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		teardown();
		setup();
		cr_assert(eq(int,
		    played_configure(&w, NULL, cases[i].rows, &err), -1));
		cr_expect(eq(int, err.code, PS_E_CONFIG));
		cr_expect(strstr(err.text, cases[i].says) != NULL, "%s",
		    err.text);
	}
}

/* A topic may hold what nobody here has validated. */
Test(settings, a_limit_out_of_its_range_is_refused_by_name)
{
	static const struct ps_setting bad[] = {
		{ "task.hang.timeout.ms", "0" },
		{ "task.hang.timeout.ms", "-1" },
		{ "stall.timeout.ms", "0" },
		{ "errors.restart.max", "-2" },
		{ "task.memory.bytes", "-1" },
		{ "task.open.files", "63" },
		{ "task.cpu.weight", "0" },
		{ "task.buffer.bytes", "-1" },
		{ "batch.bytes", "1e6" },
		{ "schemas.cache.size", "0" },
		{ "config.reload.interval.ms", "0" },
	};
	char start[128];

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct ps_setting rows[] = { { "connector.class",
						 "FileStreamSink" },
			{ "file", "/x" }, { "topics", "t" }, bad[i], { 0 } };

		teardown();
		setup();
		cr_assert(eq(int, played_configure(&w, NULL, rows, &err), -1),
		    "%s", bad[i].key);
		cr_expect(eq(int, err.code, PS_E_CONFIG));
		(void)snprintf(start, sizeof start,
		    "Invalid value %s for configuration %s: ", bad[i].value,
		    bad[i].key);
		cr_expect(eq(int, strncmp(err.text, start, strlen(start)), 0),
		    "%s", err.text);
	}
}

/* What a provider answers is used, and never said. */
Test(settings, references_are_answered_and_secrets_redacted)
{
	static const struct ps_setting worker[] = {
		{ "config.providers", "env" },
		{ "config.providers.env.class", "EnvVarConfigProvider" },
		{ 0 },
	};
	static const struct ps_setting rows[] = {
		{ "connector.class", "NumbersSource" },
		{ "db.password", "plain-secret" },
		{ "topic", "${env:PENSTOCK_TEST_TOPIC}" },
		{ 0 },
	};
	const struct settings *s = &w.task.settings;
	char text[] = "it was plain-secret and hidden-topic";

	cr_assert(setenv("PENSTOCK_TEST_TOPIC", "hidden-topic", 1) == 0);
	cr_assert(eq(int, played_configure(&w, worker, rows, &err), 0), "%s",
	    err.text);
	cr_expect(eq(str, (char *)get(&s->config, "topic"), "hidden-topic"));
	cr_expect(eq(str, (char *)get(&s->raw, "topic"),
	    "${env:PENSTOCK_TEST_TOPIC}"));
	cr_expect(redact_text(uplink_redact(w.task.uplink), text, sizeof text));
	cr_expect(eq(str, text, "it was [hidden] and [hidden]"));
}

Test(settings, a_provider_without_a_class_is_named_when_it_is_asked)
{
	static const struct ps_setting worker[] = {
		{ "config.providers", "env" },
		{ 0 },
	};
	static const struct ps_setting rows[] = {
		{ "connector.class", "NumbersSource" },
		{ "topic", "${env:X}" },
		{ 0 },
	};

	cr_assert(eq(int, played_configure(&w, worker, rows, &err), -1));
	cr_expect(strstr(err.text, "config.providers.env.class") != NULL, "%s",
	    err.text);
}

struct poll_limit {
	const char *hang_ms, *given, *expected;
};

static const struct poll_limit poll_limits[] = {
	{ NULL, NULL, "630000" },
	{ "5000", NULL, "35000" },
	{ "86400000", NULL, "86400000" },
	{ "5000", "7000", "7000" },
};

/* The group waits for as long as a call may last, and a little more. */
Test(settings, the_group_waits_for_a_call_that_may_still_end)
{
	for (size_t i = 0; i < sizeof poll_limits / sizeof *poll_limits; i++) {
		const struct poll_limit *l = &poll_limits[i];
		struct ps_setting rows[] = { { "connector.class",
						 "FileStreamSink" },
			{ "file", "/x" }, { "topics", "t" },
			{ "task.hang.timeout.ms", l->hang_ms }, { 0 } };
		struct ps_setting own = { "max.poll.interval.ms", l->given };
		struct ps_config c = { &own, l->given == NULL ? 0 : 1 };

		if (l->hang_ms == NULL)
			rows[3] = (struct ps_setting){ 0 };
		cr_assert(eq(int, played_configure(&w, NULL, rows, &err), 0),
		    "%s", err.text);
		c = sink_with_poll_limit(&w.task.settings, &c);
		cr_expect(eq(str, (char *)get(&c, "max.poll.interval.ms"),
		    (char *)l->expected));
		played_end(&w);
		played_begin(&w);
	}
}

Test(settings, a_sinks_first_pause_may_be_longer_than_its_longest_by_default)
{
	static const struct {
		const char *first, *max;
		int64_t first_ms, max_ms;
	} rows[] = {
		{ "", "", 300, 5000 },
		{ "20000", "", 20000, 20000 },
		{ "20000", "1000", 1000, 1000 },
		{ "100", "200", 100, 200 },
	};
	static const struct ps_setting sink[] = { { "connector.class",
						      "FileStreamSink" },
		{ "file", "/x" }, { "topics", "t" }, { 0 } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ps_setting worker[3] = { 0 };
		struct backoff b;
		size_t n = 0;

		if (rows[i].first[0] != '\0')
			worker[n++] =
			    (struct ps_setting){ "redelivery.delay.initial.ms",
				    rows[i].first };
		if (rows[i].max[0] != '\0')
			worker[n] =
			    (struct ps_setting){ "redelivery.delay.max.ms",
				    rows[i].max };
		cr_assert(eq(int, played_configure(&w, worker, sink, &err), 0),
		    "%s", err.text);
		sink_put_pauses(&w.task.settings, &b);
		cr_expect(eq(i64, b.first_ms, rows[i].first_ms));
		cr_expect(eq(i64, b.max_ms, rows[i].max_ms));
		played_end(&w);
		played_begin(&w);
	}
}

Test(settings, what_is_secret_in_the_url_of_a_secret_key_is_hidden_alone_too)
{
	static const struct ps_setting rows[] = { { "some.secret",
	    "http://u:hunter22@h" } };
	const struct ps_config config = { rows, 1 };
	struct redact *r = redact_new();

	settings_hide(r, &config, NULL, 0);
	cr_assert(redact_contains(r, "the password hunter22 is refused"));
	cr_assert(redact_contains(r, rows[0].value));
	redact_free(&r);
}
