/*
 * F7: signed PUTs of one ready-made body, eight at a time.
 * floor_put URL-PREFIX KEY:SECRET REGION COUNT BYTES
 */
#include "floor.h"

#include <curl/curl.h>
#include <string.h>

#define PARALLEL 8

struct body {
	char *data;
	size_t size;
};

struct upload {
	CURL *easy;
	const struct body *body;
	size_t at;
};

static size_t
give(char *to, size_t size, size_t count, void *opaque)
{
	struct upload *u = opaque;
	size_t n = u->body->size - u->at;

	if (n > size * count)
		n = size * count;
	memcpy(to, u->body->data + u->at, n);
	u->at += n;
	return n;
}

static void
begin(CURLM *multi, struct upload *u, char **argv, unsigned number)
{
	char url[1024], provider[128];

	(void)snprintf(url, sizeof url, "%s%u", argv[1], number);
	(void)snprintf(provider, sizeof provider, "aws:amz:%s:s3", argv[3]);
	u->at = 0;
	curl_easy_setopt(u->easy, CURLOPT_URL, url);
	curl_easy_setopt(u->easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(u->easy, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(u->easy, CURLOPT_READFUNCTION, give);
	curl_easy_setopt(u->easy, CURLOPT_READDATA, u);
	curl_easy_setopt(u->easy, CURLOPT_PRIVATE, u);
	curl_easy_setopt(u->easy, CURLOPT_INFILESIZE_LARGE,
	    (curl_off_t)u->body->size);
	curl_easy_setopt(u->easy, CURLOPT_UPLOAD_BUFFERSIZE, 2L << 20);
	curl_easy_setopt(u->easy, CURLOPT_AWS_SIGV4, provider);
	curl_easy_setopt(u->easy, CURLOPT_USERPWD, argv[2]);
	(void)curl_multi_add_handle(multi, u->easy);
}

int
main(int argc, char **argv)
{
	floor_need(argc == 6,
	    "usage: put URL-PREFIX KEY:SECRET REGION N BYTES");
	unsigned count = (unsigned)atoi(argv[4]), begun = 0, ended = 0;
	struct body body = { .size = strtoul(argv[5], NULL, 10) };
	struct upload uploads[PARALLEL];
	struct curl_slist *head =
	    curl_slist_append(NULL, "x-amz-content-sha256: UNSIGNED-PAYLOAD");
	CURLM *multi = curl_multi_init();

	body.data = malloc(body.size);
	floor_need(body.data != NULL, "no memory");
	memset(body.data, 'x', body.size);
	head = curl_slist_append(head, "Expect:");
	struct floor f = floor_start();

	for (int i = 0; i < PARALLEL && begun < count; i++) {
		uploads[i] = (struct upload){ curl_easy_init(), &body, 0 };
		curl_easy_setopt(uploads[i].easy, CURLOPT_HTTPHEADER, head);
		begin(multi, &uploads[i], argv, begun++);
	}
	while (ended < count) {
		int running, left;
		CURLMsg *m;
		struct upload *u;

		(void)curl_multi_perform(multi, &running);
		while ((m = curl_multi_info_read(multi, &left)) != NULL) {
			floor_need(m->data.result == CURLE_OK,
			    curl_easy_strerror(m->data.result));
			curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &u);
			(void)curl_multi_remove_handle(multi, u->easy);
			ended++;
			if (begun < count)
				begin(multi, u, argv, begun++);
		}
		(void)curl_multi_poll(multi, NULL, 0, 100, NULL);
	}
	f.rows = count;
	f.bytes = (unsigned long long)count * body.size;
	return floor_end(&f);
}
