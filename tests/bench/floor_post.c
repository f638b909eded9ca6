/*
 * F9: POSTs of a file's lines, so many in each, one request after the other.
 * floor_post URL FILE LINES
 */
#include "floor.h"

#include <curl/curl.h>
#include <string.h>
#include <sys/stat.h>

static char *
read_file(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	char *data;

	floor_need(f != NULL && fstat(fileno(f), &st) == 0, path);
	*size = (size_t)st.st_size;
	data = malloc(*size);
	floor_need(data != NULL && fread(data, 1, *size, f) == *size, path);
	(void)fclose(f);
	return data;
}

/* Behind so many lines. */
static const char *
behind(const char *at, const char *end, unsigned lines)
{
	for (unsigned i = 0; i < lines && at < end; i++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		at = newline == NULL ? end : newline + 1;
	}
	return at;
}

static CURL *
client(const char *url)
{
	CURL *easy = curl_easy_init();
	struct curl_slist *head = curl_slist_append(NULL, "Expect:");

	floor_need(easy != NULL && head != NULL, "no memory");
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, head);
	curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
	return easy;
}

int
main(int argc, char **argv)
{
	floor_need(argc == 4, "usage: post URL FILE LINES");
	unsigned lines = (unsigned)atoi(argv[3]);
	size_t size;
	char *data = read_file(argv[2], &size);
	CURL *easy = client(argv[1]);
	struct floor f = floor_start();

	for (const char *at = data, *end = data + size; at < end;) {
		const char *next = behind(at, end, lines);
		CURLcode code;

		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, at);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)(next - at));
		code = curl_easy_perform(easy);
		floor_need(code == CURLE_OK, curl_easy_strerror(code));
		at = next;
	}
	f.bytes = size;
	return floor_end(&f);
}
