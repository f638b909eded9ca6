#include "schema_name.h"

#include <ctype.h>

const char *const adjustments[] = { "none", "avro", "avro_unicode", NULL };

/* A character of UTF-8 is one or two of Java's; each becomes this at most. */
#define LONGEST (2 * (sizeof "_uffff" - 1))

enum adjustment
adjustment_of(const char *value)
{
	for (int i = ADJUST_AVRO; adjustments[i] != NULL; i++)
		if (strcasecmp(value, adjustments[i]) == 0)
			return (enum adjustment)i;
	return ADJUST_NONE;
}

/* The next character, and how many bytes it has. */
static uint32_t
character(const char *s, size_t *len)
{
	unsigned char lead = (unsigned char)*s;
	uint32_t c = lead;

	*len = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	if (*len > 1)
		c = lead & (0x7fU >> *len);
	for (size_t i = 1; i < *len && s[i] != '\0'; i++)
		c = c << 6 | ((unsigned char)s[i] & 0x3f);
	return c;
}

static bool
is_valid(enum adjustment how, uint32_t c, bool first)
{
	if (c > 0x7f)
		return false;
	if (isalpha((int)c) || (c == '_' && how == ADJUST_AVRO))
		return true;
	return !first && (isdigit((int)c) || c == '.');
}

/* One of Java's characters */
static char *
put_replacement(char *p, enum adjustment how, uint32_t unit)
{
	if (how == ADJUST_AVRO) {
		*p++ = '_';
		return p;
	}
	return p + snprintf(p, LONGEST, unit <= 0xff ? "_u00%x" : "_u%x", unit);
}

static char *
put_character(char *p, enum adjustment how, uint32_t c)
{
	if (c <= 0xffff)
		return put_replacement(p, how, c);
	p = put_replacement(p, how, 0xd800 + ((c - 0x10000) >> 10));
	return put_replacement(p, how, 0xdc00 + ((c - 0x10000) & 0x3ff));
}

const char *
schema_name(struct ps_arena *a, enum adjustment how, const char *name)
{
	char *out, *p;
	size_t len;

	if (how == ADJUST_NONE)
		return name;
	out = p = (char *)ps_alloc(a, strlen(name) * LONGEST + 1);
	for (const char *s = name; *s != '\0'; s += len) {
		uint32_t c = character(s, &len);
		bool valid = is_valid(how, c, s == name);

		if (!valid)
			p = put_character(p, how, c);
		/* So that names that differ in this digit still do. */
		if (valid || (s == name && how == ADJUST_AVRO && c < 0x80 &&
				 isdigit((int)c)))
			*p++ = (char)c;
	}
	*p = '\0';
	return out;
}
