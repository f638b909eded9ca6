#include <regex.h>
#include <stdbool.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/arena.h"
#include "kafka/consumer.h"
#include "kafka/consumer_impl.h"

static bool
matches(const char *pattern, char c)
{
	const char text[] = { c, '\0' };
	regex_t re;
	int got;

	cr_assert(eq(int, regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0));
	got = regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	return got == 0;
}

Test(consumer_pattern, of_java_is_anchored_and_rewritten)
{
	static const struct {
		const char *java, *posix; /* NULL: refused */
	} rows[] = {
		{ "orders", "^(orders)$" },
		{ "a|b", "^(a|b)$" },
		{ "shop\\.(?:eu|us)\\..*", "^(shop\\.(eu|us)\\..*)$" },
		{ "t\\d+", "^(t[0-9]+)$" },
		{ "t[\\d_]{2,3}", "^(t[0-9_]{2,3})$" },
		{ "a.*?b", "^(a.*b)$" },
		{ "[^a-c]\\w", "^([^a-c][A-Za-z0-9_])$" },
		{ "[a\\.b]", "^([a.b])$" },
		{ "(?!x).*", NULL },
		{ "(?i)x", NULL },
		{ "a++", NULL },
		{ "\\Qa\\E", NULL },
		{ "[a&&b]", NULL },
		{ "[a-\\d]", NULL },
		{ "[a[b]]", NULL },
		{ "[\\", NULL },
		{ "[a-", NULL },
		{ "(a)\\1", NULL },
		{ "(", NULL },
		{ "a\\", NULL },
		{ "", NULL },
	};
	struct ps_arena *a = arena_new(4096);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ps_error err = { PS_OK, "" };
		char *got = consumer_pattern(a, rows[i].java, &err);

		if (rows[i].posix == NULL) {
			cr_expect(got == NULL, "%s", rows[i].java);
			cr_expect(eq(int, err.code, PS_E_CONFIG));
			continue;
		}
		cr_assert(got != NULL, "%s: %s", rows[i].java, err.text);
		cr_expect(eq(str, got, (char *)rows[i].posix));
	}
	arena_free(&a);
}

/* The hyphen of Java's brackets begins a range where one may begin, else it is
 * itself; what is escaped is itself. */
Test(consumer_pattern, brackets_of_java_hold_what_java_says)
{
	static const struct {
		const char *java, *in, *out;
	} rows[] = {
		{ "[a-z\\-]", "az-", "\\A[.`" },
		{ "[a-z\\-_]", "az-_", "\\`." },
		{ "[\\w\\-\\.]", "aZ9_-.", "\\/[,:" },
		{ "[\\w-.]", "aZ9_-.", "\\/[," },
		{ "[\\w.-]", "aZ9_-.", "\\/[," },
		{ "[a-zA-Z0-9-_.]", "azAZ09-_.", "\\/[:`," },
		{ "[^\\]]", "[a^-\\", "]" },
		{ "[^\\-.]", "a,/_", "-." },
		{ "[\\^a]", "^a", "b\\" },
		{ "[\\[\\\\\\]]", "[]\\", ".-^" },
		{ "[\\--\\.]", "-.", ",/\\" },
		{ "[+--]", "+,-", "*." },
		{ "[]\\d]", "]5", "\\d" },
	};
	struct ps_arena *a = arena_new(4096);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ps_error err = { PS_OK, "" };
		char *got = consumer_pattern(a, rows[i].java, &err);

		cr_expect(got != NULL, "%s: %s", rows[i].java, err.text);
		for (const char *c = rows[i].in; got != NULL && *c; c++)
			cr_expect(matches(got, *c), "%s: %c", got, *c);
		for (const char *c = rows[i].out; got != NULL && *c; c++)
			cr_expect(not(matches(got, *c)), "%s: %c", got, *c);
	}
	arena_free(&a);
}

/* regcomp() writes repeats out: of 25 groups it would be 2^25 characters. */
Test(consumer_pattern, that_is_refused_says_why, .timeout = 10)
{
	static const char deep[] = "(((((((((((((((((((((((((a"
				   "+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)"
				   "+)+)+)+)";
	static const struct {
		const char *java, *why; /* NULL: taken */
	} rows[] = {
		{ deep, "written out" },
		{ "((x{99}){99}){99}", "written out" },
		{ "[a-z]{1,1300}", "written out" },
		{ "(?<!x)a", "look-around" },
		{ "[b-a]", "Invalid range end" },
		{ "[a-z]{1,249}", NULL },
		{ "(\\w+-)+[a-z]{2,63}", NULL },
	};
	struct ps_arena *a = arena_new(4096);
	char *many = ps_calloc(a, 5001, 1);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ps_error err = { PS_OK, "" };
		int got = consumer_check_pattern(rows[i].java, &err);

		cr_expect(eq(int, got, rows[i].why == NULL ? 0 : -1), "%s: %s",
		    rows[i].java, err.text);
		cr_expect(rows[i].why == NULL ||
			      (strstr(err.text, rows[i].why) != NULL &&
				  strstr(err.text, "topics.regex") != NULL &&
				  err.code == PS_E_CONFIG),
		    "%s: %s", rows[i].java, err.text);
	}
	/* A long list is none that repeats. */
	for (size_t i = 0; i < 5000; i += 10)
		memcpy(many + i, "orders-42|", 10);
	cr_expect(eq(int, consumer_check_pattern(many, NULL), 0));
	memset(many, '(', 201);
	memset(many + 201, ')', 201);
	many[402] = '\0';
	cr_expect(eq(int, consumer_check_pattern(many, NULL), -1));
	arena_free(&a);
}
