/*
 * redact: secrets never leave by accident.
 *
 * Knows secret values (password keys, what ${…} gave) and takes them out of
 * texts that go to logs, statuses and answers. Values shorter than six
 * characters are not searched for. Who makes a text may cut it anywhere: what
 * that leaves of a secret at the text's end, or of a URL's userinfo, goes too.
 */
#ifndef PENSTOCK_CONFIG_REDACT_H
#define PENSTOCK_CONFIG_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#include <penstock/arena.h>

/* What stands for a secret wherever people read. */
#define REDACT_MASK "[hidden]"

struct redact;

struct redact *redact_new(void);
void redact_free(struct redact **rp);
void redact_add(struct redact *r, const char *secret);
/* What stands before the '@' of a URL. */
void redact_add_userinfo(struct redact *r, const char *userinfo);
/* Puts the mask over the first `len` bytes of a text with `room` bytes; how
 * much of the mask had room. */
size_t redact_cover(char *text, size_t room, size_t len);
/* In so many bytes nothing of a masked text of that length has to be cut: the
 * mask of a letter in "://x@" is the worst. */
static inline size_t
redact_room(size_t len)
{
	return 3 * len + 1;
}
/* In place; each secret, and what is secret in a URL, becomes REDACT_MASK, and
 * what then goes beyond `room` is cut. True when something was found. */
bool redact_text(const struct redact *r, char *text, size_t room);
/* The same, and nothing is cut. */
const char *
redact_copy(const struct redact *r, struct ps_arena *a, const char *text);
bool redact_contains(const struct redact *r, const char *text);
/* Does the key's name alone say that its value is secret? */
bool redact_is_secret_key(const char *key);
/* Running text in which a word for a secret stands, beside others. */
bool redact_mentions_secret(const char *text);

#endif
