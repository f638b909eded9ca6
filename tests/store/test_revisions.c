#include "store/revisions.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <string.h>

#include "base/arena.h"
#include "base/js.h"

static struct ps_arena *a;
static struct revisions *r;

static void
begin(void)
{
	a = arena_new(4096);
	r = revisions_new();
}

static void
end(void)
{
	revisions_free(&r);
	arena_free(&a);
}

TestSuite(revisions, .init = begin, .fini = end);

static struct ps_config
config(const char *value)
{
	struct ps_setting *s = ps_calloc(a, 1, sizeof *s);

	s->key = "topic";
	s->value = value;
	return (struct ps_config){ s, 1 };
}

/* As if it were read from the topic. */
static void
read_back(const struct store_pair *p)
{
	struct ps_error err = { 0 };
	struct key key = key_parse_config(a, p->key, p->key_len);

	cr_assert(eq(int, (int)key.kind, (int)KEY_PENSTOCK));
	cr_assert(
	    eq(int, revisions_apply(r, key.name, p->value, p->value_len, &err),
		0),
	    "%s", err.text);
}

/* How many records it wrote. */
static size_t
change(const char *connector, const char *before, const char *after)
{
	struct revision_change c = { .connector = connector,
		.note = { "anna", "replace", 1700000000000 } };
	struct store_pair out[REVISIONS_ADDED];
	struct ps_config was, is = config(after);
	size_t n;

	if (before != NULL) {
		was = config(before);
		c.before = &was;
	}
	c.after = &is;
	n = revisions_add(r, a, &c, out);
	for (size_t i = 0; i < n; i++)
		read_back(&out[i]);
	return n;
}

static const char *
topic_of(const json_t *doc)
{
	return js_opt_str(json_object_get(doc, "config"), "topic");
}

Test(revisions, each_change_is_one_record_with_who_and_how)
{
	const json_t *doc;

	cr_expect(eq(sz, change("c-1", NULL, "a"), 1));
	cr_expect(eq(sz, change("c-1", "a", "b"), 1));
	cr_expect(eq(sz, json_array_size(revisions_of(r, "c-1")), 2));
	doc = revisions_find(r, "c-1", 2);
	cr_expect(eq(str, (char *)topic_of(doc), "b"));
	cr_expect(eq(str, (char *)js_opt_str(doc, "by"), "anna"));
	cr_expect(eq(str, (char *)js_opt_str(doc, "how"), "replace"));
	cr_expect(revisions_find(r, "c-1", 3) == NULL);
	cr_expect(revisions_of(r, "c") == NULL);
}

Test(revisions, what_was_there_before_is_kept_when_it_is_not_known)
{
	/* Another program made it. */
	cr_expect(eq(sz, change("c", "old", "new"), 2));
	cr_expect(eq(str, (char *)topic_of(revisions_find(r, "c", 1)), "old"));
	cr_expect(js_opt_str(revisions_find(r, "c", 1), "by") == NULL);
	/* And changes it. */
	cr_expect(eq(sz, change("c", "theirs", "ours"), 2));
	cr_expect(
	    eq(str, (char *)topic_of(revisions_find(r, "c", 3)), "theirs"));
	cr_expect(eq(str, (char *)topic_of(revisions_find(r, "c", 4)), "ours"));
}

Test(revisions, what_changes_nothing_is_no_revision)
{
	cr_expect(eq(sz, change("c", NULL, "a"), 1));
	cr_expect(eq(sz, change("c", "a", "a"), 0));
	cr_expect(eq(sz, json_array_size(revisions_of(r, "c")), 1));
}

Test(revisions, the_newest_are_kept_and_take_the_slots_of_the_oldest)
{
	char was[16], is[16] = "";

	for (int i = 1; i <= REVISIONS_KEPT + 5; i++) {
		memcpy(was, is, sizeof was);
		(void)snprintf(is, sizeof is, "t%d", i);
		cr_assert(eq(sz, change("c", i == 1 ? NULL : was, is), 1));
	}
	cr_expect(
	    eq(sz, json_array_size(revisions_of(r, "c")), REVISIONS_KEPT));
	cr_expect(revisions_find(r, "c", 5) == NULL);
	cr_expect(eq(str, (char *)topic_of(revisions_find(r, "c", 6)), "t6"));
	cr_expect(eq(str,
	    (char *)topic_of(revisions_find(r, "c", REVISIONS_KEPT + 5)),
	    "t25"));
}

Test(revisions, compaction_gives_them_back_in_any_order)
{
	static const int order[] = { 21, 3, 20, 2 };
	static const int sorted[] = { 2, 3, 20, 21 };
	const json_t *list;

	for (size_t i = 0; i < 4; i++) {
		struct ps_error err = { 0 };
		const char *name = ps_printf(a, "revision-%d-c", order[i] % 20);
		const char *doc = ps_printf(a,
		    "{\"revision\":%d,\"config\":{\"topic\":\"t%d\"}}",
		    order[i], order[i]);

		cr_assert(eq(int,
		    revisions_apply(r, name, doc, strlen(doc), &err), 0));
	}
	list = revisions_of(r, "c");
	for (size_t i = 0; i < 4; i++)
		cr_expect(
		    eq(i64, js_opt_int(json_array_get(list, i), "revision", 0),
			sorted[i]));
}

Test(revisions, a_connector_that_goes_leaves_none)
{
	struct store_pair out[REVISIONS_KEPT];
	size_t n;

	(void)change("c", NULL, "a");
	(void)change("c", "a", "b");
	(void)change("other", NULL, "a");
	n = revisions_forget(r, a, "c", out);
	cr_assert(eq(sz, n, 2));
	for (size_t i = 0; i < n; i++)
		read_back(&out[i]);
	cr_expect(revisions_of(r, "c") == NULL);
	cr_expect(revisions_of(r, "other") != NULL);
}

static const struct {
	const char *name, *value;
	int want;
} strange[] = {
	{ "revision-1-c", "{", -1 },
	{ "revision-1-c", "{}", -1 },
	{ "revision-1-c", "{\"revision\":2,\"config\":{}}", -1 },
	{ "revision-1-c", "{\"revision\":1,\"config\":3}", -1 },
	{ "revision-20-c", "{\"revision\":20,\"config\":{}}", -1 },
	{ "revision-x-c", "{\"revision\":1,\"config\":{}}", -1 },
	{ "revision-c", "{\"revision\":1,\"config\":{}}", -1 },
	{ "revision-1-c", NULL, 0 },
	{ "template-1-c", "{", 0 },
};

Test(revisions, what_is_none_is_skipped)
{
	for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
		const char *v = strange[i].value;
		struct ps_error err = { 0 };

		cr_expect(eq(int,
			      revisions_apply(r, strange[i].name, v,
				  v == NULL ? 0 : strlen(v), &err),
			      strange[i].want),
		    "case %zu", i);
	}
	cr_expect(revisions_of(r, "c") == NULL);
}
