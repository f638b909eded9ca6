#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/localfile.h"
#include "tests/store/capture.h"

static const char *
java_file(struct ps_arena *a, const char *name)
{
	return ps_printf(a, "%s/data/offset-file/%s.bin", TESTS, name);
}

static const struct store_pair *
find(const struct store_pairs *pairs, const char *key)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (pairs->items[i].key_len == strlen(key) &&
		    memcmp(pairs->items[i].key, key, strlen(key)) == 0)
			return &pairs->items[i];
	return NULL;
}

Test(localfile, what_java_wrote_is_read)
{
	static const struct {
		const char *name;
		size_t count;
	} rows[] = { { "empty", 0 }, { "one", 1 }, { "shared", 20 },
		{ "null", 3 } };
	struct ps_arena *a = arena_new(4096);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ps_error err = { PS_OK, "" };
		struct store_pairs got;

		cr_assert(eq(int,
			      localfile_load(a, java_file(a, rows[i].name),
				  &got, &err),
			      0),
		    "%s", err.text);
		cr_assert(eq(sz, got.count, rows[i].count));
		for (size_t n = 0; n < got.count; n++) {
			const struct store_pair *p =
			    find(&got, ps_printf(a, "[\"c\",{\"n\":%zu}]", n));
			const char *value = ps_printf(a, "{\"p\":%zu}",
			    n % 3 == 0 ? (size_t)7 : n);

			cr_assert(p != NULL);
			cr_expect(
			    eq(int, memcmp(p->value, value, strlen(value)), 0));
		}
	}
	arena_free(&a);
}

Test(localfile, a_file_of_ours_is_java_s_to_the_byte)
{
	struct ps_arena *a = arena_new(4096);
	struct store_pairs pairs;
	struct ps_error err = { PS_OK, "" };
	char data[256];
	size_t len, want;
	FILE *f = fopen(java_file(a, "one"), "r");
	void *ours;

	cr_assert(
	    eq(int, localfile_load(a, java_file(a, "one"), &pairs, &err), 0));
	want = fread(data, 1, sizeof data, f);
	(void)fclose(f);
	ours = localfile_encode(a, &pairs, &len);
	cr_assert(eq(sz, len, want));
	cr_expect(eq(int, memcmp(ours, data, len), 0));
	arena_free(&a);
}

Test(localfile, what_was_saved_is_loaded)
{
	struct ps_arena *a = arena_new(4096);
	struct store_pair items[3] = { pair_of("a", "1"), pair_of("b", NULL),
		pair_of("c", "") };
	struct store_pairs pairs = { items, 3 }, got;
	struct ps_error err = { PS_OK, "" };
	char folder[] = BUILD "/tmp/offsets-XXXXXX";
	const char *path;
	struct stat st;

	cr_assert(mkdtemp(folder) != NULL);
	path = ps_printf(a, "%s/offsets", folder);
	cr_expect(eq(int, localfile_load(a, path, &got, &err), 0));
	cr_expect(eq(sz, got.count, 0));
	for (int i = 0; i < 2; i++)
		cr_assert(eq(int, localfile_save(path, &pairs, &err), 0), "%s",
		    err.text);
	cr_assert(eq(int, localfile_load(a, path, &got, &err), 0));
	cr_assert(eq(sz, got.count, 2));
	cr_expect(eq(sz, find(&got, "c")->value_len, 0));
	cr_expect(find(&got, "b") == NULL);
	cr_assert(eq(int, stat(path, &st), 0));
	cr_expect(eq(int, (int)(st.st_mode & 077), 0));
	cr_expect(eq(int, unlink(path), 0));
	cr_expect(eq(int, rmdir(folder), 0), "nothing else is left there");
	arena_free(&a);
}

Test(localfile, folder_that_is_not_there_is_named)
{
	struct store_pairs none = { NULL, 0 };
	struct ps_error err = { PS_OK, "" };

	cr_expect(eq(int, localfile_save("/nowhere/x", &none, &err), -1));
	cr_expect(eq(int, err.code, PS_E_RETRY));
	cr_expect(eq(str, err.text,
	    "offset file /nowhere/x.tmp: open: No such file or directory"));
}

/* Every byte wrong and every length too short: an error or other pairs, but
 * no read outside. */
Test(localfile, broken_files_are_refused_in_place)
{
	struct ps_arena *a = arena_new(4096);
	struct ps_error err;
	struct store_pairs got;
	char data[1024], copy[1024];
	size_t len;
	FILE *f = fopen(java_file(a, "shared"), "r");

	len = fread(data, 1, sizeof data, f);
	(void)fclose(f);
	for (size_t cut = 0; cut < len; cut++) {
		char *exact = malloc(cut + 1);

		memcpy(exact, data, cut);
		ps_error_clear(&err);
		cr_expect(
		    eq(int, localfile_decode(a, exact, cut, &got, &err), -1));
		cr_expect(eq(int, err.code, PS_E_DATA));
		free(exact);
	}
	for (size_t i = 0; i < len; i++) {
		memcpy(copy, data, len);
		copy[i] = (char)~copy[i];
		ps_error_clear(&err);
		(void)localfile_decode(a, copy, len, &got, &err);
	}
	arena_free(&a);
}
