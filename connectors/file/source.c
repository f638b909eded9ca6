#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <penstock/source.h>

#include "file.h"
#include "lines.h"
#include "watch.h"

#define READ_MIN 4096
#define READ_MAX (1 << 20)
#define WAIT_MS  1000
/* How long a replaced file must be quiet before it counts as finished: its
 * writer may still have it open. */
#define REPLACED_QUIET_MS 1000

struct file_source {
	const struct ps_host *host;
	char *path, *topic;
	size_t batch_lines, line_max;
	const struct ps_source_partition *partition;
	const struct ps_schema *schema;
	struct file_watch watch;

	int fd; /* -1: there is no file yet */
	struct stat opened;
	int64_t position;  /* of the first line that is not sent */
	int64_t looked_at; /* size at which no whole line was left, or -1 */
	size_t read_size;
	int64_t replaced_ms; /* since when the path is another file, or 0 */
	bool told_missing;
};

static int64_t
now_ms(clockid_t clock)
{
	struct timespec ts;

	(void)clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
source_validate(const struct ps_host *h, const struct ps_config *c,
    struct ps_report *rep)
{
	(void)h;
	if (!ps_config_has(c, "file"))
		rep->error(rep, "file",
		    "Missing required configuration \"file\": reading "
		    "standard input is not supported");
}

static void *
source_create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct file_source *s;

	(void)self;
	if (!ps_config_has(c, "file")) {
		(void)ps_fail(err, PS_E_CONFIG,
		    "file is not set: reading standard input is not "
		    "supported, a path is expected");
		return NULL;
	}
	s = calloc(1, sizeof *s);
	if (s == NULL)
		abort();
	s->host = h;
	s->path = strdup(ps_config_str(c, "file"));
	s->topic = strdup(ps_config_str(c, "topic"));
	if (s->path == NULL || s->topic == NULL)
		abort();
	s->batch_lines = (size_t)ps_config_int(c, "batch.size");
	s->line_max = (size_t)ps_config_int(c, "line.max.bytes");
	s->fd = -1;
	s->looked_at = -1;
	s->read_size = READ_MAX / 8;
	file_watch_init(&s->watch, s->path);
	return s;
}

static void
source_destroy(void *state)
{
	struct file_source *s = state;

	file_watch_fini(&s->watch);
	if (s->fd >= 0)
		(void)close(s->fd);
	free(s->path);
	free(s->topic);
	free(s);
}

/* Once, before the first read: who we are and where to go on. */
static int
recall(struct file_source *s, struct ps_arena *a, struct ps_error *err)
{
	struct ps_schema text = { .type = PS_STRING };
	struct ps_pair name = { ps_text("filename"), ps_text(s->path) };
	struct ps_value map = ps_map(&name, 1), offset;
	const struct ps_value *position;

	s->partition = s->host->partition(s->host, &map);
	s->schema = s->host->intern(s->host, &text);
	if (s->host->stored_offset(s->host, s->partition, a, &offset) != 1)
		return 0;
	position = ps_map_find(&offset, "position");
	if (position == NULL || position->type == PS_NULL)
		return 0;
	if (!ps_is_int(position) || position->i < 0)
		return ps_fail(err, PS_E_CONFIG,
		    "Offset position of %s is the incorrect type: a "
		    "non-negative integer is expected",
		    s->path);
	s->position = position->i;
	return 0;
}

/* 1: open, 0: there is no such file yet. */
static int
open_file(struct file_source *s, struct ps_error *err)
{
	int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 && errno == ENOENT) {
		if (!s->told_missing)
			s->host->log(s->host, PS_WARN,
			    "Couldn't find file %s, waiting for it to be "
			    "created",
			    s->path);
		s->told_missing = true;
		return 0;
	}
	if (fd < 0)
		return ps_fail(err, PS_E_RETRY, "cannot open %s: %s", s->path,
		    strerror(errno));
	if (fstat(fd, &s->opened) != 0 || !S_ISREG(s->opened.st_mode)) {
		(void)close(fd);
		return ps_fail(err, PS_E_CONFIG,
		    "%s is not a regular file: only those can be read from a "
		    "stored position",
		    s->path);
	}
	s->fd = fd;
	s->looked_at = -1;
	s->replaced_ms = 0;
	s->told_missing = false;
	file_watch_renew(&s->watch, s->path);
	return 1;
}

static void
start_over(struct file_source *s, const char *why)
{
	s->host->log(s->host, PS_WARN,
	    "%s %s: reading it from the beginning instead of position %lld",
	    s->path, why, (long long)s->position);
	s->host->count(s->host, "file_restarts", 1);
	s->position = 0;
	s->looked_at = -1;
}

static void
add_line(struct file_source *s, struct ps_batch *b, struct ps_value line,
    int64_t now)
{
	struct ps_record *r = ps_batch_add(b);

	r->topic = s->topic;
	r->timestamp = now;
	r->value = line;
	r->value_schema = s->schema;
	r->source_partition = s->partition;
}

/* The last record of the batch is where a restart goes on. */
static void
mark_position(struct file_source *s, struct ps_batch *b)
{
	struct ps_record *last = &b->records[b->count - 1];
	struct ps_pair *pair = ps_alloc(b->arena, sizeof *pair);

	pair->key = ps_text("position");
	pair->value = ps_int64(s->position);
	last->source_offset = ps_map(pair, 1);
}

/* Sends the whole lines of data[0..len), which stands at s->position. */
static size_t
add_lines(struct file_source *s, struct ps_batch *b, const char *data,
    size_t len)
{
	struct line_scan scan = line_scan(data, len);
	int ascii = line_is_ascii(data, len);
	int64_t now = now_ms(CLOCK_REALTIME);
	const char *line;
	size_t n, count = 0;

	while (count < s->batch_lines && line_next(&scan, &line, &n)) {
		if (!ascii && !line_is_ascii(line, n))
			line = line_utf8(b->arena, line, &n);
		add_line(s, b, ps_string(line, n), now);
		count++;
	}
	if (count > 0) {
		s->position += scan.at - data;
		mark_position(s, b);
	}
	return count;
}

/* What the next read should ask for: about one batch of such lines. */
static void
learn_size(struct file_source *s, size_t used, size_t lines)
{
	size_t want = (used / lines + 1) * s->batch_lines;

	want += want / 8;
	want = want < READ_MIN ? READ_MIN : want;
	s->read_size = want > READ_MAX ? READ_MAX : want;
}

/* Reads `len` bytes at `at`, less at the end of the file; -1 on an error. */
static ssize_t
read_at(struct file_source *s, char *buf, size_t len, int64_t at,
    struct ps_error *err)
{
	size_t got = 0;
	ssize_t n;

	while (got < len) {
		n = pread(s->fd, buf + got, len - got, at + (int64_t)got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ps_fail(err, PS_E_RETRY,
			    "cannot read %s at %lld: %s", s->path,
			    (long long)at, strerror(errno));
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

/* How much to read, at least a whole line if it was too little before. */
static size_t
bytes_to_read(const struct file_source *s, const struct ps_batch *b,
    int64_t size)
{
	size_t left = (size_t)(size - s->position), want = s->read_size;

	if (b->budget_bytes >= READ_MIN && want > b->budget_bytes &&
	    want <= READ_MAX)
		want = b->budget_bytes;
	return want < left ? want : left;
}

/* No line ends in the `len` bytes read at s->position. */
static int
no_line(struct file_source *s, size_t len, int64_t size, struct ps_error *err)
{
	if (len > s->line_max)
		return ps_fail(err, PS_E_DATA,
		    "%s: the line at position %lld is longer than "
		    "line.max.bytes=%zu",
		    s->path, (long long)s->position, s->line_max);
	if (s->position + (int64_t)len < size)
		s->read_size = len * 2 > READ_MIN ? len * 2 : READ_MIN;
	else
		s->looked_at = size;
	return 0;
}

/* A position is always behind the end of a line. One byte more is read to
 * see that it is: if not, this is another file than the one stored. */
static int
read_lines(struct file_source *s, struct ps_batch *b, int64_t size,
    struct ps_error *err)
{
	int64_t start = s->position;
	size_t before = start > 0 ? 1 : 0;
	size_t want = bytes_to_read(s, b, size), lines;
	char *buf = ps_alloc(b->arena, want + before);
	ssize_t got =
	    read_at(s, buf, want + before, start - (int64_t)before, err);

	if (got < 0)
		return -1;
	if (before == 1 && got > 0 && buf[0] != '\n' && buf[0] != '\r') {
		start_over(s, "is another file (no line starts there)");
		return 0;
	}
	if ((size_t)got <= before)
		return 0;
	lines = add_lines(s, b, buf + before, (size_t)got - before);
	if (lines == 0)
		return no_line(s, (size_t)got - before, size, err);
	learn_size(s, (size_t)(s->position - start), lines);
	s->looked_at = -1;
	return 0;
}

/* A replaced file will not grow: what is left is its last line. */
static int
finish_replaced(struct file_source *s, struct ps_batch *b, int64_t size,
    struct ps_error *err)
{
	int64_t left = size - s->position;
	size_t len;
	ssize_t got;
	const char *text;
	char *buf;

	if (left > 0 && (size_t)left <= s->line_max) {
		buf = ps_alloc(b->arena, (size_t)left);
		got = read_at(s, buf, (size_t)left, s->position, err);
		if (got < 0)
			return -1;
		len = (size_t)got;
		len -= len > 0 && buf[len - 1] == '\r';
		text = line_utf8(b->arena, buf, &len);
		add_line(s, b, ps_string(text, len), now_ms(CLOCK_REALTIME));
		s->position = size;
		mark_position(s, b);
	}
	s->host->log(s->host, PS_INFO,
	    "%s was replaced: read to its end at %lld, going on with the new "
	    "file",
	    s->path, (long long)size);
	(void)close(s->fd);
	s->fd = -1;
	s->position = 0;
	return 0;
}

/* Everything there is was read. Is the path another file by now, and this
 * one quiet for long enough? 1: finished with it. */
static int
look_for_replacement(struct file_source *s)
{
	struct stat now;
	int64_t ms = now_ms(CLOCK_MONOTONIC);

	if (stat(s->path, &now) != 0 || (now.st_ino == s->opened.st_ino &&
					    now.st_dev == s->opened.st_dev)) {
		s->replaced_ms = 0;
		return 0;
	}
	if (s->replaced_ms == 0)
		s->replaced_ms = ms;
	return ms - s->replaced_ms >= REPLACED_QUIET_MS;
}

static void
wait_for_change(struct file_source *s)
{
	int64_t ms = WAIT_MS;

	if (s->replaced_ms != 0)
		ms = s->replaced_ms + REPLACED_QUIET_MS -
		     now_ms(CLOCK_MONOTONIC);
	if (ms > 0)
		file_watch_wait(&s->watch, s->host->wake_fd, (int)ms);
}

static int
source_poll(void *state, struct ps_batch *b, struct ps_error *err)
{
	struct file_source *s = state;
	struct stat st;
	int opened = 1;

	if (s->partition == NULL && recall(s, b->arena, err) != 0)
		return -1;
	if (s->fd < 0)
		opened = open_file(s, err);
	if (opened < 0)
		return -1;
	if (opened == 0) {
		wait_for_change(s);
		return 0;
	}
	if (fstat(s->fd, &st) != 0)
		return ps_fail(err, PS_E_RETRY, "cannot look at %s: %s",
		    s->path, strerror(errno));
	if (st.st_size < s->position)
		start_over(s, "was truncated");
	if (st.st_size != s->looked_at && st.st_size > s->position) {
		s->replaced_ms = 0;
		return read_lines(s, b, st.st_size, err);
	}
	if (look_for_replacement(s))
		return finish_replaced(s, b, st.st_size, err);
	wait_for_change(s);
	return 0;
}

static enum ps_support
source_exactly_once(const struct ps_config *c)
{
	return ps_config_has(c, "file") ? PS_SUPPORTED
					: PS_UNSUPPORTED_BY_CLASS;
}

static int
check_offset(const struct ps_value *offset, struct ps_error *err)
{
	const struct ps_value *position;

	if (offset->type == PS_NULL)
		return 0;
	position = ps_map_find(offset, "position");
	if (position == NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "Offset objects should either be null or contain the key "
		    "'position'");
	if (!ps_is_int(position))
		return ps_fail(err, PS_E_CONFIG,
		    "The value for the 'position' key in the offset is "
		    "expected to be a Long value");
	if (position->i < 0)
		return ps_fail(err, PS_E_CONFIG,
		    "The value for the 'position' key in the offset should be "
		    "a non-negative value");
	return 0;
}

static int
source_alter_offsets(const struct ps_host *h, const struct ps_config *c,
    const struct ps_position *positions, size_t count, struct ps_error *err)
{
	(void)h;
	if (!ps_config_has(c, "file"))
		return ps_fail(err, PS_E_CONFIG,
		    "Offsets cannot be modified if the 'file' configuration "
		    "is unspecified. This is because stdin is used for input "
		    "and offsets are not tracked.");
	for (size_t i = 0; i < count; i++)
		if (check_offset(&positions[i].offset, err) != 0)
			return -1;
	return 0;
}

const struct ps_source_ops file_source_ops = {
	.validate = source_validate,
	.create = source_create,
	.poll = source_poll,
	.exactly_once = source_exactly_once,
	.alter_offsets = source_alter_offsets,
	.destroy = source_destroy,
};
