#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "kafka/conf_work.h"

#define REFRESH_MAX_MS INT64_C(3600000)
#define AGE_MAX_MS     INT64_C(86400000)
#define SOCKET_MAX_MS  INT64_C(300000)
#define ACK_MAX_MS     INT64_C(900000)

static int
number(const struct conf_row *row, const char *value, int64_t *out,
    struct ps_error *err)
{
	if (text_int64(value, INT64_MIN, INT64_MAX, out) == 0)
		return 0;
	return conf_refuse(row, value, "a whole number is expected", err);
}

static void
set_number(struct conf_work *w, const char *property, int64_t n)
{
	conf_set(w, property, ps_printf(w->a, "%" PRId64, n));
}

static int64_t
clamp(int64_t n, int64_t min, int64_t max)
{
	return n < min ? min : n > max ? max : n;
}

int
conf_bytes_or_system(struct conf_work *w, const struct conf_row *row,
    const char *value, struct ps_error *err)
{
	int64_t n;

	if (number(row, value, &n, err) != 0)
		return -1;
	set_number(w, row->to, clamp(n, 0, 100000000));
	return 0;
}

int
conf_at_least_one(struct conf_work *w, const struct conf_row *row,
    const char *value, struct ps_error *err)
{
	int64_t n;

	if (number(row, value, &n, err) != 0)
		return -1;
	set_number(w, row->to, clamp(n, 1, INT32_MAX));
	return 0;
}

/* Java: -1 is never; librdkafka: 0. */
int
conf_idle(struct conf_work *w, const struct conf_row *row, const char *value,
    struct ps_error *err)
{
	int64_t n;

	if (number(row, value, &n, err) != 0)
		return -1;
	set_number(w, row->to, clamp(n, 0, INT32_MAX));
	return 0;
}

/* Connect's INT_MAX means for ever: 0. */
int
conf_delivery_timeout(struct conf_work *w, const struct conf_row *row,
    const char *value, struct ps_error *err)
{
	int64_t n;

	if (number(row, value, &n, err) != 0)
		return -1;
	if (n < 0)
		return conf_refuse(row, value, "0 or more is expected", err);
	set_number(w, row->to, n >= INT32_MAX ? 0 : n);
	return 0;
}

int
conf_request_timeout(struct conf_work *w, const struct conf_row *row,
    const char *value, struct ps_error *err)
{
	int64_t n;

	if (number(row, value, &n, err) != 0)
		return -1;
	set_number(w, "socket.timeout.ms", clamp(n, 1000, SOCKET_MAX_MS));
	if (w->client == CONF_PRODUCER)
		set_number(w, "request.timeout.ms", clamp(n, 1, ACK_MAX_MS));
	return 0;
}

/* Java looks again after this time; what is older than three of them is
 * forgotten. */
int
conf_metadata_age(struct conf_work *w, const struct conf_row *row,
    const char *value, struct ps_error *err)
{
	int64_t n;

	if (number(row, value, &n, err) != 0)
		return -1;
	n = clamp(n, 10, REFRESH_MAX_MS);
	set_number(w, "topic.metadata.refresh.interval.ms", n);
	set_number(w, "metadata.max.age.ms", clamp(3 * n, 1, AGE_MAX_MS));
	return 0;
}

int
conf_buffer_memory(struct conf_work *w, const struct conf_row *row,
    const char *value, struct ps_error *err)
{
	int64_t n;

	if (number(row, value, &n, err) != 0)
		return -1;
	if (n <= 0)
		return conf_refuse(row, value, "1 or more is expected", err);
	w->out->buffer_bytes = (size_t)n;
	return 0;
}

int
conf_max_poll_records(struct conf_work *w, const struct conf_row *row,
    const char *value, struct ps_error *err)
{
	int64_t n;

	if (number(row, value, &n, err) != 0)
		return -1;
	if (n <= 0)
		return conf_refuse(row, value, "1 or more is expected", err);
	w->out->max_poll_records = (size_t)n;
	return 0;
}

/* The client itself never resets: the start is chosen when a partition is
 * assigned. */
int
conf_offset_reset(struct conf_work *w, const struct conf_row *row,
    const char *value, struct ps_error *err)
{
	static const char *const known[] = { "earliest", "latest", "none" };

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcasecmp(value, known[i]) == 0) {
			w->out->reset = known[i];
			return 0;
		}
	return conf_refuse(row, value, "earliest, latest or none is expected",
	    err);
}

static const struct {
	const char *java, *ours;
	int eager;
} assignors[] = {
	{ "org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
	    "cooperative-sticky", 0 },
	{ "org.apache.kafka.clients.consumer.RangeAssignor", "range", 1 },
	{ "org.apache.kafka.clients.consumer.RoundRobinAssignor", "roundrobin",
	    1 },
	{ "cooperative-sticky", "cooperative-sticky", 0 },
	{ "range", "range", 1 },
	{ "roundrobin", "roundrobin", 1 },
};

static const char *
find_assignor(const char *name, int *eager)
{
	for (size_t i = 0; i < sizeof assignors / sizeof *assignors; i++)
		if (strcmp(assignors[i].java, name) == 0) {
			*eager = assignors[i].eager;
			return assignors[i].ours;
		}
	return NULL;
}

/* librdkafka mixes no eager with cooperative ones; Java's default list does,
 * so that groups can move: then the cooperative one is it. */
int
conf_assignors(struct conf_work *w, const struct conf_row *row,
    const char *value, struct ps_error *err)
{
	size_t count, kept = 0;
	char **names = text_list(w->a, value, &count);
	const char **ours = ps_calloc(w->a, count + 1, sizeof *ours);
	int eager = 0;

	for (size_t i = 0; i < count; i++) {
		const char *name = find_assignor(names[i], &eager);

		if (name == NULL)
			return conf_refuse(row, names[i],
			    "RangeAssignor, RoundRobinAssignor or "
			    "CooperativeStickyAssignor is expected",
			    err);
		if (!eager) {
			conf_set(w, row->to, name);
			return 0;
		}
		ours[kept++] = name;
	}
	conf_set(w, row->to, text_join(w->a, ours, kept, ","));
	return 0;
}

/* The level counts only for the codec in use. */
int
conf_compression_level(struct conf_work *w, const struct conf_row *row,
    const char *value, struct ps_error *err)
{
	const char *codec = ps_config_get(w->java, "compression.type");
	int64_t n;

	if (number(row, value, &n, err) != 0)
		return -1;
	if (codec != NULL && strcasecmp(codec, row->to) == 0)
		set_number(w, "compression.level", clamp(n, -1, 12));
	return 0;
}

int
conf_ignore_keys(struct conf_work *w, const struct conf_row *row,
    const char *value, struct ps_error *err)
{
	bool on;

	if (text_bool(value, &on) != 0)
		return conf_refuse(row, value, "true or false is expected",
		    err);
	if (on)
		conf_set(w, row->to, "random");
	return 0;
}

int
conf_exclude_internal(struct conf_work *w, const struct conf_row *row,
    const char *value, struct ps_error *err)
{
	bool on;

	if (text_bool(value, &on) != 0)
		return conf_refuse(row, value, "true or false is expected",
		    err);
	if (!on)
		conf_set(w, "topic.blacklist", "");
	return 0;
}
