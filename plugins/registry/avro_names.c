#include "avro_names.h"

#include "avro_schema.h"
#include "writer.h"

static bool
is_letter(char ch)
{
	return (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z') ||
	       ch == '_';
}

static bool
is_digit(char ch)
{
	return ch >= '0' && ch <= '9';
}

static bool
is_avro_name(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_letter(s[i]) && (i == 0 || !is_digit(s[i])))
			return false;
	return len > 0;
}

/* As Java's URLEncoder, then what is still no letter or digit as '_'. */
static void
scrub(struct writer *w, const char *s, size_t len)
{
	if (len > 0 && is_digit(s[0]))
		write_text(w, "x");
	for (size_t i = 0; i < len; i++) {
		unsigned char ch = (unsigned char)s[i];

		if (is_letter(s[i]) || is_digit(s[i]))
			write_bytes(w, s + i, 1);
		else if (strchr(".-*+ ", ch) != NULL && ch != '\0' && ch != '+')
			write_text(w, "_");
		else
			write_format(w, "_%02X", ch);
	}
}

const char *
avro_name(struct ps_arena *a, const struct avro_options *o, const char *name,
    struct ps_error *err)
{
	struct writer w = { .arena = a };

	for (const char *p = name;; p++) {
		size_t len = strcspn(p, ".");

		if (!is_avro_name(p, len) && !o->scrub) {
			(void)ps_fail(err, PS_E_DATA,
			    "\"%s\" cannot be a name in Avro: letters, digits "
			    "and _ are allowed (scrub.invalid.names=true "
			    "replaces others)",
			    name);
			return NULL;
		}
		if (is_avro_name(p, len))
			write_bytes(&w, p, len);
		else
			scrub(&w, p, len);
		p += len;
		if (*p == '\0')
			return w.s == NULL ? "" : w.s;
		write_text(&w, ".");
	}
}

/* A field's name has no namespace: its dots are scrubbed too. */
const char *
avro_field_name(struct ps_arena *a, const struct avro_options *o,
    const struct ps_field *f, struct ps_error *err)
{
	struct writer w = { .arena = a };

	if (is_avro_name(f->name, f->name_len))
		return f->name;
	if (o->scrub) {
		scrub(&w, f->name, f->name_len);
		return w.s == NULL ? "" : w.s;
	}
	(void)ps_fail(err, PS_E_DATA,
	    "field \"%s\" cannot have this name in Avro: letters, digits and _ "
	    "are allowed (scrub.invalid.names=true replaces others)",
	    f->name);
	return NULL;
}

const char *
avro_record_name(struct ps_arena *a, const struct avro_options *o,
    const struct ps_schema *s, struct ps_error *err)
{
	if (s == NULL)
		return AVRO_ANYTHING;
	if (s->type != PS_STRUCT || schema_is_union(s))
		return NULL;
	return s->name == NULL ? AVRO_DEFAULT : avro_name(a, o, s->name, err);
}
