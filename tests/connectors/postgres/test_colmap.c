#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

#include "base/arena.h"
#include "connectors/postgres/colmap.h"

struct map {
	char key[32], text[64];
	size_t entries; /* 0: it is no mapping */
};

static struct map maps[] = {
	{ ID_MAP, "t:a", 1 },
	{ ID_MAP, "t:a, u:b", 2 },
	{ STAMP_MAP, "t:[a|b],u:[c]", 2 },
	{ STAMP_MAP, "t(a,b):[c],u{1,2}:[d]", 2 },
	{ STAMP_MAP, "t[,]:[c],u\\,:[d]", 2 },
	/* A bracket that stands first in a class is of it. */
	{ STAMP_MAP, "t[],]:[c],u:[d]", 2 },
	{ STAMP_MAP, "t[^],]:[c],u:[d]", 2 },
	{ STAMP_MAP, "t[^,]:[c],u:[d]", 2 },
	{ STAMP_MAP, "t[[:alpha:],]:[c],u:[d]", 2 },
	{ STAMP_MAP, "t[[:", 0 },
	{ STAMP_MAP, "t:[],u:[d]", 0 },
	/* What a column opens need not be closed. */
	{ ID_MAP, "t:c(1,u:b,v:c", 3 },
	{ ID_MAP, "t:c{1,u:b", 2 },
	{ ID_MAP, "t:c[1,u:b", 2 },
	{ ID_MAP, "t:c(1,2)", 1 },
	{ STAMP_MAP, "t:[c(1|(],u:[d]", 2 },
	{ STAMP_MAP, "a:(b,c):[x],u:[d]", 2 },
};

ParameterizedTestParameters(pg_colmap, entries_end_where_their_commas_do)
{
	return cr_make_param_array(struct map, maps,
	    sizeof maps / sizeof *maps);
}

ParameterizedTest(struct map *p, pg_colmap, entries_end_where_their_commas_do)
{
	struct ps_setting row = { p->key, p->text };
	struct ps_config config = { &row, 1 };
	struct ps_arena *a = arena_new(1024);
	struct ps_error err = { 0 };
	struct colmap m = { 0 };
	int got = colmap_read(&m, p->key, &config, a, &err);

	cr_expect(eq(int, got, p->entries == 0 ? -1 : 0), "%s: %s", p->text,
	    err.text);
	cr_expect(eq(sz, m.count, p->entries), "%s", p->text);
	arena_free(&a);
}
