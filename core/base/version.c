#include "base/version.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"

/* ---- Comparing ---- */

/* A number or a word; rank 0 is the release, which what is missing equals. */
struct part {
	const char *text;
	size_t len;
	int rank;
};

enum { RANK_WORD = 2, RANK_NUMBER = 3 };

static const struct {
	const char *word;
	int rank;
} words[] = {
	{ "alpha", -5 },
	{ "beta", -4 },
	{ "milestone", -3 },
	{ "rc", -2 },
	{ "cr", -2 },
	{ "snapshot", -1 },
	{ "ga", 0 },
	{ "final", 0 },
	{ "release", 0 },
	{ "sp", 1 },
};

/* Before a number one letter is enough. */
static const struct {
	char letter;
	int rank;
} letters[] = { { 'a', -5 }, { 'b', -4 }, { 'm', -3 } };

static bool
is_digit(char c)
{
	return isdigit((unsigned char)c) != 0;
}

static int
word_rank(const struct part *p)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i].word) == p->len &&
		    strncasecmp(words[i].word, p->text, p->len) == 0)
			return words[i].rank;
	for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
		if (p->len == 1 && is_digit(p->text[1]) &&
		    tolower((unsigned char)p->text[0]) == letters[i].letter)
			return letters[i].rank;
	return RANK_WORD;
}

/* Without leading zeros if it is a number. */
static struct part
any_part(const char **at)
{
	struct part p = { 0 };
	const char *s = *at + strspn(*at, ".-_+");
	bool number = is_digit(*s);

	p.text = s;
	while (
	    *s != '\0' && strchr(".-_+", *s) == NULL && is_digit(*s) == number)
		s++;
	p.len = (size_t)(s - p.text);
	*at = s;
	if (!number) {
		p.rank = p.len == 0 ? 0 : word_rank(&p);
		return p;
	}
	p.rank = RANK_NUMBER;
	while (p.len > 0 && p.text[0] == '0') {
		p.text++;
		p.len--;
	}
	return p;
}

/* The next that counts: zeros before a word or at the end do not. */
static struct part
next_part(const char **at)
{
	struct part first = any_part(at), p = first;
	const char *after = *at;

	while (p.rank == RANK_NUMBER && p.len == 0)
		p = any_part(&after);
	if (p.rank == RANK_NUMBER)
		return first;
	*at = after;
	return p;
}

static int
compare_parts(const struct part *x, const struct part *y)
{
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->rank < RANK_WORD)
		return 0;
	if (x->rank == RANK_NUMBER && x->len != y->len)
		return x->len < y->len ? -1 : 1;
	if (strncasecmp(x->text, y->text, x->len < y->len ? x->len : y->len) ==
	    0)
		return (x->len > y->len) - (x->len < y->len);
	return strncasecmp(x->text, y->text, x->len < y->len ? x->len : y->len);
}

int
version_compare(const char *x, const char *y)
{
	int result = 0;

	while (result == 0 && (*x != '\0' || *y != '\0')) {
		struct part a = next_part(&x), b = next_part(&y);

		result = compare_parts(&a, &b);
	}
	return result;
}

/* ---- Ranges ---- */

static const char *
trimmed(struct ps_arena *a, const char *text, size_t len)
{
	while (len > 0 && isspace((unsigned char)text[0])) {
		text++;
		len--;
	}
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	return len == 0 ? NULL : ps_strndup(a, text, len);
}

/* What stands between the brackets at `open` and `close`. */
static int
parse_set(struct ps_arena *a, const char *open, const char *close,
    struct version_set *out, struct ps_error *err)
{
	const char *inside = open + 1;
	size_t len = (size_t)(close - inside);
	const char *comma = memchr(inside, ',', len);

	out->has_lower = *open == '[';
	out->has_upper = *close == ']';
	if (comma == NULL) {
		out->lower = out->upper = trimmed(a, inside, len);
		if (!out->has_lower || !out->has_upper || out->lower == NULL)
			return ps_fail(err, PS_E_CONFIG,
			    "Single version must be surrounded by []: %.*s",
			    (int)(close + 1 - open), open);
		return 0;
	}
	out->lower = trimmed(a, inside, (size_t)(comma - inside));
	out->upper = trimmed(a, comma + 1, (size_t)(close - comma - 1));
	if (out->lower == NULL || out->upper == NULL)
		return 0;
	if (version_compare(out->lower, out->upper) > 0)
		return ps_fail(err, PS_E_CONFIG,
		    "Range defies version ordering: %.*s",
		    (int)(close + 1 - open), open);
	if (version_compare(out->lower, out->upper) == 0 &&
	    !(out->has_lower && out->has_upper))
		return ps_fail(err, PS_E_CONFIG,
		    "Range cannot have identical boundaries: %.*s",
		    (int)(close + 1 - open), open);
	return 0;
}

static bool
overlap(const struct version_set *x, const struct version_set *y)
{
	return x->upper == NULL || y->lower == NULL ||
	       version_compare(y->lower, x->upper) < 0;
}

static int
parse_sets(struct ps_arena *a, const char *spec, struct version_range *out,
    struct ps_error *err)
{
	const char *p = spec, *close;

	for (; *p == '[' || *p == '('; p += *p == ',') {
		struct version_set *set = &out->sets[out->count];

		close = p + strcspn(p, "])");
		if (*close == '\0')
			return ps_fail(err, PS_E_CONFIG, "Unbounded range: %s",
			    spec);
		if (out->count == VERSION_SETS_MAX)
			return ps_fail(err, PS_E_CONFIG,
			    "More than %d sets of versions: %s",
			    VERSION_SETS_MAX, spec);
		if (parse_set(a, p, close, set, err) != 0)
			return -1;
		if (out->count > 0 && overlap(set - 1, set))
			return ps_fail(err, PS_E_CONFIG, "Ranges overlap: %s",
			    spec);
		out->count++;
		p = close + 1;
		p += strspn(p, " \t");
	}
	if (*p != '\0')
		return ps_fail(err, PS_E_CONFIG,
		    "Only fully-qualified sets allowed in multiple set "
		    "scenario: %s",
		    spec);
	return 0;
}

int
version_range_parse(struct ps_arena *a, const char *spec,
    struct version_range *out, struct ps_error *err)
{
	const char *text = spec == NULL ? NULL : trimmed(a, spec, strlen(spec));

	*out = (struct version_range){ 0 };
	if (text == NULL || strcmp(text, "latest") == 0)
		return 0;
	if (strpbrk(text, "[](),") != NULL)
		return parse_sets(a, text, out, err);
	out->sets[0] = (struct version_set){ text, text, true, true };
	out->count = 1;
	return 0;
}

static bool
set_takes(const struct version_set *s, const char *version)
{
	int low = s->lower == NULL ? 1 : version_compare(version, s->lower);
	int high = s->upper == NULL ? -1 : version_compare(version, s->upper);

	return (low > 0 || (low == 0 && s->has_lower)) &&
	       (high < 0 || (high == 0 && s->has_upper));
}

bool
version_range_takes(const struct version_range *r, const char *version)
{
	for (size_t i = 0; i < r->count; i++)
		if (set_takes(&r->sets[i], version))
			return true;
	return r->count == 0;
}

char *
version_range_text(struct ps_arena *a, const struct version_range *r)
{
	char *text = ps_strdup(a, "");

	for (size_t i = 0; i < r->count; i++) {
		const struct version_set *s = &r->sets[i];

		text = ps_printf(a, "%s%s%c%s,%s%c", text, i == 0 ? "" : ",",
		    s->has_lower ? '[' : '(', s->lower == NULL ? "" : s->lower,
		    s->upper == NULL ? "" : s->upper, s->has_upper ? ']' : ')');
	}
	return text;
}
