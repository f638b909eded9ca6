#include "supervise/words.h"

#include <string.h>

#include "base/log.h"

#define SECOND_MS 1000

bool
words_may_log(struct words *w, const char *area)
{
	struct clock_ms now = clock_now();

	if (clock_since(w->second, now) >= SECOND_MS) {
		if (w->dropped > 0)
			log_warn(area,
			    "%u lines of output were dropped, more "
			    "than %d in one second",
			    w->dropped, WORDS_LINES_PER_S);
		w->second = now;
		w->lines = w->dropped = 0;
	}
	if (++w->lines <= WORDS_LINES_PER_S)
		return true;
	w->dropped++;
	return false;
}

static void
keep(struct words *w, const char *line, size_t len)
{
	size_t need = len + 1, cut;
	const char *end;

	while (w->kept_len + need > WORDS_KEPT_MAX) {
		end = memchr(w->kept, '\n', w->kept_len);
		cut = end == NULL ? w->kept_len : (size_t)(end - w->kept) + 1;
		memmove(w->kept, w->kept + cut, w->kept_len - cut);
		w->kept_len -= cut;
	}
	memcpy(w->kept + w->kept_len, line, len);
	w->kept_len += len;
	w->kept[w->kept_len++] = '\n';
	w->kept[w->kept_len] = '\0';
}

static void
tell(const struct words *w, const char *area)
{
	char line[WORDS_LINE_MAX + 1];

	memcpy(line, w->line, w->line_len);
	line[w->line_len] = '\0';
	log_warn(area, "%s", line);
	if (w->said != NULL)
		w->said(w->ctx, line);
}

void
words_end(struct words *w, const char *area)
{
	if (w->line_len == 0)
		return;
	keep(w, w->line, w->line_len);
	if (words_may_log(w, area))
		tell(w, area);
	w->line_len = 0;
}

void
words_take(struct words *w, const char *area, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n') {
			words_end(w, area);
			continue;
		}
		if (w->line_len == sizeof w->line)
			words_end(w, area);
		w->line[w->line_len++] = data[i];
	}
}
