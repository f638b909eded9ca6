/*
 * Any bytes for a numeric: refused or understood. Text made of the Decimal
 * has the sign it should have, and no byte is read behind the end.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "connectors/postgres/numeric.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ps_arena *a = arena_new(4096);
	struct ps_error err = { .code = PS_OK };
	uint8_t *copy = malloc(size + 1);
	struct ps_value v;
	int64_t whole;
	double number;
	size_t len;
	char *text;

	/* Tens of thousands of digits are right, but no use to look at. */
	if (size >= 4 &&
	    (wire_i16(data + 2) > 999 || wire_i16(data + 2) < -999)) {
		free(copy);
		arena_free(&a);
		return 0;
	}
	memcpy(copy, data, size);
	if (numeric_decimal(copy, size, 3, a, &v, &err) == 0) {
		text = numeric_text(a, v.p, v.len, 3, &len);
		assert(len >= 5 && text[len - 4] == '.');
	}
	ps_error_clear(&err);
	(void)numeric_int(copy, size, &whole, &err);
	ps_error_clear(&err);
	(void)numeric_double(copy, size, a, &number, &err);
	free(copy);
	arena_free(&a);
	return 0;
}
