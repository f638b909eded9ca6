#include "config/redact.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "config/redact_url.h"

#define SHORTEST 6u

static const char mask[] = "[hidden]";

/* Longest first, so that of two that overlap the whole one goes. */
struct redact {
	char **secrets;
	size_t count, room;
};

struct redact *
redact_new(void)
{
	return xcalloc(1, sizeof(struct redact));
}

void
redact_free(struct redact **rp)
{
	struct redact *r = *rp;

	if (r == NULL)
		return;
	for (size_t i = 0; i < r->count; i++) {
		explicit_bzero(r->secrets[i], strlen(r->secrets[i]));
		free(r->secrets[i]);
	}
	free(r->secrets);
	free(r);
	*rp = NULL;
}

void
redact_add(struct redact *r, const char *secret)
{
	size_t len = strlen(secret), at;

	if (len < SHORTEST)
		return;
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->secrets[i], secret) == 0)
			return;
	if (r->count == r->room) {
		r->room = r->room == 0 ? 8 : 2 * r->room;
		r->secrets = xrealloc(r->secrets, r->room * sizeof *r->secrets);
	}
	for (at = r->count; at > 0 && strlen(r->secrets[at - 1]) < len; at--)
		r->secrets[at] = r->secrets[at - 1];
	r->secrets[at] = xstrdup(secret);
	r->count++;
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

bool
redact_text(const struct redact *r, char *text, size_t room)
{
	const char *end = text + room;
	bool found = false;

	for (size_t i = 0; i < r->count; i++) {
		const char *secret = r->secrets[i];
		char *at = text;

		while ((at = strstr(at, secret)) != NULL) {
			at += redact_cover(at, (size_t)(end - at),
			    strlen(secret));
			found = true;
		}
	}
	return redact_url_text(text, room) || found;
}

bool
redact_contains(const struct redact *r, const char *text)
{
	for (size_t i = 0; i < r->count; i++)
		if (strstr(text, r->secrets[i]) != NULL)
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
