#include <penstock/abi.h>

#include "sink.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The documentation comes last, with what differs from a plain key. */
/* NOLINTBEGIN(bugprone-macro-parentheses): designated initializers */
#define KEY(key_name, key_type, key_default, ...)                        \
	{                                                                \
		.name = (key_name), .type = PS_KEY_##key_type,           \
		.default_value = (key_default), .importance = PS_MEDIUM, \
		.doc = __VA_ARGS__                                       \
	}
#define LACKING(key_name, key_type, key_default)                      \
	{                                                             \
		.name = (key_name), .type = PS_KEY_##key_type,        \
		.default_value = (key_default), .importance = PS_LOW, \
		.flags = PS_UNSUPPORTED                               \
	}
#define AT_LEAST(n) .flags = PS_HAS_MIN, .min = (n)
#define REQUIRED    .flags = PS_REQUIRED | PS_NOT_EMPTY
/* NOLINTEND(bugprone-macro-parentheses) */

static const char *const null_choices[] = { "fail", "ignore", NULL };
static const char *const codec_choices[] = { "none", "gzip", "zstd", NULL };
static const char *const storage_choices[] = {
	"io.confluent.connect.s3.storage.S3Storage", "S3Storage", NULL
};
static const char *const compat_choices[] = { "NONE", NULL };

static const struct ps_key keys[] = {
	KEY("s3.bucket.name", STRING, NULL, "The S3 bucket", REQUIRED),
	KEY("s3.region", STRING, "us-west-2", "The bucket's region"),
	KEY("s3.part.size", INT, "26214400",
	    "Size of the parts of multipart uploads; smaller when the task's "
	    "memory budget asks for it",
	    AT_LEAST(5242880)),
	KEY("store.url", STRING, NULL,
	    "http(s)://host[:port] of a store that is not AWS"),
	KEY("store.allow.link.local", BOOLEAN, "false",
	    "Allow link-local and metadata addresses (169.254.0.0/16, "
	    "fe80::/10, fd00:ec2::254 and the like)"),
	KEY("s3.path.style.access.enabled", BOOLEAN, "true",
	    "Bucket in the path; false: in the host name"),
	KEY("aws.access.key.id", STRING, NULL,
	    "Empty: AWS_ACCESS_KEY_ID of the worker's environment",
	    .flags = PS_RENEWABLE),
	KEY("aws.secret.access.key", PASSWORD, NULL,
	    "Belongs to aws.access.key.id", .flags = PS_RENEWABLE),
	KEY("aws.session.token", PASSWORD, NULL, "Of temporary credentials",
	    .flags = PS_RENEWABLE),
	KEY("storage.class", CLASS, "io.confluent.connect.s3.storage.S3Storage",
	    "The only storage there is", .choices = storage_choices),
	KEY("format.class", CLASS, NULL,
	    "JsonFormat: one document per line; ByteArrayFormat: raw values",
	    REQUIRED),
	KEY("flush.size", INT, NULL,
	    "Records of a Kafka partition after which its files are "
	    "completed",
	    .flags = PS_REQUIRED | PS_HAS_MIN, .min = 1),
	KEY("rotate.interval.ms", LONG, "-1",
	    "Files are completed when a record is this much later than "
	    "their first by record time, and when nothing came for as long",
	    AT_LEAST(-1)),
	KEY("rotate.schedule.interval.ms", LONG, "-1",
	    "Files are completed at multiples of this since midnight in "
	    "`timezone`; the cut is logged in the bucket first, so that a "
	    "restart repeats it",
	    AT_LEAST(-1)),
	KEY("rotate.file.on.partition.change", BOOLEAN, "true",
	    "With rotate.interval.ms and a time-based partitioner: a record "
	    "with another path completes the files"),
	KEY("topics.dir", STRING, "topics",
	    "Top folder. Below its _penstock/NAME the connector logs cuts "
	    "that offsets do not give, and multipart uploads that are open: "
	    "those the next task aborts, and no others, so connectors may "
	    "share the folder if their files' names differ"),
	KEY("directory.delim", STRING, "/", "Between folders"),
	KEY("file.delim", STRING, "+", "Within file names"),
	KEY("filename.offset.zero.pad.width", INT, "10",
	    "Digits of offsets in file names", .flags = PS_HAS_MIN | PS_HAS_MAX,
	    .min = 0, .max = 20),
	KEY("partitioner.class", CLASS,
	    "io.confluent.connect.storage.partitioner.DefaultPartitioner",
	    "Default-, Field-, TimeBased-, Daily- or HourlyPartitioner"),
	KEY("partition.field.name", LIST, "",
	    "FieldPartitioner: fields (a.b is b within a)"),
	KEY("partition.duration.ms", LONG, "-1",
	    "TimeBasedPartitioner: length of a path's time span"),
	KEY("path.format", STRING, "",
	    "TimeBasedPartitioner: Joda pattern of y M E d D H m s S"),
	KEY("locale", STRING, "", "Names of months and days are English"),
	KEY("timezone", STRING, "", "UTC or an IANA zone such as Asia/Tokyo"),
	KEY("timestamp.extractor", CLASS, "Wallclock",
	    "Record: the record's timestamp; RecordField: timestamp.field; "
	    "Wallclock: the time of arrival, with which a restart may write "
	    "records again under another path"),
	KEY("timestamp.field", STRING, "timestamp",
	    "Milliseconds since 1970 or ISO 8601 text"),
	KEY("s3.compression.type", STRING, "none", "Of whole files",
	    .choices = codec_choices),
	KEY("s3.compression.level", INT, "-1", "-1: the codec's default",
	    .flags = PS_HAS_MIN | PS_HAS_MAX, .min = -1, .max = 19),
	KEY("format.bytearray.extension", STRING, ".bin", "Of raw files"),
	KEY("format.bytearray.separator", STRING, NULL,
	    "After each raw value; a line feed when not set"),
	KEY("behavior.on.null.values", STRING, "fail",
	    "fail: as errors.tolerance says; ignore: left out",
	    .choices = null_choices),
	KEY("s3.part.retries", INT, "3",
	    "Accepted; an outage is waited for however long it lasts",
	    AT_LEAST(0)),
	KEY("s3.retry.backoff.ms", LONG, "200",
	    "First pause before a request is repeated, doubled up to 5 s, "
	    "with jitter",
	    AT_LEAST(1)),
	KEY("retry.backoff.ms", LONG, "5000",
	    "Accepted; pauses are those of s3.retry.backoff.ms", AT_LEAST(0)),
	KEY("enable.conditional.writes", BOOLEAN, "true",
	    "If-None-Match, If-Match: an object that is there stays when its "
	    "ETag proves that it is the same, or when it was written after "
	    "the task had its partition, which then starts again; it is "
	    "replaced otherwise. false: always"),
	KEY("s3.acl.canned", STRING, NULL, "x-amz-acl of new objects"),
	KEY("s3.ssea.name", STRING, "",
	    "x-amz-server-side-encryption of new objects"),
	KEY("s3.sse.kms.key.id", STRING, "", "Its key, for aws:kms"),
	KEY("s3.proxy.url", STRING, "", "http://host:port of a proxy"),
	KEY("s3.ssl.truststore.location", STRING, NULL,
	    "PEM file of trusted certificates; default: the system's"),
	KEY("schema.compatibility", STRING, "NONE",
	    "JSON lines need no schema: any change goes into one file",
	    .choices = compat_choices),
	KEY("schemas.cache.config", INT, "1000", "Accepted"),
	KEY("s3.send.digest", BOOLEAN, "false",
	    "Accepted; over http bodies are signed by SHA-256, over https "
	    "TLS guards them"),
	KEY("report.null.values.to.dlq", BOOLEAN, "true",
	    "Accepted; null values are reported as errors.tolerance says"),
	KEY("tombstone.encoded.partition", STRING, "tombstone", "Accepted"),
	KEY("max.write.duration.ms", LONG, NULL, "Accepted"),
	LACKING("json.decimal.format", STRING, "BASE64"),
	LACKING("store.kafka.keys", BOOLEAN, "false"),
	LACKING("store.kafka.headers", BOOLEAN, "false"),
	LACKING("keys.format.class", CLASS,
	    "io.confluent.connect.s3.format.avro.AvroFormat"),
	LACKING("headers.format.class", CLASS,
	    "io.confluent.connect.s3.format.avro.AvroFormat"),
	LACKING("avro.codec", STRING, "null"),
	LACKING("parquet.codec", STRING, "snappy"),
	LACKING("s3.credentials.provider.class", CLASS,
	    "com.amazonaws.auth.DefaultAWSCredentialsProviderChain"),
	LACKING("s3.proxy.user", STRING, NULL),
	LACKING("s3.proxy.password", PASSWORD, NULL),
	LACKING("s3.sse.customer.key", PASSWORD, NULL),
	LACKING("s3.object.tagging", BOOLEAN, "false"),
	LACKING("s3.wan.mode", BOOLEAN, "false"),
	LACKING("partitioner.max.open.files", INT, "-1"),
};

static const char *const aliases[] = {
	"io.confluent.connect.s3.S3SinkConnector", "S3SinkConnector", NULL
};

static const struct ps_class classes[] = {
	{ .kind = PS_KIND_SINK,
	    .name = "S3Sink",
	    .aliases = aliases,
	    .doc = "Records become objects in S3, exactly once",
	    .keys = keys,
	    .key_count = COUNT(keys),
	    .ops = &s3_sink_ops,
	    .ops_size = sizeof s3_sink_ops },
};

PS_PLUGIN("s3", "1.0", classes);
