#include "config/redact.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <penstock/error.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "config/redact_url.h"

#define SHORTEST 6u

static const char mask[] = REDACT_MASK;

/* Longest first, so that of two that overlap the whole one goes. */
struct list {
	char **texts;
	size_t count, room;
};

struct redact {
	struct list secrets, userinfos;
};

struct redact *
redact_new(void)
{
	return xcalloc(1, sizeof(struct redact));
}

static void
forget(struct list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		explicit_bzero(l->texts[i], strlen(l->texts[i]));
		free(l->texts[i]);
	}
	free(l->texts);
}

void
redact_free(struct redact **rp)
{
	struct redact *r = *rp;

	if (r == NULL)
		return;
	forget(&r->secrets);
	forget(&r->userinfos);
	free(r);
	*rp = NULL;
}

static void
add(struct list *l, const char *text)
{
	size_t len = strlen(text), at;

	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->texts[i], text) == 0)
			return;
	if (l->count == l->room) {
		l->room = l->room == 0 ? 8 : 2 * l->room;
		l->texts = xrealloc(l->texts, l->room * sizeof *l->texts);
	}
	for (at = l->count; at > 0 && strlen(l->texts[at - 1]) < len; at--)
		l->texts[at] = l->texts[at - 1];
	l->texts[at] = xstrdup(text);
	l->count++;
}

void
redact_add(struct redact *r, const char *secret)
{
	if (strlen(secret) >= SHORTEST)
		add(&r->secrets, secret);
}

void
redact_add_userinfo(struct redact *r, const char *userinfo)
{
	add(&r->userinfos, userinfo);
}

size_t
redact_cover(char *text, size_t room, size_t len)
{
	size_t put = sizeof mask - 1, rest = strlen(text + len);

	if (put > room - 1)
		put = room - 1;
	if (rest > room - 1 - put)
		rest = room - 1 - put;
	memmove(text + put, text + len, rest);
	memcpy(text, mask, put);
	text[put + rest] = '\0';
	return put;
}

/* ---- texts ------------------------------------------------------------- */

/* May a URL have been cut before `s`? */
static bool
is_cut(const char *s)
{
	if (*s == '\0' || strchr(" \t\r\n\"'<>()", *s) != NULL)
		return true;
	if ((unsigned char)*s >= 0x80) /* … */
		return true;
	return strchr(":,;.", *s) != NULL && (s[1] == '\0' || s[1] == ' ');
}

/* As far as `s` reads like one of the userinfos. */
static size_t
known_of_userinfo(const struct redact *r, const char *s)
{
	size_t most = 0;

	for (size_t i = 0; i < r->userinfos.count; i++) {
		const char *whole = r->userinfos.texts[i];
		size_t n = 0;

		while (whole[n] != '\0' && whole[n] == s[n])
			n++;
		most = n > most ? n : most;
	}
	return most;
}

/* A whole one, or what was left of it where nothing else can be meant. */
static size_t
sure_userinfo(const struct redact *r, const char *s)
{
	size_t n = known_of_userinfo(r, s);

	for (size_t i = 0; i < r->userinfos.count; i++) {
		const char *whole = r->userinfos.texts[i];
		size_t len = strlen(whole);

		if (strncmp(whole, s, len) == 0 && s[len] == '@')
			return len;
	}
	return n > 0 && is_cut(s + n) ? n : 0;
}

/* The cut may stand before letters that happen to be the same. */
static size_t
likely_userinfo(const struct redact *r, const char *s)
{
	size_t n = known_of_userinfo(r, s);

	while (n > 0 && !is_cut(s + n))
		n--;
	return n;
}

static bool
cover_userinfos(const struct redact *r, char *text, const char *end,
    size_t (*length)(const struct redact *r, const char *s))
{
	bool found = false;
	char *at = text;
	size_t n;

	while ((at = strstr(at, "://")) != NULL) {
		at += 3;
		n = length(r, at);
		if (n == 0)
			continue;
		at += redact_cover(at, (size_t)(end - at), n);
		found = true;
	}
	return found;
}

/* How much of a secret, not the whole, `text` ends with. */
static size_t
rest_of_secret(const struct redact *r, const char *text, size_t len,
    size_t least)
{
	for (size_t i = 0; i < r->secrets.count; i++) {
		const char *whole = r->secrets.texts[i];
		size_t n = strlen(whole) - 1;

		for (n = n < len ? n : len; n >= least; n--)
			if (memcmp(text + len - n, whole, n) == 0)
				return n;
	}
	return 0;
}

/* An error that is as long as can be was cut. */
static bool
is_error_cut(size_t len)
{
	return len + 1 == PS_ERROR_TEXT;
}

static bool
cover_cut_end(const struct redact *r, char *text, size_t room, size_t least)
{
	size_t len = strlen(text), n;

	if (text_ends(text, mask))
		return false;
	n = rest_of_secret(r, text, len, least);
	if (n > 0)
		(void)redact_cover(text + len - n, room - (len - n), n);
	return n > 0;
}

static bool
cover_secrets(const struct redact *r, char *text, const char *end)
{
	bool found = false;

	for (size_t i = 0; i < r->secrets.count; i++) {
		const char *secret = r->secrets.texts[i];
		char *at = text;

		while ((at = strstr(at, secret)) != NULL) {
			at += redact_cover(at, (size_t)(end - at),
			    strlen(secret));
			found = true;
		}
	}
	return found;
}

/* What is whole before what may be cut: a part of it would be taken for a cut,
 * and the rest stay. The copy has redact_room(), so nothing is cut here. */
static bool
clean(const struct redact *r, char *copy, size_t room, size_t least)
{
	const char *end = copy + room;
	bool found = cover_userinfos(r, copy, end, sure_userinfo);

	found = cover_secrets(r, copy, end) || found;
	found = redact_url_text(copy, room) || found;
	found = cover_userinfos(r, copy, end, likely_userinfo) || found;
	return cover_cut_end(r, copy, room, least) || found;
}

/* How much of a secret at the text's end is taken for one. */
static size_t
least_of(bool was_cut)
{
	return was_cut ? 1 : SHORTEST;
}

bool
redact_text(const struct redact *r, char *text, size_t room)
{
	size_t len = strlen(text), copy_room = redact_room(len);
	char *copy = xmalloc(copy_room);
	bool found;

	memcpy(copy, text, len + 1);
	found = clean(r, copy, copy_room,
	    least_of(is_error_cut(len) || len + 1 == room));
	if (found)
		(void)snprintf(text, room, "%s", copy);
	explicit_bzero(copy, copy_room);
	free(copy);
	return found;
}

const char *
redact_copy(const struct redact *r, struct ps_arena *a, const char *text)
{
	size_t len = strlen(text), room = redact_room(len);
	char *copy = (char *)ps_alloc(a, room);

	memcpy(copy, text, len + 1);
	(void)clean(r, copy, room, least_of(is_error_cut(len)));
	return copy;
}

bool
redact_contains(const struct redact *r, const char *text)
{
	for (size_t i = 0; i < r->secrets.count; i++)
		if (strstr(text, r->secrets.texts[i]) != NULL)
			return true;
	return false;
}

/* Secret in a key's name and in running text. */
static const char *const words[] = { "password", "passwd", "passphrase",
	"secret", "token", "credential", "private.key", "apikey", "api.key",
	"authorization" };

bool
redact_mentions_secret(const char *text)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (text_names(text, words[i]))
			return true;
	return false;
}

bool
redact_is_secret_key(const char *key)
{
	static const char *const more[] = { "jaas.config", "access.key",
		"customer.key", "keystore.key", "key.pem", "user.info",
		".masked" };
	/* What tells where a secret is, not what it is. */
	static const char *const ends[] = { ".url", ".uri", ".path", ".file",
		".location", ".class", ".ms", ".seconds", ".type", ".name",
		".enable", ".enabled", ".property", ".mode" };

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (text_ends(key, ends[i]))
			return false;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasestr(key, words[i]) != NULL)
			return true;
	for (size_t i = 0; i < sizeof more / sizeof *more; i++)
		if (strcasestr(key, more[i]) != NULL)
			return true;
	return false;
}
