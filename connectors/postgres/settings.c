#include "settings.h"

#include <stdlib.h>
#include <strings.h>

struct choice {
	const char *text;
	int value;
};

static const struct choice modes[] = {
	{ "bulk", MODE_BULK },
	{ "incrementing", MODE_INCREMENTING },
	{ "timestamp", MODE_TIMESTAMP },
	{ "timestamp+incrementing", MODE_TIMESTAMP_INCREMENTING },
	{ NULL, 0 },
};

static const struct choice numerics[] = {
	{ "none", NUMERIC_NONE },
	{ "precision_only", NUMERIC_PRECISION_ONLY },
	{ "best_fit", NUMERIC_BEST_FIT },
	{ "best_fit_eager_double", NUMERIC_EAGER_DOUBLE },
	{ NULL, 0 },
};

static const struct choice granularities[] = {
	{ "connect_logical", TS_LOGICAL },
	{ "micros_long", TS_MICROS_LONG },
	{ "micros_string", TS_MICROS_STRING },
	{ "micros_iso_datetime_string", TS_MICROS_ISO },
	{ "nanos_long", TS_NANOS_LONG },
	{ "nanos_string", TS_NANOS_STRING },
	{ "nanos_iso_datetime_string", TS_NANOS_ISO },
	{ NULL, 0 },
};

static const struct choice specials[] = {
	{ "fail", SPECIAL_FAIL },
	{ "string", SPECIAL_STRING },
	{ "clamp", SPECIAL_CLAMP },
	{ NULL, 0 },
};

/* The key table has checked the value; absent is the first. */
static int
chosen(const struct choice *choices, const char *text)
{
	for (const struct choice *c = choices; c->text != NULL; c++)
		if (strcasecmp(c->text, text) == 0)
			return c->value;
	return choices[0].value;
}

static const struct kind {
	const char *name;
	char relkind;
} kinds[] = {
	{ "TABLE", 'r' },
	{ "PARTITIONED TABLE", 'p' },
	{ "VIEW", 'v' },
	{ "MATERIALIZED VIEW", 'm' },
	{ "FOREIGN TABLE", 'f' },
};

static int
read_kinds(struct settings *s, const struct ps_config *c, struct ps_arena *a,
    struct ps_error *err)
{
	struct ps_list types = ps_config_list(c, "table.types", a);
	char *out = ps_calloc(a, types.count + 2, 1);
	size_t n = 0;

	for (size_t i = 0; i < types.count; i++) {
		size_t k = 0;

		while (k < sizeof kinds / sizeof *kinds &&
		       strcasecmp(kinds[k].name, types.items[i]) != 0)
			k++;
		if (k == sizeof kinds / sizeof *kinds) {
			s->refused = "table.types";
			return ps_fail(err, PS_E_CONFIG,
			    "table.types: \"%s\" is none of TABLE, "
			    "PARTITIONED TABLE, VIEW, MATERIALIZED VIEW, "
			    "FOREIGN TABLE",
			    types.items[i]);
		}
		out[n++] = kinds[k].relkind;
	}
	s->kinds = n == 0 ? "r" : out;
	return 0;
}

/* Items of a list in which "quoted" parts may hold commas. */
static struct ps_list
quoted_list(struct ps_arena *a, const char *text)
{
	const char **items;
	size_t n = 1;
	bool quoted = false;

	for (const char *p = text; *p != '\0'; p++)
		n += *p == ',';
	items = (const char **)ps_alloc(a, n * sizeof *items);
	n = 0;
	for (const char *from = text, *p = text; *from != '\0'; p++) {
		quoted = *p == '"' ? !quoted : quoted;
		if (*p != '\0' && (*p != ',' || quoted))
			continue;
		items[n++] = ps_strndup(a, from, (size_t)(p - from));
		from = *p == ',' ? p + 1 : p;
	}
	return (struct ps_list){ items, n };
}

static void
read_tables(struct settings *s, const struct ps_config *c, struct ps_arena *a)
{
	bool pattern = ps_config_has(c, "table.include.list") ||
		       ps_config_has(c, "table.exclude.list");

	s->is_pattern = pattern;
	s->include = ps_config_list(c,
	    pattern ? "table.include.list" : "table.whitelist", a);
	s->exclude = ps_config_list(c,
	    pattern ? "table.exclude.list" : "table.blacklist", a);
	s->schema_pattern = ps_config_get(c, "schema.pattern");
	if (s->schema_pattern != NULL)
		s->schema_pattern = ps_strdup(a, s->schema_pattern);
	s->tables = quoted_list(a, ps_config_str(c, "tables"));
}

static void
read_mapping(struct settings *s, const struct ps_config *c, struct ps_arena *a)
{
	const char *zone = ps_config_str(c, "db.timezone");

	s->map.numeric = (enum numeric_mapping)chosen(numerics,
	    ps_config_str(c, "numeric.mapping"));
	if (!ps_config_has(c, "numeric.mapping") &&
	    ps_config_bool(c, "numeric.precision.mapping"))
		s->map.numeric = NUMERIC_PRECISION_ONLY;
	s->map.granularity = (enum granularity)chosen(granularities,
	    ps_config_str(c, "timestamp.granularity"));
	s->map.specials =
	    (enum specials)chosen(specials, ps_config_str(c, "special.values"));
	s->map.arrays_as_text =
	    strcmp(ps_config_str(c, "array.mapping"), "string") == 0;
	s->map.timezone = zone[0] == '\0' ? "UTC" : ps_strdup(a, zone);
}

/* A copy without the semicolon that would end it too early. */
static const char *
query_text(struct ps_arena *a, const char *text)
{
	size_t n = strlen(text);

	while (n > 0 && strchr("; \t\r\n", text[n - 1]) != NULL)
		n--;
	return ps_strndup(a, text, n);
}

static int
read_map(struct settings *s, struct colmap *m, const char *key,
    const struct ps_config *c, struct ps_arena *a, struct ps_error *err)
{
	int r = colmap_read(m, key, c, a, err);

	if (r != 0)
		s->refused = key;
	return r;
}

int
settings_read(struct settings *s, const struct ps_config *c, struct ps_arena *a,
    struct ps_error *err)
{
	*s = (struct settings){ .initial_ms = INITIAL_NONE };
	if (conninfo_parse(a, ps_config_str(c, "connection.url"),
		ps_config_str(c, "connection.user"),
		ps_config_str(c, "connection.password"), &s->conninfo,
		err) != 0 ||
	    read_kinds(s, c, a, err) != 0 ||
	    read_map(s, &s->stamp_map, STAMP_MAP, c, a, err) != 0 ||
	    read_map(s, &s->id_map, ID_MAP, c, a, err) != 0)
		return -1;
	s->mode = (enum mode)chosen(modes, ps_config_str(c, "mode"));
	s->stamps = ps_config_list(c, "timestamp.column.name", a);
	s->id = ps_strdup(a, ps_config_str(c, "incrementing.column.name"));
	s->query = query_text(a,
	    ps_config_str(c,
		ps_config_has(c, "query") ? "query" : "query.masked"));
	s->suffix = query_text(a, ps_config_str(c, "query.suffix"));
	s->prefix = ps_strdup(a, ps_config_str(c, "topic.prefix"));
	if (ps_config_has(c, "timestamp.initial"))
		s->initial_ms = ps_config_int(c, "timestamp.initial");
	s->delay_ms = ps_config_int(c, "timestamp.delay.interval.ms");
	s->poll_ms = ps_config_int(c, "poll.interval.ms");
	s->table_poll_ms = ps_config_int(c, "table.poll.interval.ms");
	s->sweep_ms = ps_config_int(c, "late.scan.interval.ms");
	s->query_retries = ps_config_int(c, "query.retry.attempts");
	s->is_serializable =
	    strcasecmp(ps_config_str(c, "transaction.isolation.mode"),
		"SERIALIZABLE") == 0;
	s->max_rows = (size_t)ps_config_int(c, "batch.max.rows");
	s->validate_non_null = ps_config_bool(c, "validate.non.null");
	read_mapping(s, c, a);
	read_tables(s, c, a);
	return 0;
}
