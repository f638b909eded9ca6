/*
 * Keys of internal topics that other software wrote: one that is understood
 * and built again is the same key.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "store/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
again(struct ps_arena *a, const struct key *k, bool is_status)
{
	const char *text;
	struct key other;

	if (k->kind == KEY_UNKNOWN)
		return;
	text = key_build(a, k);
	other = is_status ? key_parse_status(a, text, strlen(text))
			  : key_parse_config(a, text, strlen(text));
	assert(other.kind == k->kind);
	assert(strcmp(other.name == NULL ? "" : other.name,
		   k->name == NULL ? "" : k->name) == 0);
	assert(other.task == k->task);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ps_arena *a = arena_new(4096);
	struct ps_error err = { .code = PS_OK };
	char *text = malloc(size + 1);
	const char *connector;
	json_t *partition = NULL;
	struct key k;

	memcpy(text, data, size);
	k = key_parse_config(a, text, size);
	again(a, &k, false);
	k = key_parse_status(a, text, size);
	again(a, &k, true);
	if (key_parse_offset(a, text, size, &connector, &partition, &err) == 0)
		json_decref(partition);
	free(text);
	arena_free(&a);
	return 0;
}
