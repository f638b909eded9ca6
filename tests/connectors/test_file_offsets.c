#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <string.h>

#include "tests/connectors/host.h"

/* One offset that an operator writes, of one partition. */
struct altered {
	const char *partition; /* its only key; NULL: it is null */
	const char *key;       /* the offset's only key; NULL: it is null */
	struct ps_value value;
	const char *refusal; /* NULL: it is taken */
};

static struct altered
at(const char *partition, const char *key, struct ps_value value,
    const char *refusal)
{
	return (struct altered){ partition, key, value, refusal };
}

static void
check(struct test_host *t, const struct altered *a)
{
	struct ps_pair name = { ps_text(
				    a->partition == NULL ? "" : a->partition),
		ps_text("/x") };
	struct ps_pair pair = { ps_text(a->key == NULL ? "" : a->key),
		a->value };
	struct ps_value map =
	    a->partition == NULL ? ps_null() : ps_map(&name, 1);
	struct ps_position p = { t->h.partition(&t->h, &map),
		a->key == NULL ? ps_null() : ps_map(&pair, 1) };
	int rc;

	ps_error_clear(&t->err);
	rc = test_source_ops(t)->alter_offsets(&t->h, &t->config, &p, 1,
	    &t->err);
	cr_expect(eq(int, rc, a->refusal == NULL ? 1 : -1));
	cr_expect(strstr(t->err.text, a->refusal == NULL ? "" : a->refusal) !=
		      NULL,
	    "%s", t->err.text);
}

Test(file_offsets, are_checked_as_in_java)
{
	struct test_host *t = test_host_new("file", "FileStreamSource");
	const struct altered table[] = {
		at("filename", "position", ps_int64(7), NULL),
		at("filename", "position", ps_int64(0), NULL),
		at("filename", NULL, ps_null(), NULL),
		/* whatever is there may be forgotten */
		at("other", NULL, ps_null(), NULL),
		at("filename", "x", ps_int64(7),
		    "should either be null or contain the key 'position'"),
		at("filename", "position", ps_text("7"),
		    "is expected to be a Long value"),
		at("filename", "position", ps_float64(7),
		    "is expected to be a Long value"),
		at("filename", "position", ps_int64(-1),
		    "should be a non-negative value"),
		at("other", "position", ps_int64(7),
		    "Partition objects should contain the key 'filename'"),
		at(NULL, "position", ps_int64(7),
		    "Partition objects cannot be null"),
	};

	test_host_set(t, "file", "/x");
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		check(t, &table[i]);
	test_host_free(&t);
}

Test(file_offsets, are_not_kept_of_standard_input)
{
	struct test_host *t = test_host_new("file", "FileStreamSource");
	struct altered a = at("filename", NULL, ps_null(),
	    "'file' configuration is unspecified");

	check(t, &a);
	test_host_free(&t);
}
