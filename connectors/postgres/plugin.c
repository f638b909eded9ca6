#include <penstock/abi.h>

#include "sink.h"
#include "sinkconf.h"
#include "source.h"
#include "source_keys.h"

static const char *const source_aliases[] = {
	"io.confluent.connect.jdbc.JdbcSourceConnector",
	"io.aiven.connect.jdbc.JdbcSourceConnector", NULL
};

static const char *const sink_aliases[] = {
	"io.confluent.connect.jdbc.JdbcSinkConnector",
	"io.aiven.connect.jdbc.JdbcSinkConnector", NULL
};

static const struct ps_class classes[] = {
	{
	    .kind = PS_KIND_SOURCE,
	    .name = "PostgresSource",
	    .aliases = source_aliases,
	    .doc = "Rows of Postgres tables or of a query, by COPY",
	    .keys = source_keys,
	    .key_count = SOURCE_KEYS,
	    .ops = &source_ops,
	    .ops_size = sizeof source_ops,
	},
	{
	    .kind = PS_KIND_SINK,
	    .name = "PostgresSink",
	    .aliases = sink_aliases,
	    .doc = "Records to Postgres tables, each written once",
	    .keys = sink_keys,
	    .key_count = SINK_KEYS,
	    .ops = &sink_ops,
	    .ops_size = sizeof sink_ops,
	},
};

PS_PLUGIN("postgres", "0.1.0", classes);
