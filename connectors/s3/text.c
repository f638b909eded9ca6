#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
str_add(struct str *s, const char *text, size_t len)
{
	if (len >= s->room - s->len) {
		s->full = true;
		return;
	}
	memcpy(s->data + s->len, text, len);
	s->len += len;
	s->data[s->len] = '\0';
}

void
str_puts(struct str *s, const char *text)
{
	str_add(s, text, strlen(text));
}

void
str_printf(struct str *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(s->data + s->len, s->room - s->len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= s->room - s->len) {
		s->full = true;
		s->data[s->len] = '\0';
		return;
	}
	s->len += (size_t)n;
}

static bool
is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

static void
add_encoded(struct str *s, unsigned char c)
{
	str_printf(s, "%%%02X", c);
}

void
str_uri(struct str *s, const char *text, size_t len, bool keep_slash)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (is_alnum((unsigned char)c) ||
		    (c != '\0' && strchr("-_.~", c) != NULL) ||
		    (c == '/' && keep_slash))
			str_add(s, &c, 1);
		else
			add_encoded(s, (unsigned char)c);
	}
}

/* Length of the well-formed UTF-8 sequence of two bytes or more, or 0. */
static size_t
sequence(const unsigned char *p, size_t left)
{
	size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	unsigned low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
	unsigned high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;

	if (p[0] < 0xc2 || p[0] > 0xf4 || n > left || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

void
str_segment(struct str *s, const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	bool dots =
	    len == 0 || (len <= 2 && text[0] == '.' && text[len - 1] == '.');
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = p[i] >= 0x80 ? sequence(p + i, len - i) : 1;
		if (n > 1 ||
		    (n == 1 && !dots && p[i] > ' ' && p[i] != 0x7f &&
			strchr("/\\%?#*\"<>|", p[i]) == NULL) ||
		    (n == 1 && p[i] == ' ')) {
			str_add(s, text + i, n);
			continue;
		}
		n = 1;
		add_encoded(s, p[i]);
	}
}

char *
dup_text(const char *text)
{
	char *copy = strdup(text == NULL ? "" : text);

	if (copy == NULL)
		abort();
	return copy;
}
