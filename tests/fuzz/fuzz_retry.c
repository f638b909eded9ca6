/*
 * A header line of an HTTP target: of Retry-After only seconds or a date, and
 * a number is the one that stands there.
 */
#include <assert.h>
#include <stdio.h>

#include "connectors/http/retry.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was made is read as what it was. */
static void
again(int64_t seconds)
{
	char line[64];
	int n = snprintf(line, sizeof line, "Retry-After:%s%lld\r\n",
	    seconds % 2 == 0 ? " " : "", (long long)seconds);
	int64_t found = -2;

	assert(retry_after_line(line, (size_t)n, &found));
	assert(found == seconds);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size == 0 ? 1 : size);
	int64_t seconds = -2;

	memcpy(copy, data, size);
	if (retry_after_line(copy, size, &seconds)) {
		assert(seconds >= 0);
		again(seconds);
	} else {
		assert(seconds == -2);
	}
	free(copy);
	return 0;
}
