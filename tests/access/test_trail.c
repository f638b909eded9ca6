#include "access/trail.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/sha.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"

#define LINES      4
#define MUCH_BYTES 10000

static struct world {
	struct ps_arena *a;
	char path[PATH_MAX];
	struct trail *t;
} w;

static int syncs, sync_errno;

/* Instead of libc's. */
int
fdatasync(int fd)
{
	syncs++;
	if (sync_errno == 0)
		return (int)syscall(SYS_fdatasync, fd);
	errno = sync_errno;
	return -1;
}

static void
open_trail(void)
{
	struct ps_error err = { 0 };

	w.t = trail_open(w.path, &err);
	cr_assert(ne(ptr, w.t, NULL), "%s", err.text);
}

static void
setup(void)
{
	int fd;

	w.a = arena_new(4096);
	(void)snprintf(w.path, sizeof w.path, BUILD "/tmp/trail-XXXXXX");
	fd = mkstemp(w.path);
	cr_assert(ge(int, fd, 0));
	(void)close(fd);
	open_trail();
}

static void
teardown(void)
{
	trail_close(&w.t);
	arena_free(&w.a);
	(void)unlink(w.path);
}

TestSuite(trail, .init = setup, .fini = teardown);

Test(trail, many_lines_are_on_the_disk_by_one_sync)
{
	trail_put(w.t, w.a, "{\"n\":1}");
	trail_put(w.t, w.a, "{\"n\":2}");
	cr_assert(eq(int, syncs, 0));
	trail_sync(w.t);
	cr_assert(eq(int, syncs, 1));
	trail_sync(w.t);
	cr_assert(eq(int, syncs, 1));
	trail_put(w.t, w.a, "{\"n\":3}");
	trail_sync(w.t);
	cr_assert(eq(int, syncs, 2));
	cr_assert(eq(uint, trail_lost(w.t), 0));
}

Test(trail, what_stands_open_at_the_end_is_on_the_disk_too)
{
	trail_put(w.t, w.a, "{\"n\":1}");
	trail_close(&w.t);
	cr_assert(eq(int, syncs, 1));
}

Test(trail, a_disk_that_fails_is_counted)
{
	sync_errno = EIO;
	trail_put(w.t, w.a, "{\"n\":1}");
	trail_put(w.t, w.a, "{\"n\":2}");
	trail_sync(w.t);
	cr_assert(eq(uint, trail_lost(w.t), 2));
	sync_errno = 0;
	trail_put(w.t, w.a, "{\"n\":3}");
	trail_sync(w.t);
	cr_assert(eq(uint, trail_lost(w.t), 2));
}

Test(trail, what_has_no_disk_is_no_failure)
{
	sync_errno = EINVAL;
	trail_put(w.t, w.a, "{\"n\":1}");
	trail_sync(w.t);
	cr_assert(eq(uint, trail_lost(w.t), 0));
}

/* The hash is of the one before and the line without it. */
static void
check_line(const char *line, char last[2 * SHA256_DIGEST_LENGTH + 1])
{
	static const char member[] = ",\"hash\":\"";
	const char *at = strstr(line, member), *text;
	unsigned char digest[SHA256_DIGEST_LENGTH];

	cr_assert(ne(ptr, (void *)(uintptr_t)at, NULL), "%s", line);
	text = ps_printf(w.a, "%s%.*s}", last, (int)(at - line), line);
	(void)SHA256((const unsigned char *)text, strlen(text), digest);
	text_hex(digest, sizeof digest, last);
	at += sizeof member - 1;
	cr_assert(eq(int, strncmp(at, last, strlen(last)), 0), "%s", line);
}

/* Each line that is whole goes on from the last that is. */
static void
check_chain(int whole, int torn)
{
	char last[2 * SHA256_DIGEST_LENGTH + 1] = "", *line = NULL;
	size_t room = 0;
	FILE *f = fopen(w.path, "re");

	cr_assert(ne(ptr, f, NULL));
	while (getline(&line, &room, f) > 0) {
		if (strstr(line, "\"}\n") == NULL) {
			torn--;
			continue;
		}
		check_line(line, last);
		whole--;
	}
	free(line);
	(void)fclose(f);
	cr_assert(eq(int, whole, 0));
	cr_assert(eq(int, torn, 0));
}

Test(trail, the_chain_goes_on_when_it_is_opened_again)
{
	for (int n = 0; n < LINES; n++) {
		trail_put(w.t, w.a, ps_printf(w.a, "{\"n\":%d}", n));
		trail_close(&w.t);
		open_trail();
	}
	check_chain(LINES, 0);
}

/* A power cut, in the middle of a line; also in that of its hash, and of one
 * that is long, or in the first. */
static void
tear(const char *text, int whole)
{
	FILE *f;

	trail_close(&w.t);
	cr_assert(eq(int, truncate(w.path, 0), 0));
	open_trail();
	for (int n = 0; n < whole; n++)
		trail_put(w.t, w.a, ps_printf(w.a, "{\"n\":%d}", n));
	trail_close(&w.t);
	f = fopen(w.path, "ae");
	cr_assert(ge(int, fputs(text, f), 0));
	(void)fclose(f);
	open_trail();
	trail_put(w.t, w.a, "{\"after\":1}");
	trail_put(w.t, w.a, "{\"after\":2}");
	check_chain(whole + 2, 1);
}

Test(trail, the_chain_goes_on_behind_a_line_that_was_cut_off)
{
	char *much = ps_alloc(w.a, MUCH_BYTES);

	tear("{\"n\":9", 2);
	tear("{\"n\":9,\"hash\":\"0123", 2);
	tear("{\"n\":9", 0);
	memset(much, 'x', MUCH_BYTES - 1);
	much[MUCH_BYTES - 1] = '\0';
	tear(ps_printf(w.a, "{\"n\":\"%s", much), 1);
	tear(ps_printf(w.a, "{\"hash\":\"%s", much), 1);
}

/* The disk is full in the middle of a line. */
Test(trail, the_chain_goes_on_behind_a_line_that_did_not_fit)
{
	struct rlimit before, limit;
	struct stat st;

	(void)signal(SIGXFSZ, SIG_IGN);
	trail_put(w.t, w.a, "{\"n\":1}");
	cr_assert(eq(int, stat(w.path, &st), 0));
	cr_assert(eq(int, getrlimit(RLIMIT_FSIZE, &before), 0));
	limit = before;
	limit.rlim_cur = (rlim_t)st.st_size + 5;
	cr_assert(eq(int, setrlimit(RLIMIT_FSIZE, &limit), 0));
	trail_put(w.t, w.a, "{\"lost\":1}");
	trail_put(w.t, w.a, "{\"lost\":2}");
	cr_assert(eq(int, setrlimit(RLIMIT_FSIZE, &before), 0));
	cr_assert(eq(uint, trail_lost(w.t), 2));
	trail_put(w.t, w.a, "{\"n\":2}");
	trail_put(w.t, w.a, "{\"n\":3}");
	check_chain(3, 1);
}
