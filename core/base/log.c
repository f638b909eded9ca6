#include "base/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/xalloc.h"

#define RULES_MAX 128u
#define AREA_MAX  120u
#define WHOLE_MAX (1u << 20)
#define LINE_HEAD 256u

struct rule {
	char area[AREA_MAX];
	atomic_int level;
	atomic_llong set_ms; /* wall clock, 0: never */
};

/*
 * Levels may be set by one thread while another logs: a rule's area is
 * written before `count` shows it and never changes after.
 */
static struct {
	struct rule root;
	atomic_uint count;
	struct rule rules[RULES_MAX];
	log_sink_fn *sink;
	void *ctx;
} state = { .root.level = PS_INFO };

static const char *const names[] = {
	[PS_DEBUG] = "DEBUG",
	[PS_INFO] = "INFO",
	[PS_WARN] = "WARN",
	[PS_ERROR] = "ERROR",
};

const char *
log_level_name(enum ps_level level)
{
	return names[level];
}

int
log_level_parse(const char *name, enum ps_level *out)
{
	/* Other names that Connect's loggers know. */
	static const struct {
		const char *name;
		enum ps_level level;
	} others[] = { { "TRACE", PS_DEBUG }, { "ALL", PS_DEBUG },
		{ "FATAL", PS_ERROR }, { "OFF", PS_ERROR } };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcasecmp(name, names[i]) == 0) {
			*out = (enum ps_level)i;
			return 0;
		}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (strcasecmp(name, others[i].name) == 0) {
			*out = others[i].level;
			return 0;
		}
	return -1;
}

static bool
is_root(const char *area)
{
	return area[0] == '\0' || strcmp(area, "root") == 0;
}

static struct rule *
find_rule(const char *area)
{
	unsigned count = atomic_load(&state.count);

	for (unsigned i = 0; i < count; i++)
		if (strcmp(state.rules[i].area, area) == 0)
			return &state.rules[i];
	return NULL;
}

/* Does the rule for `above` hold for `area`? */
static bool
is_below(const char *area, const char *above, size_t len)
{
	return strncmp(area, above, len) == 0 &&
	       (area[len] == '\0' || area[len] == '.');
}

static void
set(struct rule *r, enum ps_level level)
{
	atomic_store(&r->level, (int)level);
	atomic_store(&r->set_ms, (long long)wall_now().ms);
}

void
log_set_level(const char *area, enum ps_level level)
{
	unsigned count = atomic_load(&state.count);
	size_t len = strlen(area);
	struct rule *r;

	if (is_root(area))
		set(&state.root, level);
	/* "Those below it" includes what was set apart before. */
	for (unsigned i = 0; i < count; i++)
		if (is_root(area) || is_below(state.rules[i].area, area, len))
			set(&state.rules[i], level);
	if (is_root(area) || find_rule(area) != NULL)
		return;
	if (count == RULES_MAX || len >= AREA_MAX) {
		log_warn("log", "no room for a level of logger %s", area);
		return;
	}
	r = &state.rules[count];
	memcpy(r->area, area, len + 1);
	set(r, level);
	atomic_store(&state.count, count + 1);
}

static struct rule *
rule_for(const char *area)
{
	unsigned count = atomic_load(&state.count);
	struct rule *found = &state.root;
	size_t best = 0;

	for (unsigned i = 0; i < count; i++) {
		size_t len = strlen(state.rules[i].area);

		if (len >= best && is_below(area, state.rules[i].area, len)) {
			best = len;
			found = &state.rules[i];
		}
	}
	return found;
}

enum ps_level
log_level(const char *area)
{
	return (enum ps_level)atomic_load(&rule_for(area)->level);
}

int64_t
log_level_set_ms(const char *area)
{
	return atomic_load(&rule_for(area)->set_ms);
}

const char *
log_logger(size_t i)
{
	return i < atomic_load(&state.count) ? state.rules[i].area : NULL;
}

void
log_set_sink(log_sink_fn *sink, void *ctx)
{
	state.ctx = ctx;
	state.sink = sink;
}

size_t
log_format(char *out, size_t room, enum ps_level level, const char *area,
    const char *text)
{
	struct wall_ms now = wall_now();
	time_t s = (time_t)(now.ms / 1000);
	struct tm tm = { 0 };
	size_t used;

	(void)gmtime_r(&s, &tm);
	used = strftime(out, room, "%Y-%m-%d %H:%M:%S", &tm);
	used += (size_t)snprintf(out + used, room - used, ".%03d %-5s ",
	    (int)(now.ms % 1000), names[level]);
	used += text_escape(out + used, AREA_MAX, area, strlen(area));
	out[used++] = ':';
	out[used++] = ' ';
	used += text_escape(out + used, room - used - 1, text, strlen(text));
	out[used++] = '\n';
	return used;
}

static void
print(enum ps_level level, const char *area, const char *text)
{
	char line[LOG_TEXT_MAX + LINE_HEAD];
	size_t used = log_format(line, sizeof line, level, area, text);

	/* A log that cannot be written has nobody to be told. */
	if (write(STDERR_FILENO, line, used) < 0)
		return;
}

void
log_cut(char *text)
{
	if (strnlen(text, LOG_TEXT_MAX) == LOG_TEXT_MAX)
		memcpy(text + LOG_TEXT_MAX - 4, "...", 4);
}

static void
give(enum ps_level level, const char *area, char *text)
{
	if (state.sink != NULL) {
		state.sink(state.ctx, level, area, text);
		return;
	}
	log_cut(text);
	print(level, area, text);
}

__attribute__((format(printf, 4, 0))) static void
give_long(enum ps_level level, const char *area, size_t len, const char *fmt,
    va_list ap)
{
	size_t room = len < WHOLE_MAX ? len + 1 : WHOLE_MAX;
	char *text = xmalloc(room);

	(void)vsnprintf(text, room, fmt, ap);
	give(level, area, text);
	free(text);
}

void
log_at(enum ps_level level, const char *area, const char *fmt, ...)
{
	char text[LOG_TEXT_MAX];
	va_list ap;
	int n;

	if (level < log_level(area))
		return;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n < (int)sizeof text) {
		give(level, area, text);
		return;
	}
	va_start(ap, fmt);
	give_long(level, area, (size_t)n, fmt, ap);
	va_end(ap);
}
