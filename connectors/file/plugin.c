#include <penstock/abi.h>

#include "file.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct ps_key source_keys[] = {
	{ .name = "file",
	    .type = PS_KEY_STRING,
	    .flags = PS_PLACE,
	    .importance = PS_HIGH,
	    .doc = "Source filename. It may appear later, grow, be truncated "
		   "and be rotated; standard input is not supported." },
	{ .name = "topic",
	    .type = PS_KEY_STRING,
	    .flags = PS_REQUIRED | PS_NOT_EMPTY,
	    .importance = PS_HIGH,
	    .doc = "The topic to publish data to" },
	{ .name = "batch.size",
	    .type = PS_KEY_INT,
	    .default_value = "2000",
	    .importance = PS_LOW,
	    .doc = "The maximum number of records the source task can read "
		   "from the file each time it is polled" },
	{ .name = "line.max.bytes",
	    .type = PS_KEY_INT,
	    .default_value = "16777216",
	    .flags = PS_HAS_MIN | PS_HAS_MAX,
	    .min = 1024,
	    .max = 1 << 30,
	    .importance = PS_LOW,
	    .doc = "A longer line fails the task with its position in the "
		   "file, instead of filling the memory" },
};

static const struct ps_key sink_keys[] = {
	{ .name = "file",
	    .type = PS_KEY_STRING,
	    .importance = PS_HIGH,
	    .doc = "Destination filename, appended to. Several tasks and "
		   "connectors may write to one file: their lines do not mix; "
		   "only a line that a task left torn, and that comes again, "
		   "is ever cut. Standard output is not supported." },
};

static const char *const source_aliases[] = {
	"org.apache.kafka.connect.file.FileStreamSourceConnector",
	"FileStreamSourceConnector", NULL
};

static const char *const sink_aliases[] = {
	"org.apache.kafka.connect.file.FileStreamSinkConnector",
	"FileStreamSinkConnector", NULL
};

static const struct ps_class classes[] = {
	{ .kind = PS_KIND_SOURCE,
	    .name = "FileStreamSource",
	    .aliases = source_aliases,
	    .doc = "Each line of a growing file is a record",
	    .keys = source_keys,
	    .key_count = COUNT(source_keys),
	    .ops = &file_source_ops,
	    .ops_size = sizeof file_source_ops },
	{ .kind = PS_KIND_SINK,
	    .name = "FileStreamSink",
	    .aliases = sink_aliases,
	    .doc = "Each record is a line appended to a file",
	    .keys = sink_keys,
	    .key_count = COUNT(sink_keys),
	    .ops = &file_sink_ops,
	    .ops_size = sizeof file_sink_ops },
};

PS_PLUGIN("file", "1.0", classes);
