/*
 * F8: a file's lines counted by read() of 1 MB, or a buffer written until so
 * many lines are out. floor_file read FILE | floor_file write FILE ROWS LENGTH
 */
#include "floor.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define CHUNK ((size_t)1 << 20)

static void
count_lines(struct floor *f, const char *text, size_t size)
{
	const char *end = text + size;

	f->bytes += size;
	while ((text = memchr(text, '\n', (size_t)(end - text))) != NULL) {
		f->rows++;
		text++;
	}
}

static void
read_all(struct floor *f, int fd, char *buf)
{
	ssize_t n;

	while ((n = read(fd, buf, CHUNK)) > 0)
		count_lines(f, buf, (size_t)n);
	floor_need(n == 0, "read failed");
}

static void
write_all(struct floor *f, int fd, char *buf, size_t rows, size_t length)
{
	size_t lines = CHUNK / length;

	memset(buf, 'x', CHUNK);
	for (size_t i = 1; i <= lines; i++)
		buf[i * length - 1] = '\n';
	while (f->rows < rows) {
		ssize_t n = write(fd, buf, lines * length);

		floor_need(n == (ssize_t)(lines * length), "write failed");
		f->rows += lines;
		f->bytes += lines * length;
	}
	floor_need(fdatasync(fd) == 0, "fdatasync failed");
}

int
main(int argc, char **argv)
{
	int reads = argc == 3 && strcmp(argv[1], "read") == 0;
	int writes = argc == 5 && strcmp(argv[1], "write") == 0;

	floor_need(reads || writes, "usage: file read F | write F ROWS LEN");
	int fd = open(argv[2], reads ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC,
	    0644);
	char *buf = malloc(CHUNK);

	floor_need(fd >= 0 && buf != NULL, argv[2]);
	struct floor f = floor_start();

	if (reads)
		read_all(&f, fd, buf);
	else
		write_all(&f, fd, buf, strtoul(argv[3], NULL, 10),
		    strtoul(argv[4], NULL, 10));
	return floor_end(&f);
}
