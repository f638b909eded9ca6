#include "sqlstate.h"

#include <string.h>

/* The first prefix that fits decides. */
static const struct rule {
	const char *prefix;
	enum ps_code code;
} rules[] = {
	{ "08", PS_E_RETRY },    /* connection */
	{ "25006", PS_E_RETRY }, /* read-only after a fail-over */
	{ "25P03", PS_E_RETRY }, /* idle in transaction too long */
	{ "28", PS_E_RETRY },    /* credentials refused: wait with the cause */
	{ "40002", PS_E_DATA },  /* integrity, found at commit */
	{ "40", PS_E_RETRY },    /* serialization, deadlock */
	{ "53", PS_E_RETRY },    /* out of disk, memory, connections */
	{ "55006", PS_E_RETRY }, /* object in use */
	{ "55P03", PS_E_RETRY }, /* lock not available */
	{ "57", PS_E_RETRY },    /* cancelled, shut down, starting up */
	{ "58", PS_E_RETRY },    /* system error outside Postgres */
	{ "21", PS_E_DATA },     /* cardinality */
	{ "22", PS_E_DATA },     /* value does not fit */
	{ "23", PS_E_DATA },     /* constraint */
	{ "42804", PS_E_DATA },  /* datatype mismatch */
	{ "428C9", PS_E_DATA },  /* value for a generated column */
	{ "44", PS_E_DATA },     /* WITH CHECK OPTION */
	{ "54000", PS_E_DATA },  /* row or index entry too large */
	{ "P0001", PS_E_DATA },  /* RAISE in a trigger */
	{ "3D", PS_E_RETRY },    /* no such database (yet) */
	{ "", PS_E_FATAL },
};

enum ps_code
sqlstate_code(const char *state)
{
	const struct rule *r = rules;

	if (state == NULL)
		return PS_E_RETRY;
	while (strncmp(state, r->prefix, strlen(r->prefix)) != 0)
		r++;
	return r->code;
}

static bool
is_one_of(const char *state, const char *const *all, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(state, all[i]) == 0)
			return true;
	return false;
}

/* Restrict, foreign key, unique, exclusion, and what a trigger looks at. */
bool
sqlstate_is_entangled(const char *state)
{
	static const char *const all[] = { "23000", "23001", "23503", "23505",
		"23P01", "P0001" };

	return is_one_of(state, all, sizeof all / sizeof *all);
}

/* Two that make one thing meet in the catalog's own unique indexes, or later.
 */
bool
sqlstate_is_made(const char *state)
{
	static const char *const all[] = { "23505", "42P07", "42710" };

	return is_one_of(state, all, sizeof all / sizeof *all);
}

bool
sqlstate_is_locked(const char *state)
{
	return strcmp(state, "55P03") == 0;
}

bool
sqlstate_is_bad_expression(const char *state)
{
	return strcmp(state, "2201B") == 0;
}
