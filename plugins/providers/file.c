#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "paths.h"
#include "providers.h"

/* Java's .properties: what stands at `p`, and where the text goes. */
struct props {
	const char *p;
	char *key, *value;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\f';
}

static bool
is_end(char c)
{
	return c == '\0' || c == '\n' || c == '\r';
}

static char *
put_utf8(char *to, unsigned c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return to;
	}
	if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
	} else {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 63));
	}
	*to++ = (char)(0x80 | (c & 63));
	return to;
}

/* A backslash before a line's end: the next line goes on, less its blanks. */
static const char *
next_line(const char *p)
{
	p += p[0] == '\r' && p[1] == '\n' ? 2 : 1;
	while (is_blank(*p))
		p++;
	return p;
}

/* One escape; `p` is behind the backslash. */
static const char *
unescape(const char *p, char **to)
{
	static const char letters[] = "tnrf", meant[] = "\t\n\r\f";
	const char *letter = strchr(letters, *p);
	char digits[5] = "";

	if (*p == '\0')
		return p;
	if (*p == '\n' || *p == '\r')
		return next_line(p);
	if (*p == 'u' && strspn(p + 1, "0123456789abcdefABCDEF") >= 4) {
		memcpy(digits, p + 1, 4);
		*to = put_utf8(*to, (unsigned)strtoul(digits, NULL, 16));
		return p + 5;
	}
	if (letter == NULL)
		*(*to)++ = *p;
	else
		*(*to)++ = meant[letter - letters];
	return p + 1;
}

/* Copies up to the line's end, or to what ends a key. */
static char *
copy_part(struct props *s, char *to, bool is_key)
{
	while (!is_end(*s->p)) {
		if (is_key && (is_blank(*s->p) || *s->p == '=' || *s->p == ':'))
			break;
		if (*s->p == '\\')
			s->p = unescape(s->p + 1, &to);
		else
			*to++ = *s->p++;
	}
	*to++ = '\0';
	return to;
}

/* The next pair. False at the end. */
static bool
next_pair(struct props *s, char *room)
{
	for (;;) {
		while (*s->p != '\0' && (is_blank(*s->p) || is_end(*s->p)))
			s->p++;
		if (*s->p != '#' && *s->p != '!')
			break;
		while (!is_end(*s->p))
			s->p++;
	}
	if (*s->p == '\0')
		return false;
	s->key = room;
	s->value = copy_part(s, room, true);
	while (is_blank(*s->p))
		s->p++;
	if (*s->p == '=' || *s->p == ':')
		s->p++;
	while (is_blank(*s->p))
		s->p++;
	(void)copy_part(s, s->value, false);
	return true;
}

/* The last line with the key counts. */
static int
find(struct ps_arena *a, const char *text, size_t len, const char *key,
    const char **value)
{
	struct props s = { .p = text };
	char *room = (char *)ps_alloc(a, 2 * len + 2);
	int found = 0;

	while (next_pair(&s, room)) {
		if (strcmp(s.key, key) != 0)
			continue;
		*value = ps_strdup(a, s.value);
		found = 1;
	}
	return found;
}

static int
get(void *state, struct ps_arena *a, const char *path, const char *key,
    const char **value, struct ps_error *err)
{
	const struct paths *p = (const struct paths *)state;
	char *text;
	size_t len;
	int fd, rc;

	if (path[0] == '\0')
		return 0;
	fd = paths_open(p, path, O_RDONLY);
	if (fd < 0)
		return errno == EPERM
			   ? 0
			   : ps_fail(err, PS_E_CONFIG,
				 "Could not read properties from file %s: %s",
				 path, strerror(errno));
	rc = paths_read(fd, a, &text, &len);
	(void)close(fd);
	if (rc == 0)
		return ps_fail(err, PS_E_CONFIG,
		    "Could not read properties from file %s, expected a "
		    "regular file of at most %d bytes",
		    path, PATHS_MAX_FILE);
	return find(a, text, len, key, value);
}

const struct ps_provider_ops file_ops = {
	.create = paths_create,
	.get = get,
	.destroy = paths_destroy,
	.ttl_ms = paths_ttl,
};
