#include "str.h"

#include <stdlib.h>

#include <penstock/number.h>

#include "mem.h"

void
str_init(struct str *s, size_t limit)
{
	*s = (struct str){ .limit = limit };
}

void
str_fini(struct str *s)
{
	free(s->data);
	*s = (struct str){ .limit = s->limit };
}

void
str_clear(struct str *s)
{
	s->len = 0;
	s->overflow = false;
	if (s->data != NULL)
		s->data[0] = '\0';
}

char *
str_grow(struct str *s, size_t n)
{
	size_t room = s->room < 256 ? 256 : s->room;

	if (n > s->limit || s->len + n + 1 > s->limit) {
		s->overflow = true;
		return NULL;
	}
	while (room < s->len + n + 1)
		room *= 2;
	s->data = mem_xrealloc(s->data, room);
	s->room = room;
	return s->data + s->len;
}

void
str_add_int(struct str *s, int64_t v)
{
	char text[PS_NUMBER_ROOM];
	size_t n = ps_put_i64(text, v);

	str_add(s, text, n);
}

void
str_addf(struct str *s, const char *fmt, ...)
{
	va_list ap;
	char *to;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	to = n < 0 ? NULL : str_room(s, (size_t)n);
	if (to == NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(to, (size_t)n + 1, fmt, ap);
	va_end(ap);
	s->len += (size_t)n;
}

static void
add_quoted(struct str *s, const char *text, char quote)
{
	str_add(s, &quote, 1);
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == quote)
			str_add(s, p, 1);
		str_add(s, p, 1);
	}
	str_add(s, &quote, 1);
}

void
str_ident(struct str *s, const char *name)
{
	add_quoted(s, name, '"');
}

void
str_literal(struct str *s, const char *text)
{
	add_quoted(s, text, '\'');
}
