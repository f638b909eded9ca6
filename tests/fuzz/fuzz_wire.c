/*
 * Records of the cluster: what is understood, written and read again, is
 * written the same. The first byte says which kind.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "store/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads `value` and writes it; NULL: refused. */
typedef char *pass_fn(struct ps_arena *a, const void *value, size_t len);

static char *
pass_lease(struct ps_arena *a, const void *value, size_t len)
{
	struct ps_error err = { .code = PS_OK };
	struct wire_lease l;

	if (wire_read_lease(a, value, len, &l, &err) != 0)
		return NULL;
	return l.is_verdict ? wire_verdict(a, &l.verdict)
			    : wire_beat(a, &l.beat);
}

static char *
pass_claim(struct ps_arena *a, const void *value, size_t len)
{
	struct ps_error err = { .code = PS_OK };
	struct claim c;

	return wire_read_claim(a, value, len, &c, &err) != 0 || c.unreadable
		   ? NULL
		   : wire_claim(a, &c);
}

static char *
pass_assignment(struct ps_arena *a, const void *value, size_t len)
{
	struct ps_error err = { .code = PS_OK };
	struct assignment as = { 0 };

	return wire_read_assignment(a, value, len, &as, &err) != 0 ||
		       as.unreadable
		   ? NULL
		   : wire_assignment(a, &as);
}

static char *
pass_member(struct ps_arena *a, const void *value, size_t len)
{
	struct ps_error err = { .code = PS_OK };
	struct member_info m;

	return wire_read_member(a, value, len, &m, &err) != 0
		   ? NULL
		   : wire_member(a, &m);
}

static char *
pass_cluster(struct ps_arena *a, const void *value, size_t len)
{
	struct ps_error err = { .code = PS_OK };
	const char *group;
	int64_t since;

	return wire_read_cluster(a, value, len, &group, &since, &err) != 0
		   ? NULL
		   : wire_cluster(a, group, since);
}

static pass_fn *const kinds[] = { pass_lease, pass_claim, pass_assignment,
	pass_member, pass_cluster };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ps_arena *a;
	pass_fn *pass;
	char *copy, *first, *second;

	if (size == 0)
		return 0;
	pass = kinds[data[0] % (sizeof kinds / sizeof *kinds)];
	copy = malloc(size);
	memcpy(copy, data, size);
	a = arena_new(4096);
	first = pass(a, copy + 1, size - 1);
	if (first != NULL) {
		second = pass(a, first, strlen(first));
		assert(second != NULL && strcmp(first, second) == 0);
	}
	arena_free(&a);
	free(copy);
	return 0;
}
