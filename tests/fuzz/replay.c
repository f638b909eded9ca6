/*
 * replay FILE...: a fuzz target over files, without a fuzzer. Each is named
 * before it is tried, so the last name is that of the one that failed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
replay(const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t room = 1 << 16, len = 0, n;
	uint8_t *data = xmalloc(room);

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	while ((n = fread(data + len, 1, room - len, f)) > 0) {
		len += n;
		if (len == room)
			data = xrealloc(data, room *= 2);
	}
	(void)fclose(f);
	/* No more than it is, so that a sanitizer sees what is read behind. */
	data = xrealloc(data, len == 0 ? 1 : len);
	(void)LLVMFuzzerTestOneInput(data, len);
	free(data);
}

int
main(int argc, char **argv)
{
	(void)setvbuf(stdout, NULL, _IONBF, 0);
	for (int i = 1; i < argc; i++) {
		puts(argv[i]);
		replay(argv[i]);
	}
	return 0;
}
