#include "base/props.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"

static struct ps_arena *a;
static struct ps_config c;
static struct ps_error err;

static void
setup(void)
{
	a = arena_new(4096);
}

static void
teardown(void)
{
	arena_free(&a);
}

TestSuite(props, .init = setup, .fini = teardown);

static int
parse(const char *text)
{
	return props_parse(a, text, strlen(text), &c, &err);
}

Test(props, reads_a_worker_file)
{
	cr_assert(zero(int, parse("# a worker\n"
				  "bootstrap.servers=localhost:9092\n"
				  "\n"
				  "  group.id : connect\n"
				  "plugin.path /usr/lib/penstock,\\\n"
				  "    /opt/plugins\n"
				  "! listeners=none\n"
				  "listeners=\r\n"
				  "lone")));
	cr_assert(eq(sz, c.count, 5));
	cr_assert_str_eq(ps_config_get(&c, "bootstrap.servers"),
	    "localhost:9092");
	cr_assert_str_eq(ps_config_get(&c, "group.id"), "connect");
	cr_assert_str_eq(ps_config_get(&c, "plugin.path"),
	    "/usr/lib/penstock,/opt/plugins");
	cr_assert_str_eq(ps_config_get(&c, "listeners"), "");
	cr_assert_str_eq(ps_config_get(&c, "lone"), "");
}

Test(props, keeps_the_last_of_equal_keys)
{
	cr_assert(zero(int, parse("b=1\na=2\nb=3\n")));
	cr_assert(eq(sz, c.count, 2));
	cr_assert_str_eq(ps_config_get(&c, "b"), "3");
}

Test(props, takes_utf8_as_it_stands_and_latin1_otherwise)
{
	cr_assert(zero(int, parse("a=é\n")));
	cr_assert_str_eq(ps_config_get(&c, "a"), "é");
	cr_assert(zero(int, parse("a=\xe9\n")));
	cr_assert_str_eq(ps_config_get(&c, "a"), "é");
}

Test(props, joins_surrogates_and_replaces_a_lone_one)
{
	cr_assert(zero(int, parse("a=\\ud83d\\ude00\nb=\\ud83dx\nc=\\ude00")));
	cr_assert_str_eq(ps_config_get(&c, "a"), "\xf0\x9f\x98\x80");
	cr_assert_str_eq(ps_config_get(&c, "b"), "\xef\xbf\xbdx");
	cr_assert_str_eq(ps_config_get(&c, "c"), "\xef\xbf\xbd");
}

Test(props, names_the_line_of_a_malformed_escape)
{
	static const char *const rows[] = { "a=1\n\nb=\\u00g1\n",
		"a=1\n#\n\\u12=x", "a=1\n\nb=\\u0000" };

	for (size_t i = 0; i < 3; i++) {
		ps_error_clear(&err);
		cr_assert(eq(int, parse(rows[i]), -1));
		cr_assert(eq(int, err.code, PS_E_CONFIG));
		cr_assert(text_starts(err.text, "line 3: \\u"), "%s", err.text);
	}
}

Test(props, refuses_a_nul)
{
	cr_assert(eq(int, props_parse(a, "a=\0b", 4, &c, &err), -1));
	cr_assert_str_eq(err.text, "byte 2 is NUL, expected text");
}

static void
write_file(char *path, const char *text, size_t len)
{
	int fd = mkstemp(path);

	cr_assert(ge(int, fd, 0));
	cr_assert(eq(i64, write(fd, text, len), (int64_t)len));
	(void)close(fd);
}

Test(props, reads_files_and_names_them_in_errors)
{
	char path[] = BUILD "/tmp/props-XXXXXX";

	write_file(path, "a=\\u1", 5);
	cr_assert(eq(int, props_load(a, path, &c, &err), -1));
	cr_assert(text_starts(err.text, path));
	(void)unlink(path);
	ps_error_clear(&err);
	cr_assert(eq(int, props_load(a, path, &c, &err), -1));
	cr_assert(text_ends(err.text, "No such file or directory"));
	ps_error_clear(&err);
	cr_assert(eq(int, props_load(a, "/tmp", &c, &err), -1));
}

Test(props, reads_a_whole_file_up_to_its_limit)
{
	char path[] = BUILD "/tmp/props-XXXXXX";
	size_t len = (1u << 20) + 1;
	char *text = malloc(len);

	memset(text, 'a', len);
	write_file(path, text, len);
	cr_assert(eq(int, props_load(a, path, &c, &err), -1));
	cr_assert(text_ends(err.text, "is larger than 1048576 bytes"));
	ps_error_clear(&err);
	cr_assert(zero(int, truncate(path, 1 << 20)));
	cr_assert(zero(int, props_load(a, path, &c, &err)));
	cr_assert(eq(sz, strlen(c.settings[0].key), 1 << 20));
	(void)unlink(path);
	free(text);
}

/* x and hexadecimal digits; the length */
static size_t
from_hex(char *hex)
{
	size_t len = strlen(hex) / 2;

	for (size_t i = 0; i < len; i++)
		hex[i] = (char)(text_hex_digit(hex[2 * i + 1]) * 16 +
				text_hex_digit(hex[2 * i + 2]));
	hex[len] = '\0';
	return len;
}

/* tests/data/Vectors.java */
Test(props, agrees_with_java_on_odd_texts, .timeout = 60)
{
	FILE *f = fopen(TESTS "/data/properties.txt", "r");
	char line[8192], *rest, *word;
	size_t rows = 0, n;

	cr_assert_not_null(f);
	for (; fgets(line, sizeof line, f) != NULL; rows++) {
		line[strcspn(line, "\n")] = '\0';
		word = strtok_r(line, " ", &rest);
		n = from_hex(word);
		cr_assert(zero(int, props_parse(a, word, n, &c, &err)));
		for (n = 0; (word = strtok_r(NULL, " ", &rest)); n++) {
			(void)from_hex(word);
			cr_assert(lt(sz, n, c.count), "row %zu", rows);
			cr_assert_str_eq(c.settings[n].key, word, "row %zu",
			    rows);
			word = strtok_r(NULL, " ", &rest);
			(void)from_hex(word);
			cr_assert_str_eq(c.settings[n].value, word, "row %zu",
			    rows);
		}
		cr_assert(eq(sz, c.count, n), "row %zu", rows);
		arena_reset(a, 65536);
	}
	(void)fclose(f);
	cr_assert(ge(sz, rows, 500));
}
