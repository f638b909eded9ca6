#include "config/expand.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/arena.h"

static struct ps_arena *a;
static struct ps_error err;

static void
setup(void)
{
	a = arena_new(1024);
}

static void
teardown(void)
{
	arena_free(&a);
}

TestSuite(expand, .init = setup, .fini = teardown);

/* Knows the alias p and every key but "no"; "down" fails. */
static int
ask(void *ctx, struct ps_arena *arena, const char *alias, const char *path,
    const char *key, const char **value, struct ps_error *e)
{
	++*(int *)ctx;
	if (strcmp(key, "down") == 0)
		return ps_fail(e, PS_E_RETRY, "vault at %s is down", path);
	if (strcmp(alias, "p") != 0 || strcmp(key, "no") == 0)
		return 0;
	*value = ps_printf(arena, "<%s|%s>", path, key);
	return 1;
}

/* Kafka's ConfigTransformer gave these. */
Test(expand, references_are_found_as_kafka_finds_them)
{
	static const struct {
		const char *text, *result;
	} rows[] = {
		{ "", "" },
		{ "plain $text {x} $", "plain $text {x} $" },
		{ "${p:k}", "<|k>" },
		{ "${p:a:b}", "<a|b>" },
		{ "${p:a:b:c}", "<a|b:c>" },
		{ "x${p:no}y", "x${p:no}y" },
		{ "${q:k}", "${q:k}" },
		{ "${p:}", "<|>" },
		{ "${p::k}", "<|k>" },
		{ "${p::}", "<|>" },
		{ "${${p:k}}", "${${p:k}}" },
		{ "${p}${p:k}", "${p}<|k>" },
		{ "${a ${p:k}}", "${a ${p:k}}" },
		{ "$${p:k}", "$<|k>" },
		{ "${p:a\nb:k}", "<a\nb|k>" },
		{ "${p:k", "${p:k" },
		{ "${:k}", "${:k}" },
		{ "${p:k}${p:j}", "<|k><|j>" },
		{ "${p:${p:k}}", "<${p|k>}" },
	};
	int asked = 0;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *text =
		    expand_text(a, rows[i].text, ask, &asked, &err);

		cr_assert_not_null(text);
		cr_assert_str_eq(text, rows[i].result);
	}
}

static int
answer_reference(void *ctx, struct ps_arena *arena, const char *alias,
    const char *path, const char *key, const char **value, struct ps_error *e)
{
	int known = ask(ctx, arena, alias, path, key, value, e);

	*value = "${p:again}";
	return known;
}

Test(expand, results_are_not_expanded_again)
{
	int asked = 0;

	cr_assert_str_eq(
	    expand_text(a, "-${p:k}-", answer_reference, &asked, &err),
	    "-${p:again}-");
	cr_assert(eq(int, asked, 1));
}

Test(expand, texts_with_a_reference_are_told_from_others)
{
	cr_assert(expand_has("x${p:k}"));
	cr_assert(not(expand_has("${p}")));
	cr_assert(not(expand_has("${p:k")));
	cr_assert(not(expand_has("")));
}

Test(expand, a_map_keeps_its_keys_and_nulls)
{
	struct ps_setting in[] = { { "a", "${p:k}" }, { "b", NULL },
		{ "${p:k}", "plain" } };
	struct ps_config c = { in, 3 }, out;
	int asked = 0;

	cr_assert(zero(int, expand_config(a, &c, ask, &asked, &out, &err)));
	cr_assert(eq(sz, out.count, 3));
	cr_assert_str_eq(out.settings[0].value, "<|k>");
	cr_assert_null(out.settings[1].value);
	cr_assert_str_eq(out.settings[2].key, "${p:k}");
	cr_assert(eq(int, asked, 1));
}

Test(expand, an_error_names_the_key_but_no_value)
{
	struct ps_setting in[] = { { "password", "hunter22${p:host:down}" } };
	struct ps_config c = { in, 1 }, out;
	int asked = 0;

	cr_assert(eq(int, expand_config(a, &c, ask, &asked, &out, &err), -1));
	cr_assert(eq(int, err.code, PS_E_RETRY));
	cr_assert(eq(str, err.text, "password: vault at host is down"));
}

static int
answer_much(void *ctx, struct ps_arena *arena, const char *alias,
    const char *path, const char *key, const char **value, struct ps_error *e)
{
	(void)arena;
	(void)alias;
	(void)path;
	(void)key;
	(void)e;
	*value = ctx;
	return 1;
}

Test(expand, what_grows_without_end_is_refused)
{
	size_t len = 9 << 20;
	char *much = ps_alloc(a, len + 1);

	memset(much, 'x', len);
	much[len] = '\0';
	cr_assert_not_null(expand_text(a, "${p:k}", answer_much, much, &err));
	cr_assert_null(expand_text(a, "${p:k}${p:k}", answer_much, much, &err));
	cr_assert(eq(str, err.text,
	    "a value is larger than 16777216 bytes with its references"));
}
