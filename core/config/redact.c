#include "config/redact.h"

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

/* How much of a userinfo `s` starts with, if no more of it came. */
static size_t
rest_of_userinfo(const struct redact *r, const char *s)
{
	for (size_t i = 0; i < r->userinfos.count; i++) {
		const char *whole = r->userinfos.texts[i];
		size_t n = 0;

		while (whole[n] != '\0' && whole[n] == s[n])
			n++;
		for (; n > 0; n--)
			if (is_cut(s + n))
				return n;
	}
	return 0;
}

/* A whole one is found by its '@'. */
static bool
cover_cut_userinfos(const struct redact *r, char *text, const char *end)
{
	bool found = false;
	char *at = text;
	size_t n;

	while ((at = strstr(at, "://")) != NULL) {
		at += 3;
		n = rest_of_userinfo(r, at);
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

/* A text that is as long as can be was cut: every letter counts. */
static bool
cover_cut_end(const struct redact *r, char *text, size_t room)
{
	size_t len = strlen(text), n;
	bool was_cut = len + 1 == room || len + 1 == PS_ERROR_TEXT;

	if (text_ends(text, mask))
		return false;
	n = rest_of_secret(r, text, len, was_cut ? 1 : SHORTEST);
	if (n > 0)
		(void)redact_cover(text + len - n, room - (len - n), n);
	return n > 0;
}

bool
redact_text(const struct redact *r, char *text, size_t room)
{
	const char *end = text + room;
	bool found = cover_cut_userinfos(r, text, end);

	for (size_t i = 0; i < r->secrets.count; i++) {
		const char *secret = r->secrets.texts[i];
		char *at = text;

		while ((at = strstr(at, secret)) != NULL) {
			at += redact_cover(at, (size_t)(end - at),
			    strlen(secret));
			found = true;
		}
	}
	found = redact_url_text(text, room) || found;
	return cover_cut_end(r, text, room) || found;
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
