#include "tests/fuzz/formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const texts[] = {
	"{\"type\":\"object\",\"title\":\"R\",\"properties\":{"
	"\"a\":{\"type\":\"integer\",\"connect.index\":0,"
	"\"connect.type\":\"int32\"},"
	"\"b\":{\"oneOf\":[{\"type\":\"null\"},{\"type\":\"string\"}]},"
	"\"c\":{\"type\":\"array\",\"items\":{\"type\":\"integer\","
	"\"connect.type\":\"int64\"}},"
	"\"d\":{\"type\":\"object\",\"connect.type\":\"map\","
	"\"additionalProperties\":{\"type\":\"boolean\"}},"
	"\"e\":{\"type\":\"number\"}}}",
	"{\"oneOf\":[{\"type\":\"string\"},{\"type\":\"integer\","
	"\"connect.type\":\"int8\"},{\"type\":\"object\",\"properties\":{"
	"\"x\":{\"type\":\"string\",\"connect.type\":\"bytes\"}}}]}",
	"{\"type\":\"array\",\"items\":{\"type\":\"number\",\"title\":"
	"\"org.apache.kafka.connect.data.Decimal\",\"connect.type\":"
	"\"bytes\",\"connect.parameters\":{\"scale\":\"2\"}}}",
	"{\"type\":\"string\",\"enum\":[\"X\",\"Y\"]}",
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	trip(&json_schema_format, texts, sizeof texts / sizeof *texts,
	    (struct ps_slice){ data, size });
	return 0;
}
