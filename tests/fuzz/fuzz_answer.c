/*
 * What an S3 store answers, and the log of cuts: any bytes are read to their
 * end, and element texts stay within their room.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "connectors/s3/xml.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_element(void *arg, const char *name, const char *text)
{
	size_t *count = arg;

	assert(strlen(name) > 0);
	assert(strlen(text) < XML_TEXT);
	(*count)++;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1), root[64];
	size_t count = 0;

	memcpy(copy, data, size);
	if (xml_read(copy, size, root, sizeof root, on_element, &count))
		assert(count > 0);
	assert(strlen(root) < sizeof root);
	free(copy);
	return 0;
}
