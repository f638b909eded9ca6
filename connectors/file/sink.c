#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assignment/assignment.h>
#include <penstock/sink.h>

#include "end.h"
#include "file.h"
#include "text.h"

#define BUFFER_BYTES (1 << 18) /* more only for a line that is larger */
#define RETRY_MS     1000

struct file_sink {
	const struct ps_host *host;
	char *path;
	int fd;
	bool is_regular;
	bool dirty;   /* written, not yet synced */
	bool waiting; /* the status shows a cause */
	/* What is before a partition's next offset is in the buffer or in the
	 * file, so a batch that comes again is not written twice. */
	struct assignment taken;
	off_t end;         /* of the file after our last write, -1: not known */
	size_t start, len; /* buffer[start..len) is still to be written */
	size_t size;
	char *buffer;
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

/* Whatever comes first is new: the file itself tells of no position. */
static struct assigned *
new_taken(void *arg, const char *topic, int32_t partition, int64_t offset)
{
	struct assigned *p = calloc(1, sizeof *p);

	(void)arg;
	(void)offset;
	if (p == NULL)
		abort();
	assigned_init(p, topic, partition, 0);
	return p;
}

static void
free_taken(struct assigned *p)
{
	assigned_fini(p);
	free(p);
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
	s->taken = (struct assignment){ .make = new_taken, .free = free_taken };
	s->end = -1;
	s->path = strdup(ps_config_str(c, "file"));
	s->size = BUFFER_BYTES;
	s->buffer = malloc(s->size);
	if (s->path == NULL || s->buffer == NULL)
		abort();
	return s;
}

static void
sink_destroy(void *state)
{
	struct file_sink *s = state;

	assignment_fini(&s->taken);
	if (s->fd >= 0)
		(void)close(s->fd);
	free(s->buffer);
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

static int
open_file(struct file_sink *s, struct ps_error *err)
{
	struct stat st;
	int fd;

	if (s->fd >= 0)
		return 0;
	fd = open(s->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY,
	    0644);
	if (fd < 0 && errno != ENOENT && errno != EISDIR)
		fd = open(s->path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 && (errno == ENOENT || errno == EISDIR))
		return ps_fail(err, PS_E_CONFIG, "cannot open %s: %s", s->path,
		    strerror(errno));
	if (fd < 0)
		return outage(s, "open", err);
	s->fd = fd;
	s->end = -1;
	s->is_regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	return 0;
}

/* ---- writing ----------------------------------------------------------- */

/* Where the line begins that the last write broke off in. */
static size_t
line_start(const struct file_sink *s)
{
	const char *end = memrchr(s->buffer, '\n', s->start);

	return end == NULL ? 0 : (size_t)(end - s->buffer) + 1;
}

/* A write that broke off goes on where it did, unless somebody else wrote
 * since: then its line is written anew. */
static int
find_end(struct file_sink *s, struct ps_error *err)
{
	size_t line = line_start(s);
	struct stat st;
	off_t gone;

	if (fstat(s->fd, &st) != 0)
		return outage(s, "look at", err);
	if (st.st_size != s->end) {
		gone = end_mend(s->fd, st.st_size);
		if (gone < 0)
			return outage(s, "write to", err);
		if (gone > 0)
			s->host->log(s->host, PS_WARN,
			    "%s: cut %jd bytes of a line that was not written "
			    "to its end; its record comes again",
			    s->path, (intmax_t)gone);
		if (fstat(s->fd, &st) != 0)
			return outage(s, "look at", err);
		s->start = line;
	}
	s->end = st.st_size;
	end_note(s->fd, s->end - (off_t)(s->start - line), s->len - line);
	return 0;
}

/* What was written in part stays in the buffer from where it broke off. */
static int
write_out(struct file_sink *s, struct ps_error *err)
{
	ssize_t n;

	while (s->start < s->len) {
		n = write(s->fd, s->buffer + s->start, s->len - s->start);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return outage(s, "write to", err);
		s->start += (size_t)n;
		s->end += n;
		s->dirty = true;
	}
	return 0;
}

static int
write_alone(struct file_sink *s, struct ps_error *err)
{
	int rc;

	if (!s->is_regular)
		return write_out(s, err);
	if (!end_lock(s->fd)) {
		errno = EAGAIN;
		return outage(s, "lock", err);
	}
	rc = find_end(s, err) != 0 ? -1 : write_out(s, err);
	end_unlock(s->fd);
	return rc;
}

static void
resize(struct file_sink *s, size_t size)
{
	if (s->size == size)
		return;
	s->size = size;
	s->buffer = realloc(s->buffer, size);
	if (s->buffer == NULL)
		abort();
}

static int
flush(struct file_sink *s, struct ps_error *err)
{
	if (s->start < s->len && write_alone(s, err) != 0)
		return -1;
	s->start = s->len = 0;
	resize(s, BUFFER_BYTES);
	if (s->waiting)
		s->host->waiting(s->host, NULL);
	s->waiting = false;
	return 0;
}

static int
append(struct file_sink *s, const char *line, size_t len, struct ps_error *err)
{
	if (len + 1 > s->size - s->len && flush(s, err) != 0)
		return -1;
	if (len + 1 > s->size - s->len)
		resize(s, len + 1);
	if (len > 0)
		memcpy(s->buffer + s->len, line, len);
	s->buffer[s->len + len] = '\n';
	s->len += len + 1;
	return 0;
}

/* ---- what is taken ----------------------------------------------------- */

static int
sink_put(void *state, struct ps_batch *b, struct ps_error *err)
{
	struct file_sink *s = state;

	if (open_file(s, err) != 0)
		return -1;
	for (size_t i = 0; i < b->count; i++) {
		const struct ps_record *r = &b->records[i];
		struct ps_value line;
		struct assigned *p;

		if (r->outcome != PS_KEPT)
			continue;
		p = assignment_of(&s->taken, r);
		if (r->origin_offset < p->next_offset)
			continue;
		line = text_of(b->arena, &r->value, r->value_schema);
		if (append(s, line.s, line.len, err) != 0)
			return -1;
		p->next_offset = r->origin_offset + 1;
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
	assignment_open(&s->taken, tps, count);
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
