#include "config/redact_url.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/text.h"

#define MASK_BYTES (sizeof REDACT_MASK - 1)
#define NAME_BYTES 64u

/* One secret, and what says that it is one: the name of the parameter, empty
 * for what stands before the '@'. */
struct spot {
	const char *name, *at;
	size_t name_len, len;
};

struct scan {
	const char *next;
	const char *ends; /* what ends a URL, but for the text's end */
};

static const char in_text[] = " \t\r\n\"'<>()";
static const char in_name[] = "abcdefghijklmnopqrstuvwxyz"
			      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-%";

/* How long the ${name} or ${name:…} is that `s` starts with; 0: it is none. A
 * password may have a ${ too, and what follows the URL a brace. */
static size_t
reference(const char *s)
{
	const char *end, *again;

	if (strncmp(s, "${", 2) != 0)
		return 0;
	end = s + 2 + strspn(s + 2, in_name);
	if (end == s + 2 || (*end != '}' && *end != ':'))
		return 0;
	again = strstr(end, "${");
	end = strchr(end, '}');
	if (end == NULL || (again != NULL && again < end))
		return 0;
	return (size_t)(end - s) + 1;
}

/* Past the character or the reference that `s` starts with. */
static const char *
step(const char *s)
{
	size_t len = reference(s);

	return len == 0 ? s + 1 : s + len;
}

/* Where `stops` or the URL's end begins; references are passed over. */
static const char *
until(const struct scan *sc, const char *s, const char *stops)
{
	while (*s != '\0' && strchr(stops, *s) == NULL &&
	       strchr(sc->ends, *s) == NULL)
		s = step(s);
	return s;
}

static bool
has_reference(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (reference(s + i) > 0)
			return true;
	return false;
}

/* Where a user's password begins, or `end`. */
static const char *
after_colon(const char *s, const char *end)
{
	while (s < end && *s != ':')
		s = step(s);
	return s < end ? s + 1 : end;
}

/* Of what follows "://". A user alone may be a token. */
static bool
userinfo(const struct scan *sc, const char *s, struct spot *out)
{
	const char *end = until(sc, s, "/?#"), *last = NULL, *word;

	for (const char *p = s; p < end; p = step(p))
		if (*p == '@')
			last = p;
	if (last == NULL || last == s)
		return false;
	word = after_colon(s, last);
	if (word == last)
		word = s;
	if (has_reference(word, (size_t)(last - word)))
		return false;
	*out = (struct spot){ s, s, 0, (size_t)(last - s) };
	return true;
}

static bool
names_secret(const char *s, size_t len)
{
	static const char *const whole[] = { "sig", "key", "pass", "auth",
		"jwt" };
	static const char *const parts[] = { "pwd", "access_key", "access-key",
		"accesskey", "api_key", "api-key", "private_key", "private-key",
		"signature" };
	struct ps_arena *a;
	const char *name;
	bool is;

	if (len == 0 || len > NAME_BYTES)
		return false;
	a = arena_new(2 * (size_t)NAME_BYTES);
	name = text_url_decode(a, s, len);
	is = name != NULL && redact_is_secret_key(name);
	for (size_t i = 0; name != NULL && i < sizeof whole / sizeof *whole;
	     i++)
		is = is || strcasecmp(name, whole[i]) == 0;
	for (size_t i = 0; name != NULL && i < sizeof parts / sizeof *parts;
	     i++)
		is = is || strcasestr(name, parts[i]) != NULL;
	arena_free(&a);
	return is;
}

/* Of what follows '?', '&', ';' or '#'. */
static bool
param(const struct scan *sc, const char *s, struct spot *out)
{
	const char *eq = s + strspn(s, in_name), *end;

	if (*eq != '=' || !names_secret(s, (size_t)(eq - s)))
		return false;
	end = until(sc, eq + 1, "&");
	*out = (struct spot){ s, eq + 1, (size_t)(eq - s),
		(size_t)(end - eq) - 1 };
	return out->len > 0 && !has_reference(out->at, out->len);
}

static bool
next(struct scan *sc, struct spot *out)
{
	bool found = false;

	while (!found && *sc->next != '\0') {
		const char *s = sc->next;

		sc->next = step(s);
		if (strncmp(s, "://", 3) == 0)
			found = userinfo(sc, s + 3, out);
		else if (strchr("?&;#", *s) != NULL)
			found = param(sc, s + 1, out);
	}
	if (found)
		sc->next = out->at + out->len;
	return found;
}

static bool
is_masked(const struct spot *s)
{
	return s->len == MASK_BYTES &&
	       memcmp(s->at, REDACT_MASK, MASK_BYTES) == 0;
}

/* ---- values ------------------------------------------------------------ */

/* `value` up to the spot, and `len` bytes in its place. */
static const char *
joined(struct ps_arena *a, const char *before, const char *value,
    const struct spot *s, const struct spot *put)
{
	return ps_printf(a, "%s%.*s%.*s", before, (int)(s->at - value), value,
	    (int)put->len, put->at);
}

const char *
redact_url(struct ps_arena *a, const char *value)
{
	static const struct spot mask = { "", REDACT_MASK, 0, MASK_BYTES };
	struct scan sc = { value, "" };
	const char *out = "", *from = value;
	struct spot s;

	while (value != NULL && next(&sc, &s)) {
		out = joined(a, out, from, &s, &mask);
		from = s.at + s.len;
	}
	return from == value ? value : ps_printf(a, "%s%s", out, from);
}

bool
redact_url_finds(const char *value)
{
	struct scan sc = { value, "" };
	struct spot s;

	return value != NULL && next(&sc, &s);
}

bool
redact_url_is_masked(const char *value)
{
	struct scan sc = { value, "" };
	bool any = false;
	struct spot s;

	while (value != NULL && !any && next(&sc, &s))
		any = is_masked(&s);
	return any;
}

/* The one that is named so, as often as `nth` after another. */
static bool
find(const char *value, const struct spot *like, size_t nth, struct spot *out)
{
	struct scan sc = { value, "" };

	while (next(&sc, out))
		if (out->name_len == like->name_len &&
		    memcmp(out->name, like->name, like->name_len) == 0 &&
		    nth-- == 0)
			return true;
	return false;
}

/* How many before `s` have its name. */
static size_t
same_before(const char *value, const struct spot *s)
{
	struct spot one;
	size_t n = 0;

	while (find(value, s, n, &one) && one.at < s->at)
		n++;
	return n;
}

const char *
redact_url_back(struct ps_arena *a, const char *given, const char *present)
{
	struct scan sc = { given, "" };
	const char *out = "", *from = given;
	struct spot s, was;

	while (given != NULL && present != NULL && next(&sc, &s)) {
		if (!is_masked(&s) ||
		    !find(present, &s, same_before(given, &s), &was))
			continue;
		out = joined(a, out, from, &s, &was);
		from = s.at + s.len;
	}
	return from == given ? given : ps_printf(a, "%s%s", out, from);
}

/* ---- texts ------------------------------------------------------------- */

static void
learn(struct redact *r, struct ps_arena *a, const char *s, size_t len)
{
	const char *plain = text_url_decode(a, s, len);

	redact_add(r, ps_strndup(a, s, len));
	if (plain != NULL)
		redact_add(r, plain);
}

void
redact_url_add(struct redact *r, const char *value)
{
	struct scan sc = { value, "" };
	struct ps_arena *a;
	struct spot s;

	if (!redact_url_finds(value))
		return;
	a = arena_new(strlen(value) + 1);
	while (next(&sc, &s)) {
		const char *end = s.at + s.len, *word = s.at;

		if (s.name_len == 0) {
			word = after_colon(s.at, end);
			redact_add_userinfo(r, ps_strndup(a, s.at, s.len));
		}
		if (!is_masked(&s) && word < end)
			learn(r, a, word, (size_t)(end - word));
	}
	arena_free(&a);
}

bool
redact_url_text(char *text, size_t room)
{
	struct scan sc = { text, in_text };
	const char *end = text + room;
	bool any = false;
	struct spot s;

	while (next(&sc, &s)) {
		char *at = text + (s.at - text);

		sc.next = at + redact_cover(at, (size_t)(end - at), s.len);
		any = true;
	}
	return any;
}
