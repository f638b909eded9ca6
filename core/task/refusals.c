#include "task/refusals.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "record/digest.h"

enum { MOST = 1000 };

struct parts {
	uint64_t topic[2], key[2], value[2];
	int64_t partition;
};

static void
digest_slice(const struct ps_slice *s, uint64_t out[2])
{
	digest_bytes(s->data == NULL ? (const void *)"" : s->data, s->len, out);
}

/* Of what is sent: topic, partition, key and value. */
static void
digest_of(const struct ps_record *r, uint64_t out[2])
{
	struct parts p = { .partition = r->partition };

	digest_bytes(r->topic, strlen(r->topic), p.topic);
	digest_slice(&r->raw_key, p.key);
	digest_slice(&r->raw_value, p.value);
	digest_bytes(&p, sizeof p, out);
}

void
refusals_fini(struct refusals *f)
{
	free(f->digests);
	*f = (struct refusals){ NULL, 0 };
}

int
refusals_add(struct refusals *f, const struct ps_record *r,
    struct ps_error *err)
{
	if (f->count == MOST)
		return ps_fail(err, PS_E_DATA,
		    "topic %s: the broker has refused %d records and one more",
		    r->topic, MOST);
	f->digests = xrealloc(f->digests, (f->count + 1) * sizeof *f->digests);
	digest_of(r, f->digests[f->count++]);
	return 0;
}

bool
refusals_has(const struct refusals *f, const struct ps_record *r)
{
	uint64_t digest[2];

	if (f->count == 0 || r->topic == NULL)
		return false;
	digest_of(r, digest);
	for (size_t i = 0; i < f->count; i++)
		if (memcmp(f->digests[i], digest, sizeof digest) == 0)
			return true;
	return false;
}
