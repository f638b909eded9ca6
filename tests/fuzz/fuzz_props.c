/* Whatever the bytes: settings are sorted, unique UTF-8 text, or an error. */
#include <assert.h>

#include "base/arena.h"
#include "base/props.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ps_arena *a = arena_new(4096);
	struct ps_error err = { 0 };
	struct ps_config c;

	if (props_parse(a, (const char *)data, size, &c, &err) != 0)
		assert(err.code == PS_E_CONFIG && c.count == 0);
	for (size_t i = 0; i < c.count; i++) {
		const struct ps_setting *s = &c.settings[i];

		assert(text_is_utf8(s->key, strlen(s->key)));
		assert(text_is_utf8(s->value, strlen(s->value)));
		assert(i == 0 || strcmp(s[-1].key, s->key) < 0);
	}
	arena_free(&a);
	return 0;
}
