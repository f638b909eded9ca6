#include "scan.h"

#include <ctype.h>
#include <stdlib.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define MAX_NUMBER 1000 /* Jackson's */
#define SYNTAX                                                   \
	"Converting byte[] to Kafka Connect data failed due to " \
	"serialization error: "

void
scan_init(struct scan *sc, const uint8_t *data, size_t len,
    struct ps_error *err)
{
	if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
		data += 3;
		len -= 3;
	}
	sc->start = sc->p = (const char *)data;
	sc->end = sc->p + len;
	sc->err = err;
}

int
scan_fail(struct scan *sc, const char *expected)
{
	unsigned char c;

	if (sc->p >= sc->end)
		return ps_fail(sc->err, PS_E_DATA,
		    SYNTAX "end of input at byte %td, expected %s",
		    sc->p - sc->start, expected);
	c = (unsigned char)*sc->p;
	return ps_fail(sc->err, PS_E_DATA,
	    SYNTAX "%s%c%s (0x%02x) at byte %td, expected %s",
	    isprint(c) ? "'" : "", isprint(c) ? c : '?', isprint(c) ? "'" : "",
	    c, sc->p - sc->start, expected);
}

int
scan_expect(struct scan *sc, char c, const char *expected)
{
	scan_space(sc);
	if (sc->p >= sc->end || *sc->p != c)
		return scan_fail(sc, expected);
	sc->p++;
	return 0;
}

/* How many bytes the character at `p` has, 0 when it is not UTF-8. */
static size_t
utf8_length(const unsigned char *p, size_t room)
{
	size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;

	if (p[0] < 0xc2 || p[0] > 0xf4 || room < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

/* Past plain ASCII: to a quote, backslash, control or longer character. */
static inline const char *
skip_plain(const char *p, const char *end)
{
#if defined(__SSE2__)
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i slash = _mm_set1_epi8('\\');
	const __m128i space = _mm_set1_epi8(0x20);

	for (; end - p >= 16; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		/* signed: what is over 0x7f is less than a space as well */
		__m128i stop =
		    _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote),
				     _mm_cmpeq_epi8(v, slash)),
			_mm_cmplt_epi8(v, space));
		int mask = _mm_movemask_epi8(stop);

		if (mask != 0)
			return p + __builtin_ctz((unsigned)mask);
	}
#endif
	while (p < end && (unsigned char)*p >= 0x20 &&
	       (unsigned char)*p < 0x80 && *p != '"' && *p != '\\')
		p++;
	return p;
}

static int
skip_escape(struct scan *sc)
{
	size_t room = (size_t)(sc->end - sc->p);

	if (room >= 2 && strchr("\"\\/bfnrt", sc->p[1]) != NULL &&
	    sc->p[1] != '\0') {
		sc->p += 2;
		return 0;
	}
	if (room < 2 || sc->p[1] != 'u')
		return scan_fail(sc, "an escape sequence");
	for (size_t i = 2; i < 6; i++)
		if (room <= i || !isxdigit((unsigned char)sc->p[i]))
			return scan_fail(sc, "\\u and four hexadecimal digits");
	sc->p += 6;
	return 0;
}

int
scan_string(struct scan *sc, struct token *t)
{
	size_t n;

	*t = (struct token){ .kind = TOKEN_STRING, .s = ++sc->p };
	for (;;) {
		sc->p = skip_plain(sc->p, sc->end);
		if (sc->p >= sc->end)
			return scan_fail(sc, "the end of a string");
		if (*sc->p == '"')
			break;
		if (*sc->p == '\\') {
			t->escaped = true;
			if (skip_escape(sc) < 0)
				return -1;
			continue;
		}
		if ((unsigned char)*sc->p < 0x20)
			return scan_fail(sc, "control characters escaped");
		n = utf8_length((const unsigned char *)sc->p,
		    (size_t)(sc->end - sc->p));
		if (n == 0)
			return scan_fail(sc, "UTF-8");
		sc->p += n;
	}
	t->len = (size_t)(sc->p++ - t->s);
	return 0;
}

static const char *
skip_digits(const char *p, const char *end)
{
	while (p < end && (unsigned char)(*p - '0') < 10)
		p++;
	return p;
}

static int
scan_exponent(struct scan *sc)
{
	const char *digits;

	sc->p++;
	if (sc->p < sc->end && (*sc->p == '+' || *sc->p == '-'))
		sc->p++;
	digits = sc->p;
	sc->p = skip_digits(digits, sc->end);
	if (sc->p == digits)
		return scan_fail(sc, "the digits of an exponent");
	while (digits < sc->p && *digits == '0')
		digits++;
	if (sc->p - digits > 9) {
		sc->p = digits;
		return scan_fail(sc, "an exponent of at most nine digits");
	}
	return 0;
}

static int
scan_number(struct scan *sc, struct token *t)
{
	const char *digits;

	*t = (struct token){ .kind = TOKEN_NUMBER,
		.s = sc->p,
		.integral = true };
	if (*sc->p == '-')
		sc->p++;
	digits = sc->p;
	sc->p = skip_digits(digits, sc->end);
	if (sc->p == digits)
		return scan_fail(sc, "a digit");
	if (sc->p < sc->end && *sc->p == '.') {
		t->integral = false;
		digits = ++sc->p;
		sc->p = skip_digits(digits, sc->end);
		if (sc->p == digits)
			return scan_fail(sc, "a digit after the point");
	}
	if (sc->p < sc->end && (*sc->p | 0x20) == 'e') {
		t->integral = false;
		if (scan_exponent(sc) < 0)
			return -1;
	}
	t->len = (size_t)(sc->p - t->s);
	if (t->len > MAX_NUMBER)
		return ps_fail(sc->err, PS_E_DATA,
		    SYNTAX "number of %zu characters, at most %d are allowed",
		    t->len, MAX_NUMBER);
	return 0;
}

static bool
continues_word(const struct scan *sc)
{
	unsigned char c;

	if (sc->p >= sc->end)
		return false;
	c = (unsigned char)*sc->p;
	return isalnum(c) || c == '_' || c == '$' || c >= 0x80;
}

static int
scan_word(struct scan *sc, struct token *t)
{
	static const struct {
		const char *text;
		enum token_kind kind;
	} words[] = {
		{ "null", TOKEN_NULL },
		{ "true", TOKEN_TRUE },
		{ "false", TOKEN_FALSE },
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t len = strlen(words[i].text);

		if ((size_t)(sc->end - sc->p) < len ||
		    memcmp(sc->p, words[i].text, len) != 0)
			continue;
		*t = (struct token){ words[i].kind, sc->p, len, false, false };
		sc->p += len;
		if (continues_word(sc))
			break;
		return 0;
	}
	return scan_fail(sc, "a JSON value");
}

int
scan_scalar(struct scan *sc, struct token *t)
{
	if (sc->p >= sc->end)
		return scan_fail(sc, "a JSON value");
	switch (*sc->p) {
	case '"':
		return scan_string(sc, t);
	case '{':
	case '[':
		*t = (struct token){ .kind = *sc->p == '{' ? TOKEN_OBJECT
							   : TOKEN_ARRAY };
		return 0;
	case '-':
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9':
		return scan_number(sc, t);
	default:
		return scan_word(sc, t);
	}
}

int
scan_name(struct scan *sc, struct token *t)
{
	scan_space(sc);
	if (sc->p >= sc->end || *sc->p != '"')
		return scan_fail(sc, "a name in double quotes");
	if (scan_string(sc, t) < 0)
		return -1;
	return scan_expect(sc, ':', "a colon");
}

struct nesting {
	int depth;
	uint8_t is_object[JSON_MAX_DEPTH];
};

/* Opens what starts here. 1: it is empty and closed, 0: a value comes. */
static int
open_container(struct scan *sc, struct nesting *n)
{
	struct token name;
	bool object = *sc->p == '{';

	if (n->depth == JSON_MAX_DEPTH)
		return ps_fail(sc->err, PS_E_DATA,
		    SYNTAX "nesting deeper than %d", JSON_MAX_DEPTH);
	sc->p++;
	scan_space(sc);
	if (sc->p < sc->end && *sc->p == (object ? '}' : ']')) {
		sc->p++;
		return 1;
	}
	n->is_object[n->depth++] = object;
	return object ? scan_name(sc, &name) : 0;
}

/* After a value: closes what ends. 1: all is closed, 0: a value comes. */
static int
close_containers(struct scan *sc, struct nesting *n)
{
	struct token name;

	while (n->depth > 0) {
		bool object = n->is_object[n->depth - 1];

		scan_space(sc);
		if (sc->p < sc->end && *sc->p == ',') {
			sc->p++;
			return object ? scan_name(sc, &name) : 0;
		}
		if (scan_expect(sc, object ? '}' : ']',
			object ? "a comma or }" : "a comma or ]") < 0)
			return -1;
		n->depth--;
	}
	return 1;
}

int
scan_skip(struct scan *sc)
{
	struct token t = { .kind = TOKEN_NULL };
	struct nesting n;
	int rc;

	n.depth = 0;
	for (;;) {
		scan_space(sc);
		if (scan_scalar(sc, &t) < 0)
			return -1;
		if (t.kind == TOKEN_ARRAY || t.kind == TOKEN_OBJECT) {
			rc = open_container(sc, &n);
			if (rc < 0)
				return -1;
			if (rc == 0)
				continue;
		}
		rc = close_containers(sc, &n);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
}

int
scan_value(struct scan *sc, struct token *t)
{
	scan_space(sc);
	if (scan_scalar(sc, t) < 0)
		return -1;
	if (t->kind != TOKEN_ARRAY && t->kind != TOKEN_OBJECT)
		return 0;
	t->s = sc->p;
	if (scan_skip(sc) < 0)
		return -1;
	t->len = (size_t)(sc->p - t->s);
	return 0;
}

int
scan_top_end(struct scan *sc, const struct token *t)
{
	if (t->kind != TOKEN_NUMBER || sc->p >= sc->end ||
	    strchr(" \t\r\n", *sc->p) != NULL)
		return 0;
	return scan_fail(sc, "space after a number");
}

/* Four hexadecimal digits, known to be there. */
static unsigned
hex4(const char *p)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++) {
		unsigned c = (unsigned char)p[i];

		v = v << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return v;
}

static char *
put_utf8(char *to, unsigned c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return to;
	}
	if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*to++ = (char)(0xe0 | c >> 12);
		} else {
			*to++ = (char)(0xf0 | c >> 18);
			*to++ = (char)(0x80 | (c >> 12 & 63));
		}
		*to++ = (char)(0x80 | (c >> 6 & 63));
	}
	*to++ = (char)(0x80 | (c & 63));
	return to;
}

/* A surrogate without its other half becomes '?', as in Java's UTF-8. */
static const char *
unescape_unicode(const char *p, const char *end, char **to)
{
	unsigned c = hex4(p), low;

	p += 4;
	if (c >= 0xd800 && c < 0xdc00 && end - p >= 6 && p[0] == '\\' &&
	    p[1] == 'u') {
		low = hex4(p + 2);
		if (low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			p += 6;
		}
	}
	*to = put_utf8(*to, c >= 0xd800 && c < 0xe000 ? '?' : c);
	return p;
}

struct ps_value
token_string(const struct token *t, struct ps_arena *a)
{
	static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
	const char *p = t->s, *end = t->s + t->len, *letter;
	char *text, *to;

	if (!t->escaped)
		return ps_string(t->s, t->len);
	text = to = (char *)ps_alloc(a, t->len);
	while (p < end) {
		if (*p != '\\') {
			*to++ = *p++;
			continue;
		}
		p += 2;
		if (p[-1] == 'u') {
			p = unescape_unicode(p, end, &to);
			continue;
		}
		letter = strchr(letters, p[-1]);
		if (letter != NULL)
			*to++ = meant[letter - letters];
		else
			*to++ = p[-1];
	}
	return ps_string(text, (size_t)(to - text));
}

/* Digits before the point, shifted by the exponent, modulo 2^64. */
static uint64_t
whole_part(const char *p, const char *end)
{
	const char *exp = p, *point;
	uint64_t v = 0;
	long shift, digits = 0;

	while (exp < end && (*exp | 0x20) != 'e')
		exp++;
	point = (const char *)memchr(p, '.', (size_t)(exp - p));
	shift = exp < end ? strtol(exp + 1, NULL, 10) : 0;
	shift += point == NULL ? exp - p : point - p;
	for (; p < exp && digits < shift; p++) {
		if (*p == '.')
			continue;
		v = v * 10 + (uint64_t)(*p - '0');
		digits++;
	}
	for (; digits < shift && v != 0; digits++)
		v *= 10; /* zero after 64 turns */
	return v;
}

int64_t
token_int(const struct token *t)
{
	const char *p = t->s, *end = t->s + t->len;
	bool negative = *p == '-';
	uint64_t v = 0;
	char text[MAX_NUMBER + 1];

	p += negative;
	if (t->integral) {
		for (; p < end; p++)
			v = v * 10 + (uint64_t)(*p - '0');
	} else {
		memcpy(text, p, (size_t)(end - p));
		text[end - p] = '\0';
		v = whole_part(text, text + (end - p));
	}
	return (int64_t)(negative ? 0 - v : v);
}

bool
token_is_wide(const struct token *t)
{
	const char *p = t->s, *end = t->s + t->len;
	bool negative = *p == '-';
	int64_t v = 0;

	for (p += negative; p < end; p++) {
		int digit = *p - '0';

		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, negative ? -digit : digit, &v))
			return true;
	}
	return false;
}

/* Up to 15 digits and a small power of ten: one correctly rounded division. */
static bool
short_double(const struct token *t, double *v)
{
	static const double powers[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7,
		1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };
	const char *p = t->s, *end = t->s + t->len;
	bool negative = *p == '-', after = false;
	uint64_t digits = 0;
	size_t scale = 0;

	p += negative;
	if (end - p > 16)
		return false;
	for (; p < end; p++) {
		if (*p == '.') {
			after = true;
			continue;
		}
		if ((unsigned char)(*p - '0') > 9)
			return false;
		digits = digits * 10 + (uint64_t)(*p - '0');
		scale += after;
	}
	if (digits > UINT64_C(999999999999999) || scale > 15)
		return false;
	*v = (double)digits / powers[scale];
	if (negative && digits != 0)
		*v = -*v;
	return true;
}

/* NUL-terminated; Java's decimals have no negative zero. */
static const char *
number_text(const struct token *t, char text[MAX_NUMBER + 1])
{
	memcpy(text, t->s, t->len);
	text[t->len] = '\0';
	return text[strcspn(text, "123456789eE")] >= '1' &&
		       text[strcspn(text, "123456789eE")] <= '9'
		   ? text
		   : "0";
}

double
token_double(const struct token *t)
{
	char text[MAX_NUMBER + 1];
	double v;

	if (short_double(t, &v))
		return v;
	return strtod(number_text(t, text), NULL);
}

float
token_float(const struct token *t)
{
	char text[MAX_NUMBER + 1];

	return strtof(number_text(t, text), NULL);
}
