#include "typed_decimal.h"

#include <stdlib.h>

#include <penstock/decimal.h>

/* The digits of a number without point and exponent, and its scale. */
static size_t
split_number(const struct token *t, char *digits, long *scale)
{
	size_t n = 0;
	bool after = false;

	*scale = 0;
	for (size_t i = t->s[0] == '-'; i < t->len; i++) {
		char c = t->s[i];

		if (c == '.') {
			after = true;
			continue;
		}
		if ((c | 0x20) == 'e') {
			char exponent[24] = "";

			memcpy(exponent, t->s + i + 1,
			    t->len - i - 1 < 23 ? t->len - i - 1 : 23);
			*scale -= strtol(exponent, NULL, 10);
			break;
		}
		*scale += after;
		if (n > 0 || c != '0')
			digits[n++] = c;
	}
	return n;
}

/* A number brought to the schema's scale. Connect keeps the number's own
 * scale; here the schema has it, so digits that do not fit are refused. */
int
decimal_number(struct typed *d, const struct ps_schema *s,
    const struct token *t, struct ps_value *out)
{
	char digits[1024 + PS_DECIMAL_DIGITS];
	long scale;
	size_t n = split_number(t, digits, &scale);
	uint8_t *p;

	for (; scale > s->scale && (n == 0 || digits[n - 1] == '0'); scale--) {
		if (n == 0) {
			scale = s->scale;
			break;
		}
		n--;
	}
	if (scale > s->scale)
		return ps_fail(d->sc->err, PS_E_DATA,
		    "Decimal value has mismatching scale for given Decimal "
		    "schema. Schema has scale %d, value %.*s has scale %ld",
		    s->scale, (int)(t->len < 64 ? t->len : 64), t->s, scale);
	if (n > 0 && s->scale - scale + (long)n > PS_DECIMAL_DIGITS)
		return ps_fail(d->sc->err, PS_E_DATA,
		    "Decimal value %.*s has more than %d digits",
		    (int)(t->len < 64 ? t->len : 64), t->s, PS_DECIMAL_DIGITS);
	for (; n > 0 && scale < s->scale; scale++)
		digits[n++] = '0';
	p = (uint8_t *)ps_alloc(d->arena, n / 2 + 8);
	*out = ps_bytes(p, ps_decimal_bytes(p, digits, n, t->s[0] == '-'));
	return 0;
}

/* Without it the value means nothing: Connect fails when it is used. */
bool
decimal_has_scale(const struct ps_schema *s)
{
	for (size_t i = 0; i < s->param_count; i++)
		if (strcmp(s->params[i].name, "scale") == 0)
			return true;
	return false;
}
