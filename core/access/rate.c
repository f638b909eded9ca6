#include "access/rate.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/dict.h"
#include "base/xalloc.h"
#include "options/options.h"

#define ROLES      (ROLE_ADMIN + 1)
#define KEY_BYTES  256
#define MS_PER_S   INT64_C(1000)
#define BURST_MS   (RATE_BURST_S * MS_PER_S)
#define ONE        INT64_C(1000) /* a request, in a bucket */
#define KEY_PREFIX "quota."

/* What is left at a time, in thousandths: a second gives the limit's worth, so
 * that a millisecond gives as many of them as the limit is. */
struct bucket {
	enum role role;
	int64_t left;
	struct clock_ms at;
};

struct rate {
	int64_t limits[ROLES];
	uint64_t refused[ROLES];
	struct bucket others[ROLES];
	struct dict *buckets; /* by role and name */
};

static const char *const keys[ROLES] = {
	[ROLE_NOBODY] = KEY_PREFIX "requests.anonymous",
	[ROLE_VIEWER] = KEY_PREFIX "requests.viewer",
	[ROLE_OPERATOR] = KEY_PREFIX "requests.operator",
	[ROLE_EDITOR] = KEY_PREFIX "requests.editor",
	[ROLE_ADMIN] = KEY_PREFIX "requests.admin",
};

const char *
rate_quota(enum role role)
{
	return keys[role] + sizeof KEY_PREFIX - 1;
}

struct rate *
rate_new(const struct options *o)
{
	struct rate *r = xcalloc(1, sizeof *r);

	r->buckets = dict_new();
	for (size_t i = 0; i < ROLES; i++) {
		r->limits[i] = options_int(o, keys[i]);
		r->others[i].role = (enum role)i;
		r->others[i].left = INT64_MAX; /* full */
	}
	return r;
}

void
rate_free(struct rate **rp)
{
	struct rate *r = *rp;

	*rp = NULL;
	if (r == NULL)
		return;
	for (const struct dict_entry *e = dict_first(r->buckets); e != NULL;
	     e = dict_next(e))
		free(dict_value(e));
	dict_free(&r->buckets);
	free(r);
}

/* ---- one bucket -------------------------------------------------------- */

static void
fill(const struct rate *r, struct bucket *b, struct clock_ms now)
{
	int64_t limit = r->limits[b->role], most = limit * BURST_MS;
	int64_t ms = clock_since(b->at, now);

	b->at = now;
	if (ms >= BURST_MS || b->left >= most - ms * limit)
		b->left = most;
	else
		b->left += ms * limit;
}

static int64_t
take(const struct rate *r, struct bucket *b, struct clock_ms now)
{
	int64_t a_second = r->limits[b->role] * MS_PER_S;

	fill(r, b, now);
	if (b->left < ONE)
		return (ONE - b->left + a_second - 1) / a_second;
	b->left -= ONE;
	return 0;
}

/* ---- whose it is ------------------------------------------------------- */

static void
drop_full(struct rate *r, struct clock_ms now)
{
	const struct dict_entry *e = dict_first(r->buckets), *next;

	for (; e != NULL; e = next) {
		struct bucket *b = dict_value(e);
		const char *key;
		size_t len;

		next = dict_next(e);
		fill(r, b, now);
		if (b->left < r->limits[b->role] * BURST_MS)
			continue;
		key = dict_key(e, &len);
		free(dict_remove(r->buckets, key, len));
	}
}

static struct bucket *
add(struct rate *r, const char *key, enum role role, struct clock_ms now)
{
	struct bucket *b;

	if (dict_count(r->buckets) >= RATE_BUCKETS)
		drop_full(r, now);
	if (dict_count(r->buckets) >= RATE_BUCKETS)
		return &r->others[role];
	b = xcalloc(1, sizeof *b);
	*b = (struct bucket){ role, r->limits[role] * BURST_MS, now };
	(void)dict_put_str(r->buckets, key, b);
	return b;
}

static struct bucket *
find(struct rate *r, enum role role, const char *name, struct clock_ms now)
{
	char key[KEY_BYTES]; /* longer names that begin alike share one */
	struct bucket *b;

	(void)snprintf(key, sizeof key, "%d %s", (int)role, name);
	b = dict_get_str(r->buckets, key);
	return b == NULL ? add(r, key, role, now) : b;
}

int64_t
rate_wait_s(struct rate *r, enum role role, const char *name,
    struct clock_ms now)
{
	int64_t wait_s;

	assert(role < ROLES);
	if (r->limits[role] == 0)
		return 0;
	wait_s = take(r, find(r, role, name, now), now);
	r->refused[role] += wait_s > 0;
	return wait_s;
}

int64_t
rate_limit(const struct rate *r, enum role role)
{
	return r->limits[role];
}

uint64_t
rate_refused(const struct rate *r, enum role role)
{
	return r->refused[role];
}
