/*
 * Any bytes as the answer of a vault: a text comes of it or an error that
 * does not say what was answered, the same when it is asked for again.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "plugins/vault/vault.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *answer;
static size_t answer_len;

int
request_get(const struct request_conf *c, const char *path, char **body,
    size_t *len, struct ps_error *err)
{
	(void)c;
	(void)path;
	(void)err;
	*len = answer_len;
	*body = malloc(answer_len + 1);
	assert(*body != NULL);
	memcpy(*body, answer, answer_len);
	return 0;
}

void
request_wipe(char **body, size_t len)
{
	(void)len;
	free(*body);
	*body = NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ps_arena *a = arena_new(4096);
	struct vault *v = calloc(1, sizeof *v);
	const char *first = NULL, *second = NULL;
	struct ps_error err = { 0 }, again = { 0 };
	int one, two;

	assert(v != NULL);
	v->conf.address = "http://vault";
	answer = data;
	answer_len = size;
	one = get(v, a, "secret", "k", &first, &err);
	two = get(v, a, "secret", "k", &second, &again);
	assert(one == two && (one == 1) == (first != NULL));
	assert(one == 1 ? strcmp(first, second) == 0 : err.code == PS_E_CONFIG);
	assert(one == 1 || strcmp(err.text, again.text) == 0);
	assert(ttl_ms(v) >= -1);
	destroy(v);
	arena_free(&a);
	return 0;
}
