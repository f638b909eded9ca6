#include "sinkconf.h"

#include "key.h"

#define CONNECTION .group = "Connection"
#define WRITES     .group = "Writes"
#define MAPPING    .group = "Data Mapping"
#define DDL        .group = "DDL Support"
#define RETRIES    .group = "Retries"

const struct ps_key sink_keys[] = {
	CONNECTION_KEYS(CONNECTION,
	    "Accepted; an outage is waited for as long as it lasts."),
	KEY("insert.mode", STRING, "insert", HIGH, PS_ANY_CASE,
	    "insert; upsert by the primary key; update what is there.", WRITES,
	    CHOICES("insert", "upsert", "update")),
	KEY("batch.size", INT, "3000", MEDIUM, PS_HAS_MIN,
	    "Accepted; all records of one delivery are one transaction.",
	    WRITES, .min = 1),
	KEY("delete.enabled", BOOLEAN, "false", MEDIUM, 0,
	    "A record without value deletes the row of its key.", WRITES),
	KEY("offsets.table", STRING, "penstock_offsets", MEDIUM, 0,
	    "Where the position is kept, in the transaction of the rows, so "
	    "that nothing is written twice; it also moves past records that a "
	    "filter drops. Made when it is not there. Empty: at least once.",
	    WRITES),
	KEY("table.name.format", STRING, "${topic}", MEDIUM, PS_NOT_EMPTY,
	    "Table for a topic: ${topic}, or schema.${topic}. It may have 1597 "
	    "columns.",
	    MAPPING),
	KEY("table.types", LIST, "TABLE", LOW, 0,
	    "Accepted; whatever can be inserted into is.", MAPPING),
	KEY("pk.mode", STRING, "none", HIGH, PS_ANY_CASE,
	    "Where the primary key comes from.", MAPPING,
	    CHOICES("none", "kafka", "record_key", "record_value")),
	KEY("pk.fields", LIST, "", MEDIUM, 0,
	    "Its columns. Empty: all fields of the key or value, or "
	    "__connect_topic, __connect_partition, __connect_offset.",
	    MAPPING),
	KEY("fields.whitelist", LIST, "", MEDIUM, 0,
	    "Fields of the value to write. Empty: all.", MAPPING),
	KEY("db.timezone", STRING, "UTC", MEDIUM, PS_UNSUPPORTED,
	    "Timestamps without time zone are written in UTC.", MAPPING),
	KEY("date.timezone", STRING, "db_timezone", LOW, PS_ANY_CASE,
	    "Dates have no time zone here.", MAPPING,
	    CHOICES("db_timezone", "utc")),
	KEY("timestamp.precision.mode", STRING, "microseconds", LOW,
	    PS_UNSUPPORTED, "Postgres keeps microseconds.", MAPPING),
	KEY("timestamp.fields.list", LIST, "", LOW, PS_UNSUPPORTED,
	    "Integers go into timestamp columns as milliseconds without it.",
	    MAPPING),
	KEY("date.calendar.system", STRING, "LEGACY", LOW, PS_ANY_CASE,
	    "Dates are proleptic Gregorian, as Postgres has them.", MAPPING,
	    CHOICES("LEGACY", "PROLEPTIC_GREGORIAN")),
	KEY("replace.null.with.default", BOOLEAN, "true", LOW, 0,
	    "A null field whose schema has a default is written as that.",
	    MAPPING),
	KEY("string.output.value.column.name", STRING, "record_value", LOW,
	    PS_UNSUPPORTED, "Column for values that are plain strings.",
	    MAPPING),
	KEY("auto.create", BOOLEAN, "false", MEDIUM, 0,
	    "Create missing tables from the schema.", DDL),
	KEY("auto.evolve", BOOLEAN, "false", MEDIUM, 0,
	    "Add missing columns from the schema.", DDL),
	KEY("quote.sql.identifiers", STRING, "ALWAYS", MEDIUM, PS_ANY_CASE,
	    "Names are quoted always.", DDL, CHOICES("ALWAYS")),
	KEY("mssql.use.merge.holdlock", BOOLEAN, "true", LOW, 0,
	    "Accepted; of no meaning here.", DDL),
	KEY("max.retries", INT, "10", MEDIUM, PS_HAS_MIN,
	    "Accepted; outages are waited for, bad records are no outage.",
	    RETRIES, .min = 0),
	KEY("retry.backoff.ms", INT, "3000", MEDIUM, PS_HAS_MIN,
	    "Accepted; the pause between attempts grows by itself.", RETRIES,
	    .min = 0),
	KEY("trim.sensitive.log", BOOLEAN, "false", LOW, 0,
	    "Accepted; statements with data are never logged.", RETRIES),
};

_Static_assert(sizeof sink_keys / sizeof *sink_keys == SINK_KEYS,
    "sinkconf.h has the number");

static enum insert_mode
insert_mode(const char *text)
{
	return strcasecmp(text, "upsert") == 0   ? INSERT_UPSERT
	       : strcasecmp(text, "update") == 0 ? INSERT_UPDATE
						 : INSERT_PLAIN;
}

static enum pk_mode
pk_mode(const char *text)
{
	return strcasecmp(text, "kafka") == 0          ? PK_KAFKA
	       : strcasecmp(text, "record_key") == 0   ? PK_RECORD_KEY
	       : strcasecmp(text, "record_value") == 0 ? PK_RECORD_VALUE
						       : PK_NONE;
}

static struct ps_list
kafka_fields(void)
{
	static const char *const names[] = { "__connect_topic",
		"__connect_partition", "__connect_offset" };

	return (struct ps_list){ names, 3 };
}

int
sinkconf_read(struct sinkconf *s, const struct ps_config *c, struct ps_arena *a,
    struct ps_error *err)
{
	s->mode = insert_mode(ps_config_str(c, "insert.mode"));
	s->pk_mode_text = ps_strdup(a, ps_config_str(c, "pk.mode"));
	s->pk_mode = pk_mode(s->pk_mode_text);
	s->pk_fields = ps_config_list(c, "pk.fields", a);
	if (s->pk_mode == PK_KAFKA && s->pk_fields.count == 0)
		s->pk_fields = kafka_fields();
	s->whitelist = ps_config_list(c, "fields.whitelist", a);
	s->table_format = ps_strdup(a, ps_config_str(c, "table.name.format"));
	s->offsets_table = ps_strdup(a, ps_config_str(c, "offsets.table"));
	s->deletes = ps_config_bool(c, "delete.enabled");
	s->auto_create = ps_config_bool(c, "auto.create");
	s->auto_evolve = ps_config_bool(c, "auto.evolve");
	s->null_is_default = ps_config_bool(c, "replace.null.with.default");
	return conninfo_parse(a, ps_config_str(c, "connection.url"),
	    ps_config_str(c, "connection.user"),
	    ps_config_str(c, "connection.password"), &s->conninfo, err);
}

void
sinkconf_validate(const struct ps_config *c, struct ps_report *rep)
{
	enum insert_mode mode = insert_mode(ps_config_str(c, "insert.mode"));
	enum pk_mode pk = pk_mode(ps_config_str(c, "pk.mode"));

	if (ps_config_bool(c, "delete.enabled") && pk != PK_RECORD_KEY)
		rep->error(rep, "delete.enabled",
		    "Deletes are only supported for pk.mode record_key");
	if (mode != INSERT_PLAIN && pk == PK_NONE)
		rep->error(rep, "pk.mode",
		    "Primary key mode must be set when the insert mode is "
		    "\"%s\"",
		    ps_config_str(c, "insert.mode"));
	if (strstr(ps_config_str(c, "table.name.format"), "${topic}") == NULL &&
	    strchr(ps_config_str(c, "table.name.format"), '$') != NULL)
		rep->error(rep, "table.name.format",
		    "%s: only ${topic} is replaced",
		    ps_config_str(c, "table.name.format"));
}
