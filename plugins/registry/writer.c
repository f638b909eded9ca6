#include "writer.h"

#include <math.h>

#include <penstock/number.h>

#define LEAST_ROOM ((size_t)256)

static char *
need(struct writer *w, size_t size)
{
	size_t room = 2 * (w->len + size) + LEAST_ROOM;
	char *s;

	if (size < w->room - w->len)
		return w->s + w->len;
	s = (char *)ps_alloc(w->arena, room);
	if (w->len > 0)
		memcpy(s, w->s, w->len);
	w->s = s;
	w->room = room;
	return s + w->len;
}

void
write_bytes(struct writer *w, const char *s, size_t len)
{
	char *to = need(w, len);

	memcpy(to, s, len);
	to[len] = '\0';
	w->len += len;
}

void
write_text(struct writer *w, const char *s)
{
	write_bytes(w, s, strlen(s));
}

void
write_format(struct writer *w, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n <= 0)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(need(w, (size_t)n), (size_t)n + 1, fmt, ap);
	va_end(ap);
	w->len += (size_t)n;
}

static void
write_char(struct writer *w, unsigned char c)
{
	static const char from[] = "\"\\\b\t\n\f\r", to[] = "\"\\btnfr";
	const char *at = c == 0 ? NULL : strchr(from, c);

	if (at != NULL)
		write_format(w, "\\%c", to[at - from]);
	else if (c < 0x20)
		write_format(w, "\\u%04X", c);
	else
		write_bytes(w, (const char *)&c, 1);
}

void
write_string(struct writer *w, const char *s, size_t len)
{
	write_text(w, "\"");
	for (size_t i = 0; i < len; i++)
		write_char(w, (unsigned char)s[i]);
	write_text(w, "\"");
}

void
write_latin1(struct writer *w, const uint8_t *p, size_t len)
{
	write_text(w, "\"");
	for (size_t i = 0; i < len; i++) {
		const char two[] = { (char)(0xc0 | p[i] >> 6),
			(char)(0x80 | (p[i] & 0x3f)) };

		if (p[i] < 0x80)
			write_char(w, p[i]);
		else
			write_bytes(w, two, sizeof two);
	}
	write_text(w, "\"");
}

void
write_scalar(struct writer *w, const struct ps_value *v)
{
	char text[PS_NUMBER_ROOM];
	size_t len;

	if (v->type == PS_BOOLEAN) {
		write_text(w, v->b ? "true" : "false");
		return;
	}
	len = v->type == PS_FLOAT32   ? ps_put_float(text, (float)v->f)
	      : v->type == PS_FLOAT64 ? ps_put_double(text, v->f)
				      : ps_put_i64(text, v->i);
	if ((v->type == PS_FLOAT32 || v->type == PS_FLOAT64) && !isfinite(v->f))
		write_string(w, text, len);
	else
		write_bytes(w, text, len);
}
