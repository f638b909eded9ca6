#include "rest/view.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/js.h"

static struct ps_arena *a;
static struct ps_error err;

static void
setup(void)
{
	a = arena_new(1024);
	ps_error_clear(&err);
}

static void
teardown(void)
{
	arena_free(&a);
}

TestSuite(view, .init = setup, .fini = teardown);

#define JAAS "PlainLoginModule required username=\"u\" password="

/* What is stored, and what of it is shown; NULL: all. */
static const struct {
	const char *key, *value, *shown;
} rows[] = {
	{ "topic", "t", NULL },
	{ "some.password", "hunter22", "[hidden]" },
	{ "some.password", "", NULL },
	{ "some.password", "${file:/a:b}", NULL },
	{ "some.password", "a${file:/a:b}c", NULL },
	{ "some.password", "hunt${er}22", "[hidden]" },
	{ "some.password", "hunt${er", "[hidden]" },
	{ "some.password", "[hidden]", "[hidden]" },
	{ "some.url", "http://u:pw@h/?token=t&x=1",
	    "http://[hidden]@h/?token=[hidden]&x=1" },
	{ "some.url", "http://u:${file:/a:b}@h", NULL },
	{ "some.url", "http://[hidden]@h", NULL },
	{ "some.secret", "http://u:pw@h/${file:/a:b}",
	    "http://[hidden]@h/${file:/a:b}" },
	{ "sasl.jaas.config", JAAS "\"${file:/a:b}\" at=\"https://u:pw@h\"",
	    JAAS "\"${file:/a:b}\" at=\"https://[hidden]@h\"" },
	{ "note", "[hidden]", NULL },
};

static struct ps_config
with(struct ps_setting *s, const char *key, const char *value)
{
	*s = (struct ps_setting){ key, value };
	return (struct ps_config){ s, 1 };
}

static const char *
shown(const struct ps_config *c)
{
	json_t *out = view_config(c);
	const char *text = js_opt_str(out, c->settings[0].key);

	text = ps_strdup(a, text);
	json_decref(out);
	return text;
}

static const char *
meant(const char *key, const char *given, const char *present)
{
	struct ps_setting x, y;
	struct ps_config g = with(&x, key, given), p = with(&y, key, present),
			 c = view_unmask(a, &g, &p);

	return ps_config_get(&c, key);
}

Test(view, a_configuration_is_shown_without_its_secrets)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *want =
		    rows[i].shown == NULL ? rows[i].value : rows[i].shown;
		struct ps_setting s;
		struct ps_config c = with(&s, rows[i].key, rows[i].value);

		cr_expect(eq(str, (char *)shown(&c), (char *)want));
	}
}

Test(view, what_was_shown_is_what_is_there_when_it_is_sent_back)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ps_setting s;
		struct ps_config c = with(&s, rows[i].key, rows[i].value);
		const char *back = meant(rows[i].key, shown(&c), rows[i].value);

		cr_expect(eq(str, (char *)back, (char *)rows[i].value));
	}
}

Test(view, what_is_changed_keeps_the_secrets_it_shows_masked)
{
	static const struct {
		const char *key, *given, *present, *meant;
	} changes[] = {
		{ "some.password", "new", "old", "new" },
		/* It was changed since it was shown. */
		{ "some.password", "[hidden]", "${file:/a:b}", "${file:/a:b}" },
		{ "some.password", "[hidden]", "", "" },
		{ "some.url", "http://[hidden]@h/y", "http://u:pw@h/x",
		    "http://u:pw@h/y" },
		{ "some.secret", "http://[hidden]@h/y${file:/a:b}",
		    "http://u:pw@h/${file:/a:b}",
		    "http://u:pw@h/y${file:/a:b}" },
		{ "note", "[hidden]", "x", "[hidden]" },
	};

	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
		cr_expect(eq(str,
		    (char *)meant(changes[i].key, changes[i].given,
			changes[i].present),
		    (char *)changes[i].meant));
}

Test(view, a_mask_that_stands_for_nothing_is_not_written)
{
	static const struct {
		const char *key, *value;
		int result;
	} checks[] = {
		{ "some.password", "[hidden]", -1 },
		{ "some.url", "http://[hidden]@h", -1 },
		{ "some.url", "http://h/?x=1&token=[hidden]", -1 },
		{ "some.secret", "http://[hidden]@h/${file:/a:b}", -1 },
		{ "some.password", "[hidden]!", 0 },
		{ "some.password", NULL, 0 },
		{ "some.url", "http://u:pw@h", 0 },
		{ "note", "[hidden]", 0 },
	};

	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		struct ps_setting s;
		struct ps_config c = with(&s, checks[i].key, checks[i].value);

		ps_error_clear(&err);
		cr_expect(eq(int, view_check_unmasked(&c, NULL, &err),
		    checks[i].result));
		/* It stood there before. */
		cr_expect(eq(int, view_check_unmasked(&c, &c, NULL), 0));
		if (checks[i].result != 0)
			cr_expect(strstr(err.text, checks[i].key) != NULL, "%s",
			    err.text);
	}
}
