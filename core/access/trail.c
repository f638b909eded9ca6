#include "access/trail.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xalloc.h"

#define AREA         "audit"
#define DIGEST_BYTES 32
#define HEX_BYTES    ((size_t)2 * DIGEST_BYTES)
#define PART_BYTES   4096
#define HASH_MEMBER  "\"hash\":\""
/* Looked at from the end; a file that is not ours has none of ours. */
#define LINES_MAX 64
#define LINE_END  "\"}"

struct trail {
	char *path;
	int fd;
	char last[HEX_BYTES + 1]; /* hash of the last whole line */
	bool torn;                /* a part of another is behind it */
	unsigned lost;
	unsigned unsynced; /* lines */
};

/* Where the last newline before `end` is, -1: there is none. */
static off_t
newline_before(int fd, off_t end)
{
	char part[PART_BYTES], *at;

	while (end > 0) {
		off_t from = end > PART_BYTES ? end - PART_BYTES : 0;
		ssize_t n = pread(fd, part, (size_t)(end - from), from);

		if (n != end - from)
			return -1;
		at = memrchr(part, '\n', (size_t)n);
		if (at != NULL)
			return from + (at - part);
		end = from;
	}
	return -1;
}

/* Of the line whose newline is there; what else it says is not judged. */
static bool
take_hash(struct trail *t, off_t newline)
{
	char end[sizeof HASH_MEMBER - 1 + HEX_BYTES + sizeof LINE_END - 1];
	const char *hash = end + sizeof HASH_MEMBER - 1;
	off_t from = newline - (off_t)sizeof end;

	if (from < 0 ||
	    pread(t->fd, end, sizeof end, from) != (ssize_t)sizeof end ||
	    memcmp(end, HASH_MEMBER, sizeof HASH_MEMBER - 1) != 0 ||
	    memcmp(hash + HEX_BYTES, LINE_END, sizeof LINE_END - 1) != 0)
		return false;
	memcpy(t->last, hash, HEX_BYTES);
	return true;
}

/* The last line may have been cut off, by a power cut or a full disk. */
static void
take_last(struct trail *t)
{
	off_t end = lseek(t->fd, 0, SEEK_END), at = newline_before(t->fd, end);

	t->torn = end > 0 && at != end - 1;
	for (int i = 0; i < LINES_MAX && at >= 0 && !take_hash(t, at); i++)
		at = newline_before(t->fd, at);
}

struct trail *
trail_open(const char *path, struct ps_error *err)
{
	int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	struct trail *t;

	if (fd < 0) {
		(void)ps_fail(err, PS_E_CONFIG, "rest.audit.file=%s: %s", path,
		    strerror(errno));
		return NULL;
	}
	t = xcalloc(1, sizeof *t);
	t->path = xstrdup(path);
	t->fd = fd;
	take_last(t);
	return t;
}

/* A pipe or a terminal (EINVAL) has no disk behind it. */
void
trail_sync(struct trail *t)
{
	unsigned lines = t->unsynced;

	t->unsynced = 0;
	if (lines == 0 || fdatasync(t->fd) == 0 || errno == EINVAL)
		return;
	t->lost += lines;
	log_error(AREA, "%s: its last %u lines may not be on the disk: %s",
	    t->path, lines, strerror(errno));
}

void
trail_close(struct trail **tp)
{
	struct trail *t = *tp;

	*tp = NULL;
	if (t == NULL)
		return;
	trail_sync(t);
	(void)close(t->fd);
	free(t->path);
	free(t);
}

unsigned
trail_lost(const struct trail *t)
{
	return t->lost;
}

/* The line, with its hash as the last member, which is `next` too. */
static const char *
chained(const struct trail *t, struct ps_arena *a, const char *line,
    char next[HEX_BYTES + 1])
{
	uint8_t digest[DIGEST_BYTES];
	const char *text = ps_printf(a, "%s%s", t->last, line);
	unsigned len = sizeof digest;

	(void)EVP_Digest(text, strlen(text), digest, &len, EVP_sha256(), NULL);
	text_hex(digest, sizeof digest, next);
	return ps_printf(a, "%s%.*s,%s%s%s\n", t->torn ? "\n" : "",
	    (int)strlen(line) - 1, line, HASH_MEMBER, next, LINE_END);
}

void
trail_put(struct trail *t, struct ps_arena *a, const char *line)
{
	char next[HEX_BYTES + 1];
	const char *all = chained(t, a, line, next);
	size_t len = strlen(all);
	ssize_t wrote = write(t->fd, all, len);

	if (wrote > 0)
		t->torn = all[wrote - 1] != '\n';
	if (wrote != (ssize_t)len) {
		t->lost++;
		log_error(AREA, "%s: %s; it was to say %s", t->path,
		    wrote < 0 ? strerror(errno) : "it took a part of a line",
		    all);
		return;
	}
	memcpy(t->last, next, sizeof next);
	t->unsynced++;
}
