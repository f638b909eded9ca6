#include "access/trail.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
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
#define TAIL_BYTES   4096
#define HASH_MEMBER  "\"hash\":\""

struct trail {
	char *path;
	int fd;
	char last[HEX_BYTES + 1]; /* hash of the line before */
	unsigned lost;
	unsigned unsynced; /* lines */
};

/* The hash of the last whole line; what is there is not judged. */
static void
take_last(struct trail *t)
{
	char tail[TAIL_BYTES + 1], *at, *found = NULL;
	off_t end = lseek(t->fd, 0, SEEK_END);
	ssize_t n = pread(t->fd, tail, TAIL_BYTES,
	    end > TAIL_BYTES ? end - TAIL_BYTES : 0);

	tail[n < 0 ? 0 : n] = '\0';
	for (at = tail; (at = strstr(at, HASH_MEMBER)) != NULL;) {
		at += sizeof HASH_MEMBER - 1;
		found = at;
	}
	if (found != NULL && strlen(found) >= HEX_BYTES)
		memcpy(t->last, found, HEX_BYTES);
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

/* The line, with its hash as the last member. */
static const char *
chained(struct trail *t, struct ps_arena *a, const char *line)
{
	uint8_t digest[DIGEST_BYTES];
	const char *text = ps_printf(a, "%s%s", t->last, line);
	unsigned len = sizeof digest;

	(void)EVP_Digest(text, strlen(text), digest, &len, EVP_sha256(), NULL);
	text_hex(digest, sizeof digest, t->last);
	return ps_printf(a, "%.*s,%s%s\"}\n", (int)strlen(line) - 1, line,
	    HASH_MEMBER, t->last);
}

void
trail_put(struct trail *t, struct ps_arena *a, const char *line)
{
	const char *all = chained(t, a, line);
	size_t len = strlen(all);

	if (write(t->fd, all, len) != (ssize_t)len) {
		t->lost++;
		log_error(AREA, "%s: %s; it was to say %s", t->path,
		    strerror(errno), all);
		return;
	}
	t->unsynced++;
}
