#include "supervise/causes.h"

#include <assert.h>
#include <stdlib.h>

#include <penstock/error.h>

#include "base/dict.h"
#include "base/xalloc.h"

/* More causes at once than these: the one that is longest over goes. */
#define CAUSES_MAX 256
/* Silent for so long after its wait: it had gone. */
#define OVER_MS 60000

struct cause {
	unsigned tries;
	struct clock_ms until;
};

struct causes {
	struct dict *all; /* by name */
};

struct causes *
causes_new(void)
{
	struct causes *c = xcalloc(1, sizeof *c);

	c->all = dict_new();
	return c;
}

void
causes_free(struct causes **cp)
{
	struct causes *c = *cp;

	if (c == NULL)
		return;
	*cp = NULL;
	for (const struct dict_entry *e = dict_first(c->all); e != NULL;
	     e = dict_next(e))
		free(dict_value(e));
	dict_free(&c->all);
	free(c);
}

static void
drop_oldest(struct causes *c)
{
	const struct dict_entry *oldest = dict_first(c->all);
	size_t len;
	const char *name;

	assert(oldest != NULL);
	for (const struct dict_entry *e = oldest; e != NULL; e = dict_next(e))
		if (clock_since(((struct cause *)dict_value(e))->until,
			((struct cause *)dict_value(oldest))->until) > 0)
			oldest = e;
	name = dict_key(oldest, &len);
	free(dict_remove(c->all, name, len));
}

static struct cause *
cause_of(struct causes *c, const char *name, struct clock_ms now)
{
	struct cause *k = dict_get_str(c->all, name);

	if (k != NULL)
		return k;
	if (dict_count(c->all) == CAUSES_MAX)
		drop_oldest(c);
	k = xcalloc(1, sizeof *k);
	k->until = now;
	(void)dict_put_str(c->all, name, k);
	return k;
}

/* A cause that reads differently each time is new each time: then the task
 * knows better how often it was tried, the last time included. */
static unsigned
tries_of(const struct cause *k, const struct backoff *own)
{
	unsigned before = own->tries > 0 ? own->tries - 1 : 0;

	return k->tries > before ? k->tries : before;
}

int64_t
causes_wait_ms(struct causes *c, const char *name, const struct backoff *own,
    struct clock_ms now)
{
	struct cause *k = cause_of(c, name, now);
	struct backoff shared = *own;
	int64_t left;

	if (clock_since(k->until, now) >= 0) { /* a new wave */
		if (clock_since(k->until, now) >= OVER_MS)
			k->tries = 0;
		shared.tries = tries_of(k, own);
		k->until = clock_after(now, backoff_next_ms(&shared));
		k->tries = shared.tries;
	}
	left = clock_since(now, k->until);
	return left < own->max_ms ? left : own->max_ms;
}

int64_t
causes_outage_ms(struct causes *c, const char *name, const struct backoff *own,
    struct clock_ms now)
{
	struct backoff b = *own;

	if (b.max_ms > PS_RETRY_MAX_MS)
		b.max_ms = ps_retry_max_ms(b.first_ms);
	return causes_wait_ms(c, name, &b, now);
}
