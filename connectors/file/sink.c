#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <penstock/sink.h>

#include "file.h"
#include "text.h"

#define BUFFER_BYTES (1 << 18)
#define TAIL_MAX     (64 << 20) /* how far back a torn line is looked for */
#define RETRY_MS     1000
/* Set on a file whose lines are all whole: a last one that is not was torn
 * by the end of a task and is delivered again. */
#define WHOLE_ATTR "user.penstock.lines"

/* The next offset of a partition: what is before it is in the buffer or in
 * the file, so a batch that comes again is not written twice. */
struct taken {
	char *topic;
	int32_t partition;
	int64_t next;
	struct taken *older;
};

struct file_sink {
	const struct ps_host *host;
	char *path;
	int fd;
	bool dirty;   /* written, not yet synced */
	bool waiting; /* the status shows a cause */
	struct taken *taken, *last;
	size_t start, len; /* buffer[start..len) is still to be written */
	char buffer[BUFFER_BYTES];
};

static void
sink_validate(const struct ps_host *h, const struct ps_config *c,
    struct ps_report *rep)
{
	(void)h;
	if (!ps_config_has(c, "file"))
		rep->error(rep, "file",
		    "Missing required configuration \"file\": writing to "
		    "standard output is not supported");
}

static void *
sink_create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct file_sink *s;

	(void)self;
	if (!ps_config_has(c, "file")) {
		(void)ps_fail(err, PS_E_CONFIG,
		    "file is not set: writing to standard output is not "
		    "supported, a path is expected");
		return NULL;
	}
	s = calloc(1, sizeof *s);
	if (s == NULL)
		abort();
	s->host = h;
	s->fd = -1;
	s->path = strdup(ps_config_str(c, "file"));
	if (s->path == NULL)
		abort();
	return s;
}

static void
sink_destroy(void *state)
{
	struct file_sink *s = state;
	struct taken *older;

	for (struct taken *t = s->taken; t != NULL; t = older) {
		older = t->older;
		free(t->topic);
		free(t);
	}
	if (s->fd >= 0)
		(void)close(s->fd);
	free(s->path);
	free(s);
}

static int
outage(struct file_sink *s, const char *what, struct ps_error *err)
{
	(void)ps_fail(err, PS_E_RETRY, "cannot %s %s: %s", what, s->path,
	    strerror(errno));
	s->host->waiting(s->host, err == NULL ? what : err->text);
	s->host->retry_after(s->host, RETRY_MS);
	s->waiting = true;
	return -1;
}

/* Length of the file up to the end of its last whole line. */
static off_t
whole_length(int fd, off_t size)
{
	char buf[4096];
	off_t at = size;
	ssize_t n;

	while (at > 0 && size - at < TAIL_MAX) {
		off_t from =
		    at > (off_t)sizeof buf ? at - (off_t)sizeof buf : 0;

		n = pread(fd, buf, (size_t)(at - from), from);
		if (n != at - from)
			return size;
		for (; n > 0; n--)
			if (buf[n - 1] == '\n')
				return from + n;
		at = from;
	}
	return at == 0 ? 0 : size;
}

/* The file ends inside a line. Cut it if we tore it, else end it. */
static int
mend(struct file_sink *s, off_t size, off_t whole, struct ps_error *err)
{
	char mark;

	if (fgetxattr(s->fd, WHOLE_ATTR, &mark, 1) < 0) {
		if (write(s->fd, "\n", 1) != 1)
			return outage(s, "write to", err);
		return 0;
	}
	s->host->log(s->host, PS_WARN,
	    "%s: cut %lld bytes of a line that was not written to its end; "
	    "its record comes again",
	    s->path, (long long)(size - whole));
	if (ftruncate(s->fd, whole) != 0)
		return outage(s, "cut", err);
	return 0;
}

/* Several tasks may append to one file; only the first to come mends it. */
static int
check_end(struct file_sink *s, struct ps_error *err)
{
	struct stat st;
	off_t whole;

	if (fstat(s->fd, &st) != 0)
		return outage(s, "look at", err);
	if (!S_ISREG(st.st_mode) || flock(s->fd, LOCK_EX | LOCK_NB) != 0)
		return 0;
	whole = whole_length(s->fd, st.st_size);
	if (whole != st.st_size && mend(s, st.st_size, whole, err) != 0)
		return -1;
	(void)fsetxattr(s->fd, WHOLE_ATTR, "1", 1, 0);
	return 0;
}

static int
open_file(struct file_sink *s, struct ps_error *err)
{
	int fd;

	if (s->fd >= 0)
		return 0;
	fd = open(s->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 && errno != ENOENT && errno != EISDIR)
		fd = open(s->path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == EISDIR))
		return ps_fail(err, PS_E_CONFIG, "cannot open %s: %s", s->path,
		    strerror(errno));
	if (fd < 0)
		return outage(s, "open", err);
	s->fd = fd;
	if (check_end(s, err) != 0) {
		(void)close(fd);
		s->fd = -1;
		return -1;
	}
	(void)flock(fd, LOCK_SH | LOCK_NB);
	return 0;
}

/* What was written in part stays in the buffer from where it broke off. */
static int
flush(struct file_sink *s, struct ps_error *err)
{
	ssize_t n;

	while (s->start < s->len) {
		n = write(s->fd, s->buffer + s->start, s->len - s->start);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return outage(s, "write to", err);
		s->start += (size_t)n;
		s->dirty = true;
	}
	s->start = s->len = 0;
	if (s->waiting)
		s->host->waiting(s->host, NULL);
	s->waiting = false;
	return 0;
}

/* A line larger than the buffer goes in pieces; on a failure only what is
 * in the buffer is remembered, so its pieces are written before it counts
 * as taken and the line is not torn: the file is cut back. */
static int
write_large(struct file_sink *s, const char *line, size_t len,
    struct ps_error *err)
{
	off_t size = lseek(s->fd, 0, SEEK_END);
	size_t at = 0;
	ssize_t n = 0;

	while (at < len && n >= 0) {
		n = write(s->fd, line + at, len - at);
		if (n < 0 && errno == EINTR)
			n = 0;
		at += n > 0 ? (size_t)n : 0;
	}
	s->dirty = true;
	if (at == len)
		return 0;
	(void)outage(s, "write to", err);
	if (size >= 0 && ftruncate(s->fd, size) != 0)
		s->host->log(s->host, PS_WARN, "%s: a line stays torn at %lld",
		    s->path, (long long)size);
	return -1;
}

static int
append(struct file_sink *s, const char *line, size_t len, struct ps_error *err)
{
	if (len + 1 > BUFFER_BYTES - s->len && flush(s, err) != 0)
		return -1;
	if (len + 1 > BUFFER_BYTES) {
		if (write_large(s, line, len, err) != 0)
			return -1;
		len = 0;
	}
	if (len > 0)
		memcpy(s->buffer + s->len, line, len);
	s->buffer[s->len + len] = '\n';
	s->len += len + 1;
	return 0;
}

static struct taken *
find_taken(struct file_sink *s, const struct ps_record *r)
{
	struct taken *t = s->last;

	if (t != NULL && t->partition == r->origin_partition &&
	    strcmp(t->topic, r->origin_topic) == 0)
		return t;
	for (t = s->taken; t != NULL; t = t->older)
		if (t->partition == r->origin_partition &&
		    strcmp(t->topic, r->origin_topic) == 0)
			break;
	if (t == NULL) {
		t = calloc(1, sizeof *t);
		if (t == NULL)
			abort();
		t->topic = strdup(r->origin_topic);
		if (t->topic == NULL)
			abort();
		t->partition = r->origin_partition;
		t->older = s->taken;
		s->taken = t;
	}
	s->last = t;
	return t;
}

static int
sink_put(void *state, struct ps_batch *b, struct ps_error *err)
{
	struct file_sink *s = state;

	if (open_file(s, err) != 0)
		return -1;
	for (size_t i = 0; i < b->count; i++) {
		const struct ps_record *r = &b->records[i];
		struct ps_value line;
		struct taken *t;

		if (r->outcome != PS_KEPT)
			continue;
		t = find_taken(s, r);
		if (r->origin_offset < t->next)
			continue;
		line = text_of(b->arena, &r->value, r->value_schema);
		if (append(s, line.s, line.len, err) != 0)
			return -1;
		t->next = r->origin_offset + 1;
	}
	return flush(s, err);
}

static int
sink_pre_commit(void *state, struct ps_topic_position *tps, size_t count,
    struct ps_error *err)
{
	struct file_sink *s = state;

	(void)tps;
	(void)count;
	if (s->fd < 0)
		return 0;
	if (flush(s, err) != 0)
		return -1;
	if (!s->dirty)
		return 0;
	if (fdatasync(s->fd) != 0 && errno != EINVAL && errno != EROFS)
		return ps_fail(err, PS_E_FATAL,
		    "cannot sync %s: %s; what was written may be lost and is "
		    "written again after a restart",
		    s->path, strerror(errno));
	s->dirty = false;
	return 0;
}

/* The partitions' offsets may be set back before they are opened again. */
static int
sink_open(void *state, struct ps_topic_position *tps, size_t count,
    struct ps_error *err)
{
	struct file_sink *s = state;

	(void)err;
	for (size_t i = 0; i < count; i++)
		for (struct taken *t = s->taken; t != NULL; t = t->older)
			if (t->partition == tps[i].partition &&
			    strcmp(t->topic, tps[i].topic) == 0)
				t->next = 0;
	return 0;
}

/* The file has no position: those of the group are all there are. */
static int
sink_alter_offsets(const struct ps_host *h, const struct ps_config *c,
    const struct ps_topic_position *tps, size_t count, struct ps_error *err)
{
	(void)h;
	(void)c;
	(void)tps;
	(void)count;
	(void)err;
	return 1;
}

static bool
sink_headers(void *state)
{
	(void)state;
	return false;
}

const struct ps_sink_ops file_sink_ops = {
	.validate = sink_validate,
	.create = sink_create,
	.open = sink_open,
	.put = sink_put,
	.pre_commit = sink_pre_commit,
	.alter_offsets = sink_alter_offsets,
	.destroy = sink_destroy,
	.headers = sink_headers,
};
