#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <penstock/ascii.h>
#include <penstock/source.h>

#include "file.h"
#include "follow.h"
#include "lines.h"

#define READ_MIN 4096
#define READ_MAX (1 << 20)

struct file_source {
	const struct ps_host *host;
	char *topic;
	size_t batch_lines, line_max;
	const struct ps_source_partition *partition;
	const struct ps_schema *schema;
	struct follow file;
	size_t read_size;
	bool is_anchored; /* a position is stored, or on its way */
};

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
	follow_init(&s->file, h, ps_config_str(c, "file"));
	s->topic = strdup(ps_config_str(c, "topic"));
	if (s->topic == NULL)
		abort();
	s->batch_lines = ps_config_int(c, "batch.size") > 0
			     ? (size_t)ps_config_int(c, "batch.size")
			     : 1;
	s->line_max = (size_t)ps_config_int(c, "line.max.bytes");
	s->read_size = READ_MAX / 8;
	return s;
}

static void
source_destroy(void *state)
{
	struct file_source *s = state;

	follow_fini(&s->file);
	free(s->topic);
	free(s);
}

/* Once, before the first read: who we are and where to go on. */
static int
recall(struct file_source *s, struct ps_arena *a, struct ps_error *err)
{
	struct ps_schema text = { .type = PS_STRING };
	struct ps_pair name = { ps_text("filename"), ps_text(s->file.path) };
	struct ps_value map = ps_map(&name, 1), offset;
	const struct ps_value *position, *mark;

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
		    s->file.path);
	s->file.position = position->i;
	s->is_anchored = true;
	mark = ps_map_find(&offset, "penstock");
	if (mark != NULL && mark->type == PS_STRING)
		s->file.mark = mark_parse(mark->s, mark->len);
	return 0;
}

static void
add_line(struct file_source *s, struct ps_batch *b, struct ps_value line)
{
	struct ps_record *r = ps_batch_add(b);

	r->topic = s->topic;
	r->timestamp = PS_NOW;
	r->value = line;
	r->value_schema = s->schema;
	r->source_partition = s->partition;
}

/* The last record of the batch is where a restart goes on; data[0..end) is
 * what was read before that. */
static void
mark_position(struct file_source *s, struct ps_batch *b, const char *data,
    size_t end)
{
	struct ps_record *last = &b->records[b->count - 1];
	struct ps_pair *pairs = ps_alloc(b->arena, 2 * sizeof *pairs);
	char text[MARK_TEXT];

	s->file.mark = mark_of(s->file.opened.st_ino, data, end);
	mark_print(&s->file.mark, text);
	pairs[0] =
	    (struct ps_pair){ ps_text("position"), ps_int64(s->file.position) };
	pairs[1] = (struct ps_pair){ ps_text("penstock"),
		ps_text(ps_strdup(b->arena, text)) };
	last->source_offset = ps_map(pairs, 2);
}

/* Sends the whole lines of data[0..len); how many. `used` is their length. */
static size_t
add_lines(struct file_source *s, struct ps_batch *b, const char *data,
    size_t len, size_t *used)
{
	struct line_scan scan = line_scan(data, len);
	bool ascii = ps_ascii_prefix(data, len) == len;
	const char *line;
	size_t n, count = 0;

	while (count < s->batch_lines && line_next(&scan, &line, &n)) {
		if (!ascii && ps_ascii_prefix(line, n) < n)
			line = line_utf8(b->arena, line, &n);
		add_line(s, b, ps_string(line, n));
		count++;
	}
	*used = (size_t)(scan.at - data);
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

/* What stands at the position, and before it as much as the mark is of. */
struct piece {
	char *data;
	size_t before, len; /* data[before] is at the position */
};

static int
read_piece(struct file_source *s, struct ps_batch *b, size_t want,
    struct piece *p, struct ps_error *err)
{
	size_t before = mark_length(s->file.position), got = 0;
	int64_t at = s->file.position - (int64_t)before;
	ssize_t n = 1;

	*p = (struct piece){ ps_alloc(b->arena, want + before), before, 0 };
	while (got < want + before && n != 0) {
		n = pread(s->file.fd, p->data + got, want + before - got,
		    at + (int64_t)got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ps_fail(err, PS_E_RETRY,
			    "cannot read %s at %lld: %s", s->file.path,
			    (long long)at + (long long)got, strerror(errno));
		got += (size_t)n;
	}
	p->before = got < before ? got : before;
	p->len = got - p->before;
	return 0;
}

/* Positions of others have no mark, but are behind the end of a line. */
static bool
is_ours(const struct file_source *s, const struct piece *p)
{
	if (p->before == 0)
		return true;
	if (s->file.mark.is_set)
		return mark_of(0, p->data, p->before).hash == s->file.mark.hash;
	return p->data[p->before - 1] == '\n' || p->data[p->before - 1] == '\r';
}

/* How much to read, at least a whole line if it was too little before. */
static size_t
bytes_to_read(const struct file_source *s, const struct ps_batch *b,
    int64_t size)
{
	size_t left = (size_t)(size - s->file.position), want = s->read_size;

	if (b->budget_bytes >= READ_MIN && want > b->budget_bytes &&
	    want <= READ_MAX)
		want = b->budget_bytes;
	return want < left ? want : left;
}

/* No line ends in the `len` bytes read at s->file.position. */
static int
no_line(struct file_source *s, size_t len, int64_t size, struct ps_error *err)
{
	if (len > s->line_max)
		return ps_fail(err, PS_E_DATA,
		    "%s: the line at position %lld is longer than "
		    "line.max.bytes=%zu",
		    s->file.path, (long long)s->file.position, s->line_max);
	if (s->file.position + (int64_t)len < size)
		s->read_size = len * 2 > READ_MIN ? len * 2 : READ_MIN;
	else
		s->file.looked_at = size;
	return 0;
}

static int
read_lines(struct file_source *s, struct ps_batch *b, int64_t size,
    struct ps_error *err)
{
	size_t lines, used;
	struct piece p;

	if (read_piece(s, b, bytes_to_read(s, b, size), &p, err) != 0)
		return -1;
	if (!is_ours(s, &p)) {
		follow_lost(&s->file, "is another file");
		return 0;
	}
	if (p.len == 0)
		return 0;
	lines = add_lines(s, b, p.data + p.before, p.len, &used);
	if (lines == 0)
		return no_line(s, p.len, size, err);
	s->file.position += (int64_t)used;
	mark_position(s, b, p.data, p.before + used);
	learn_size(s, used, lines);
	s->file.looked_at = -1;
	return 0;
}

/* Sends the last line, which has no end. */
static int
finish_line(struct file_source *s, struct ps_batch *b, size_t left,
    struct ps_error *err)
{
	struct piece p;
	const char *text;
	size_t len;

	if (read_piece(s, b, left, &p, err) != 0)
		return -1;
	len = p.len - (p.len > 0 && p.data[p.before + p.len - 1] == '\r');
	text = line_utf8(b->arena, p.data + p.before, &len);
	add_line(s, b, ps_string(text, len));
	s->file.position += (int64_t)p.len;
	mark_position(s, b, p.data, p.before + p.len);
	return 0;
}

/* The file that is the first to be read stays the first, if it is rotated
 * before a line of it was stored: a record that goes nowhere says so. */
static void
anchor(struct file_source *s, struct ps_batch *b)
{
	struct ps_record *r = ps_batch_add(b);

	r->topic = s->topic;
	r->source_partition = s->partition;
	r->outcome = PS_DROPPED;
	mark_position(s, b, "", 0);
	s->is_anchored = true;
}

/* All whole lines were sent: is there nothing more to come? */
static int
finish_replaced(struct file_source *s, struct ps_batch *b,
    const struct stat *now, struct ps_error *err)
{
	int64_t left = now->st_size - s->file.position;

	if (left > 0 && (size_t)left <= s->line_max &&
	    finish_line(s, b, (size_t)left, err) != 0)
		return -1;
	follow_leave(&s->file, now);
	return 0;
}

static int
source_poll(void *state, struct ps_batch *b, struct ps_error *err)
{
	struct file_source *s = state;
	struct follow *f = &s->file;
	struct stat st;
	int opened;

	if (s->partition == NULL && recall(s, b->arena, err) != 0)
		return -1;
	opened = follow_open(f, err);
	if (opened < 0)
		return -1;
	if (opened == 0) {
		follow_wait(f);
		return 0;
	}
	if (!s->is_anchored) {
		anchor(s, b);
		return 0;
	}
	if (fstat(f->fd, &st) != 0)
		return ps_fail(err, PS_E_RETRY, "cannot look at %s: %s",
		    f->path, strerror(errno));
	if (st.st_size < f->position) {
		follow_lost(f, "was truncated");
		return 0;
	}
	if (st.st_size != f->looked_at && st.st_size > f->position) {
		f->replaced_ms = 0;
		return read_lines(s, b, st.st_size, err);
	}
	if (follow_is_replaced(f, &st))
		return finish_replaced(s, b, &st, err);
	follow_wait(f);
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
check_partition(const struct ps_value *map, struct ps_error *err)
{
	if (map->type != PS_MAP)
		return ps_fail(err, PS_E_CONFIG,
		    "Partition objects cannot be null");
	if (ps_map_find(map, "filename") == NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "Partition objects should contain the key 'filename'");
	return 0;
}

static int
source_alter_offsets(const struct ps_host *h, const struct ps_config *c,
    const struct ps_position *positions, size_t count, struct ps_error *err)
{
	if (!ps_config_has(c, "file"))
		return ps_fail(err, PS_E_CONFIG,
		    "Offsets cannot be modified if the 'file' configuration "
		    "is unspecified. This is because stdin is used for input "
		    "and offsets are not tracked.");
	for (size_t i = 0; i < count; i++) {
		const struct ps_position *p = &positions[i];

		/* As in Java: whatever is there may be forgotten. */
		if (p->offset.type == PS_NULL)
			continue;
		if (check_offset(&p->offset, err) != 0 ||
		    check_partition(h->partition_map(h, p->partition), err) !=
			0)
			return -1;
	}
	return 1;
}

const struct ps_source_ops file_source_ops = {
	.validate = source_validate,
	.create = source_create,
	.poll = source_poll,
	.exactly_once = source_exactly_once,
	.alter_offsets = source_alter_offsets,
	.destroy = source_destroy,
};
