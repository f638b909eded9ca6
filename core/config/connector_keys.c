#include "config/common.h"

#include "config/rows.h"

#define COMMON       "Common"
#define ERRORS       "Error Handling"
#define CREATION     "Topic Creation"
#define EXACTLY_ONCE "Exactly Once Support"

static const char *const reload_choices[] = { "none", "restart", NULL };
static const char *const tolerance_choices[] = { "none", "all", NULL };
static const char *const support_choices[] = { "REQUIRED", "REQUESTED", NULL };
static const char *const boundary_choices[] = { "INTERVAL", "POLL", "CONNECTOR",
	NULL };

static const struct ps_key connector_keys[] = {
	{ KEY("name", STRING, NULL, HIGH,
	      "The connector's name, unique in the cluster."),
	    .flags = PS_REQUIRED | PS_NO_CONTROL,
	    PLACE(COMMON, 1, MEDIUM, "Connector name") },
	{ KEY("connector.class", STRING, NULL, HIGH,
	      "Which connector to run: a full Java class name, or its last "
	      "part with or without the word Connector at its end."),
	    .flags = PS_REQUIRED, PLACE(COMMON, 2, LONG, "Connector class") },
	{ KEY("connector.plugin.version", STRING, NULL, MEDIUM,
	      "Range of versions of the connector that may be used; the "
	      "newest installed one when it is not set."),
	    PLACE(COMMON, 3, MEDIUM, "Connector version") },
	{ KEY("tasks.max", INT, "1", HIGH,
	      "How many tasks the connector may be split into."),
	    AT_LEAST(1), PLACE(COMMON, 4, SHORT, "Tasks max") },
	{ KEY("tasks.max.enforce", BOOLEAN, "true", LOW,
	      "Whether a connector that makes more than tasks.max tasks fails. "
	      "Deprecated."),
	    PLACE(COMMON, 5, SHORT, "Enforce tasks max") },
	{ KEY("key.converter", CLASS, NULL, LOW,
	      "Converter between record keys and the bytes in Kafka; the "
	      "worker's when it is not set."),
	    PLACE(COMMON, 6, SHORT, "Key converter class") },
	{ KEY("key.converter.plugin.version", STRING, NULL, LOW,
	      "Range of versions of the key converter."),
	    PLACE(COMMON, 7, SHORT, "Key converter version") },
	{ KEY("value.converter", CLASS, NULL, LOW,
	      "Converter between record values and the bytes in Kafka; the "
	      "worker's when it is not set."),
	    PLACE(COMMON, 8, SHORT, "Value converter class") },
	{ KEY("value.converter.plugin.version", STRING, NULL, LOW,
	      "Range of versions of the value converter."),
	    PLACE(COMMON, 9, SHORT, "Value converter version") },
	{ KEY("header.converter", CLASS, NULL, LOW,
	      "Converter between header values and the bytes in Kafka; the "
	      "worker's when it is not set."),
	    PLACE(COMMON, 10, SHORT, "Header converter class") },
	{ KEY("header.converter.plugin.version", STRING, NULL, LOW,
	      "Range of versions of the header converter."),
	    PLACE(COMMON, 11, SHORT, "Header converter version") },
	{ KEY("transforms", LIST, "", LOW,
	      "Aliases of the transforms that each record passes, in order."),
	    .flags = PS_ALIASES, PLACE("Transforms", 12, LONG, "Transforms") },
	{ KEY("predicates", LIST, "", LOW,
	      "Aliases of the predicates that transforms may refer to."),
	    .flags = PS_ALIASES, PLACE("Predicates", 13, LONG, "Predicates") },
	{ KEY("config.action.reload", STRING, "restart", LOW,
	      "What to do when a value that a config provider gave has "
	      "expired: restart the connector, or nothing."),
	    .choices = reload_choices,
	    PLACE(COMMON, 14, MEDIUM, "Reload Action") },
	{ KEY("errors.retry.timeout", LONG, "0", MEDIUM,
	      "Milliseconds for which a failed operation on a record is tried "
	      "again; 0 never, -1 without end."),
	    PLACE(ERRORS, 1, MEDIUM, "Retry Timeout for Errors") },
	{ KEY("errors.retry.delay.max.ms", LONG, "60000", MEDIUM,
	      "Longest pause between two tries, in milliseconds."),
	    PLACE(ERRORS, 2, MEDIUM,
		"Maximum Delay Between Retries for Errors") },
	{ KEY("errors.tolerance", STRING, "none", MEDIUM,
	      "Whether a bad record fails its task (none) or is left out "
	      "(all)."),
	    .choices = tolerance_choices,
	    PLACE(ERRORS, 3, SHORT, "Error Tolerance") },
	{ KEY("errors.log.enable", BOOLEAN, "false", MEDIUM,
	      "Whether each failed operation on a record is logged."),
	    PLACE(ERRORS, 4, SHORT, "Log Errors") },
	{ KEY("errors.log.include.messages", BOOLEAN, "false", MEDIUM,
	      "Whether that log says which record it was."),
	    PLACE(ERRORS, 5, SHORT, "Log Error Details") },
};

static const struct ps_key sink_keys[] = {
	{ KEY("topics", LIST, "", HIGH,
	      "Topics to read. Either this or "
	      "topics.regex is set."),
	    .flags = PS_UNIQUE, PLACE(COMMON, 4, LONG, "Topics") },
	{ KEY("topics.regex", STRING, "", HIGH,
	      "Regular expression that the names of the topics to read match "
	      "as a whole."),
	    .flags = PS_REGEX, PLACE(COMMON, 4, LONG, "Topics regex") },
};

/* Connect has them for sinks only, behind theirs. */
static const struct ps_key dead_letter_keys[] = {
	{ KEY("errors.deadletterqueue.topic.name", STRING, "", MEDIUM,
	      "Topic for records that failed and were tolerated; none when "
	      "empty."),
	    PLACE(ERRORS, 6, MEDIUM, "Dead Letter Queue Topic Name") },
	{ KEY("errors.deadletterqueue.topic.replication.factor", SHORT, "3",
	      MEDIUM, "Replication factor of that topic if it must be made."),
	    PLACE(ERRORS, 7, MEDIUM,
		"Dead Letter Queue Topic Replication Factor") },
	{ KEY("errors.deadletterqueue.context.headers.enable", BOOLEAN, "false",
	      MEDIUM,
	      "Whether a sink's dead letters carry headers that say where and "
	      "why the record failed; a source's always do."),
	    PLACE(ERRORS, 8, MEDIUM, "Enable Error Context Headers") },
};

static const struct ps_key source_keys[] = {
	{ KEY("topic.creation.groups", LIST, "", LOW,
	      "Aliases of groups of topics that are made with settings of "
	      "their own."),
	    .flags = PS_ALIASES,
	    PLACE(CREATION, 1, LONG, "Topic Creation Groups") },
	{ KEY("exactly.once.support", STRING, "requested", MEDIUM,
	      "Whether the connector must be able to deliver exactly once "
	      "(required), or just should (requested)."),
	    .flags = PS_ANY_CASE, .choices = support_choices,
	    PLACE(EXACTLY_ONCE, 2, SHORT, "Exactly once support") },
	{ KEY("transaction.boundary", STRING, "poll", MEDIUM,
	      "Where exactly-once transactions end: with each batch (poll), "
	      "by time (interval), or where the connector says."),
	    .flags = PS_ANY_CASE, .choices = boundary_choices,
	    PLACE(EXACTLY_ONCE, 3, SHORT, "Transaction Boundary") },
	{ KEY("transaction.boundary.interval.ms", LONG, NULL, LOW,
	      "Length of a transaction by time, in milliseconds; the worker's "
	      "offset.flush.interval.ms when it is not set."),
	    AT_LEAST(0),
	    PLACE(EXACTLY_ONCE, 4, SHORT, "Transaction boundary interval") },
	{ KEY("offsets.storage.topic", STRING, NULL, LOW,
	      "Offset topic of this connector alone; the worker's when it is "
	      "not set."),
	    .flags = PS_NOT_EMPTY,
	    PLACE("offsets.topic", 1, LONG, "Offsets topic") },
};

static const struct ps_key topic_group_keys[] = {
	{ KEY("include", LIST, "", LOW,
	      "Regular expressions of the topics that belong to the group."),
	    .flags = PS_REGEX,
	    PLACE(NULL, 0, LONG, "Inclusion Topic Pattern for ") },
	{ KEY("exclude", LIST, "", LOW,
	      "Regular expressions of the topics that do not."),
	    .flags = PS_REGEX,
	    PLACE(NULL, 1, LONG, "Exclusion Topic Pattern for ") },
	{ KEY("replication.factor", SHORT, NULL, LOW,
	      "Replication factor of topics made for the group; -1 is the "
	      "broker's default."),
	    .flags = PS_OR_BROKER,
	    PLACE(NULL, 2, LONG, "Replication Factor for Topics in ") },
	{ KEY("partitions", INT, NULL, LOW,
	      "Partitions of topics made for the group; -1 is the broker's "
	      "default."),
	    .flags = PS_OR_BROKER,
	    PLACE(NULL, 3, LONG, "Partition Count for Topics in ") },
};

static const struct ps_key transform_keys[] = {
	{ KEY("type", CLASS, NULL, HIGH, "Class of the transform."),
	    .flags = PS_REQUIRED,
	    PLACE(NULL, 0, LONG, "Transformation type for ") },
	{ KEY("plugin.version", STRING, NULL, HIGH,
	      "Range of versions of the transform."),
	    PLACE(NULL, 1, LONG, "Transformation version for ") },
	{ KEY("predicate", STRING, NULL, MEDIUM,
	      "Alias of the predicate that decides which records the "
	      "transform is applied to; all when it is not set."),
	    NO_PLACE },
	{ KEY("negate", BOOLEAN, "false", MEDIUM,
	      "Whether the transform is applied where the predicate does not "
	      "hold."),
	    NO_PLACE },
};

static const struct ps_key predicate_keys[] = {
	{ KEY("type", CLASS, NULL, HIGH, "Class of the predicate."),
	    .flags = PS_REQUIRED, PLACE(NULL, 0, LONG, "Predicate type for ") },
	{ KEY("plugin.version", STRING, NULL, HIGH,
	      "Range of versions of the predicate."),
	    PLACE(NULL, 1, LONG, "Predicate version for ") },
};

const struct key_table common_connector_keys = TABLE(connector_keys);
const struct key_table common_sink_keys = TABLE(sink_keys);
const struct key_table common_source_keys = TABLE(source_keys);
const struct key_table common_dead_letter_keys = TABLE(dead_letter_keys);
const struct key_table common_topic_group_keys = TABLE(topic_group_keys);
const struct key_table common_transform_keys = TABLE(transform_keys);
const struct key_table common_predicate_keys = TABLE(predicate_keys);
