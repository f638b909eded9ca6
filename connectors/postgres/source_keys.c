#include "source_keys.h"

#include "key.h"

#define CONNECTION .group = "Database"
#define MODE       .group = "Mode"
#define CONNECTOR  .group = "Connector"

const struct ps_key source_keys[] = {
	CONNECTION_KEYS(CONNECTION,
	    "Accepted; the task tries again for as long as it runs."),
	KEY("catalog.pattern", STRING, NULL, MEDIUM, PS_UNSUPPORTED,
	    "A connection sees one database, so there is nothing to choose.",
	    CONNECTION),
	KEY("schema.pattern", STRING, NULL, HIGH, 0,
	    "LIKE pattern of the schemas to read. Unset: all but the "
	    "server's own.",
	    CONNECTION),
	KEY("table.whitelist", LIST, "", MEDIUM, PS_PLACE,
	    "Tables to read: table, schema.table or database.schema.table. The "
	    "role needs SELECT on each, or on all of its columns, xmin and "
	    "ctid among them.",
	    CONNECTION),
	KEY("table.blacklist", LIST, "", MEDIUM, 0, "Tables not to read.",
	    CONNECTION),
	KEY("table.include.list", LIST, NULL, MEDIUM, PS_PLACE,
	    "Regular expressions; a table is read when one matches the whole "
	    "of database.schema.table, schema.table or table.",
	    CONNECTION),
	KEY("table.exclude.list", LIST, NULL, MEDIUM, 0,
	    "Regular expressions of tables not to read.", CONNECTION),
	KEY("table.types", LIST, "TABLE", LOW, 0,
	    "TABLE, PARTITIONED TABLE, VIEW, MATERIALIZED VIEW, FOREIGN "
	    "TABLE.",
	    CONNECTION),
	KEY("quote.sql.identifiers", STRING, "ALWAYS", MEDIUM, PS_ANY_CASE,
	    "Names are quoted always.", CONNECTION, CHOICES("ALWAYS")),
	KEY("transaction.isolation.mode", STRING, "DEFAULT", LOW, PS_ANY_CASE,
	    "Every read is one transaction, REPEATABLE READ or, when asked "
	    "for, SERIALIZABLE; weaker modes get what they ask and more.",
	    CONNECTION,
	    CHOICES("DEFAULT", "READ_UNCOMMITTED", "READ_COMMITTED",
		"REPEATABLE_READ", "SERIALIZABLE")),
	KEY("mode", STRING, NULL, HIGH, PS_REQUIRED | PS_PLACE,
	    "bulk reads everything each time; incrementing finds new rows; "
	    "timestamp and timestamp+incrementing new and changed ones.",
	    MODE,
	    CHOICES("bulk", "incrementing", "timestamp",
		"timestamp+incrementing")),
	KEY("incrementing.column.name", STRING, "", MEDIUM, PS_PLACE,
	    "A column that only grows. Empty: the identity or serial column.",
	    MODE),
	KEY("incrementing.column.mapping", LIST, NULL, MEDIUM, PS_PLACE,
	    "In place of incrementing.column.name, by table: "
	    "EXPRESSION:column, … The first regular expression that matches "
	    "the whole of database.schema.table, schema.table or table "
	    "decides; a table without one is an error.",
	    MODE),
	KEY("timestamp.column.name", LIST, "", MEDIUM, PS_PLACE,
	    "Columns of the last change; the first that is not null counts.",
	    MODE),
	KEY("timestamp.columns.mapping", LIST, NULL, MEDIUM, PS_PLACE,
	    "In place of timestamp.column.name, by table: "
	    "EXPRESSION:[column|column], … found as in "
	    "incrementing.column.mapping.",
	    MODE),
	KEY("timestamp.initial", LONG, NULL, LOW, PS_HAS_MIN,
	    "Milliseconds since 1970 to begin after, -1: now. Unset: all.",
	    MODE, .min = -1),
	KEY("validate.non.null", BOOLEAN, "true", LOW, 0,
	    "Refuse tables whose incrementing or timestamp columns may be "
	    "null; with false their rows without a key are not read.",
	    MODE),
	KEY("query", STRING, "", MEDIUM, PS_PLACE_IF_SET,
	    "Read the rows of this SELECT instead of tables.", MODE),
	KEY("query.masked", PASSWORD, NULL, MEDIUM, PS_PLACE_IF_SET,
	    "In place of query, and shown nowhere.", MODE),
	KEY("query.suffix", STRING, "", LOW, 0,
	    "SQL to put at the end of the query.", MODE),
	KEY("query.retry.attempts", INT, "-1", LOW, 0,
	    "So many queries in a row may fail for reasons that pass, then "
	    "the task fails. -1: for ever. A lost server is waited for.",
	    MODE),
	KEY("late.scan.interval.ms", LONG, "60000", MEDIUM, PS_HAS_MIN,
	    "The longest time until a row is found that was committed with a "
	    "key far below those already read. Such looks at the whole table "
	    "come earlier when they are cheap: they take at most a fiftieth "
	    "of the time.",
	    MODE, .min = 0),
	KEY("topic.prefix", STRING, NULL, HIGH, PS_REQUIRED,
	    "Put before table names; with a query the whole topic name.",
	    CONNECTOR),
	KEY("poll.interval.ms", INT, "5000", HIGH, PS_HAS_MIN,
	    "Pause between two reads of a table.", CONNECTOR, .min = 0),
	KEY("batch.max.rows", INT, "1000", LOW, PS_HAS_MIN,
	    "Accepted; batches are cut by bytes.", CONNECTOR, .min = 1),
	KEY("table.poll.interval.ms", LONG, "60000", LOW, PS_HAS_MIN,
	    "How often to look for new and dropped tables.", CONNECTOR,
	    .min = 1),
	KEY("timestamp.delay.interval.ms", LONG, "0", HIGH, PS_HAS_MIN,
	    "Rows are read when their timestamp is that old. Not needed for "
	    "late commits.",
	    CONNECTOR, .min = 0),
	KEY("db.timezone", STRING, "UTC", MEDIUM, 0,
	    "The time zone of timestamps without time zone.", CONNECTOR),
	KEY("timestamp.granularity", STRING, "connect_logical", LOW,
	    PS_ANY_CASE, "How timestamps are delivered.", CONNECTOR,
	    CHOICES("connect_logical", "micros_long", "micros_string",
		"micros_iso_datetime_string", "nanos_long", "nanos_string",
		"nanos_iso_datetime_string")),
	KEY("numeric.mapping", STRING, NULL, LOW, PS_ANY_CASE,
	    "How numeric is delivered. Unset: none, a Decimal.", CONNECTOR,
	    CHOICES("none", "precision_only", "best_fit",
		"best_fit_eager_double")),
	KEY("numeric.precision.mapping", BOOLEAN, "false", LOW, 0,
	    "Old form of numeric.mapping=precision_only.", CONNECTOR),
	KEY("special.values", STRING, "fail", LOW, PS_ANY_CASE,
	    "Infinite dates and timestamps, NaN and infinite numerics: fail "
	    "the record; string delivers all values of such columns as "
	    "Postgres' text; clamp delivers infinite dates and timestamps as "
	    "the far ends that the JDBC driver uses.",
	    CONNECTOR, CHOICES("fail", "string", "clamp")),
	KEY("array.mapping", STRING, "array", LOW, PS_ANY_CASE,
	    "array: one dimension, of the element's type; string: Postgres' "
	    "text.",
	    CONNECTOR, CHOICES("array", "string")),
	KEY("date.calendar.system", STRING, "LEGACY", LOW, PS_ANY_CASE,
	    "Dates are proleptic Gregorian, as Postgres has them.", CONNECTOR,
	    CHOICES("LEGACY", "PROLEPTIC_GREGORIAN")),
	KEY("max.buffer.size", INT, "0", LOW, 0,
	    "Accepted; the memory budget of the task bounds what is "
	    "buffered.",
	    CONNECTOR),
	KEY("poll.linger.ms", LONG, "5000", LOW, 0,
	    "Accepted; rows are sent as they come.", CONNECTOR),
	KEY("tables", STRING, "", LOW, PS_INTERNAL, "The tables of a task.",
	    CONNECTOR),
};

_Static_assert(sizeof source_keys / sizeof *source_keys == SOURCE_KEYS,
    "source_keys.h has the number");
