#include <stdlib.h>

#include <penstock/regex.h>

#include "condition_impl.h"

#define MAX_DEPTH    50
#define INT64_DIGITS 18
#define MAX_JOINED   1000 /* by && and ||, in all */

struct reader {
	struct common *t;
	struct condition *c;
	const char *start, *p;
	struct ps_error *err;
	int depth, joined;
};

static const struct cond_node *read_or(struct reader *r);

static int
wrong(struct reader *r, const char *expected)
{
	return ps_fail(r->err, PS_E_CONFIG, "expected %s at character %zu",
	    expected, (size_t)(r->p - r->start) + 1);
}

static void
blanks(struct reader *r)
{
	r->p += strspn(r->p, " \t\r\n");
}

static bool
take(struct reader *r, const char *word)
{
	size_t n = strlen(word);

	blanks(r);
	if (strncmp(r->p, word, n) != 0)
		return false;
	r->p += n;
	return true;
}

/* 'text' or "text"; a backslash takes the next character as it is. */
static int
read_text(struct reader *r, struct ps_value *out)
{
	char quote = *r->p++, *to, *start;

	start = to = (char *)common_alloc(r->t, strlen(r->p) + 1);
	for (; *r->p != quote; r->p++) {
		if (*r->p == '\\' && r->p[1] != '\0')
			r->p++;
		if (*r->p == '\0')
			return wrong(r, "a closing quote");
		*to++ = *r->p;
	}
	r->p++;
	*out = ps_string(start, (size_t)(to - start));
	return 0;
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '$' ||
	       (c & 0x80) != 0;
}

/* What stands in brackets. */
static int
read_bracket(struct reader *r, struct cond_step *s)
{
	struct ps_value text = ps_null();
	char *end;

	if (take(r, "?")) {
		if (!take(r, "("))
			return wrong(r, "(");
		s->kind = STEP_FILTER;
		s->filter = read_or(r);
		if (s->filter == NULL)
			return -1;
		if (!take(r, ")"))
			return wrong(r, ")");
	} else if (take(r, "*")) {
		s->kind = STEP_ALL;
	} else if (*r->p == '\'' || *r->p == '"') {
		if (read_text(r, &text) < 0)
			return -1;
		s->kind = STEP_NAME;
		s->name = text.s;
		s->len = text.len;
	} else {
		s->kind = STEP_INDEX;
		s->index = strtol(r->p, &end, 10);
		if (end == r->p)
			return wrong(r, "a name in quotes, an index, * or ?(");
		r->p = end;
	}
	return take(r, "]") ? 0 : wrong(r, "]");
}

static int
read_dot(struct reader *r, struct cond_step *s)
{
	if (*r->p == '*') {
		r->p++;
		s->kind = STEP_ALL;
		return 0;
	}
	s->kind = STEP_NAME;
	s->name = r->p;
	while (is_word(*r->p))
		r->p++;
	s->len = (size_t)(r->p - s->name);
	return s->len > 0 ? 0 : wrong(r, "a name");
}

/* .a['b'][0][*] behind $ or @ */
static int
read_steps(struct reader *r, const struct cond_step **out)
{
	const struct cond_step **last = out;

	for (;;) {
		struct cond_step *s;
		char c = *r->p;

		if (c != '.' && c != '[')
			return 0;
		r->p++;
		s = (struct cond_step *)common_alloc(r->t, sizeof *s);
		if ((c == '.' ? read_dot(r, s) : read_bracket(r, s)) < 0)
			return -1;
		*last = s;
		last = &s->next;
	}
}

static int
read_number(struct reader *r, struct ps_value *out)
{
	const char *digits = r->p + (*r->p == '-');
	size_t n = strspn(digits, "0123456789");
	char *end;
	double d;

	if (n == 0 || digits[n] == 'x' || digits[n] == 'X')
		return wrong(r, "a value");
	d = strtod(r->p, &end);
	*out = end > digits + n || n > INT64_DIGITS
		   ? ps_float64(d)
		   : ps_int64(strtoll(r->p, NULL, 10));
	r->p = end;
	return 0;
}

static int
read_constant(struct reader *r, struct ps_value *out)
{
	blanks(r);
	if (*r->p == '\'' || *r->p == '"')
		return read_text(r, out);
	*out = ps_null();
	if (take(r, "null"))
		return 0;
	*out = ps_boolean(true);
	if (take(r, "true"))
		return 0;
	*out = ps_boolean(false);
	if (take(r, "false"))
		return 0;
	return read_number(r, out);
}

static int
read_operand(struct reader *r, struct cond_operand *o)
{
	blanks(r);
	if (*r->p != '@' && *r->p != '$')
		return read_constant(r, &o->value);
	o->is_path = true;
	o->from_root = *r->p++ == '$';
	return read_steps(r, &o->steps);
}

static int
read_list(struct reader *r, struct cond_node *n)
{
	size_t room = 2;

	for (const char *p = r->p; *p != '\0'; p++)
		room += *p == ',';
	n->list = (struct ps_value *)common_alloc(r->t, room * sizeof *n->list);
	if (!take(r, "["))
		return wrong(r, "[");
	if (take(r, "]"))
		return 0;
	do {
		if (read_constant(r, &n->list[n->count++]) < 0)
			return -1;
	} while (take(r, ","));
	return take(r, "]") ? 0 : wrong(r, "]");
}

/* /regex/i */
static int
read_regex(struct reader *r, struct cond_node *n)
{
	uint32_t flags = PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED;
	PCRE2_SIZE where;
	const char *start;
	char *copy;
	size_t len;
	int code;

	if (!take(r, "/"))
		return wrong(r, "/");
	for (start = r->p; *r->p != '/'; r->p++) {
		if (*r->p == '\\' && r->p[1] != '\0')
			r->p++;
		if (*r->p == '\0')
			return wrong(r, "/");
	}
	if (r->p[1] == 'i')
		flags |= PCRE2_CASELESS;
	len = (size_t)(r->p - start);
	copy = (char *)memcpy(common_alloc(r->t, len + 1), start, len);
	if (ps_regex_differs(copy) != NULL)
		return wrong(r, "a regular expression without sets in sets");
	n->regex =
	    pcre2_compile((PCRE2_SPTR)copy, len, flags, &code, &where, NULL);
	if (n->regex == NULL)
		return wrong(r, "a regular expression");
	n->match = pcre2_match_data_create_from_pattern(n->regex, NULL);
	n->next_regex = r->c->regexes;
	r->c->regexes = n;
	r->p += 1 + (r->p[1] == 'i');
	return 0;
}

static int
read_comparison(struct reader *r, struct cond_node *n)
{
	static const struct {
		const char *word;
		enum cond_op op;
	} rows[] = { { "==", COND_EQ }, { "!=", COND_NE }, { "<=", COND_LE },
		{ ">=", COND_GE }, { "=~", COND_MATCH }, { "<", COND_LT },
		{ ">", COND_GT }, { "nin ", COND_NIN }, { "in ", COND_IN },
		{ "NIN ", COND_NIN }, { "IN ", COND_IN } };

	if (read_operand(r, &n->left) < 0)
		return -1;
	n->op = COND_FOUND;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (!take(r, rows[i].word))
			continue;
		n->op = rows[i].op;
		if (n->op == COND_MATCH)
			return read_regex(r, n);
		if (n->op == COND_IN || n->op == COND_NIN)
			return read_list(r, n);
		return read_operand(r, &n->right);
	}
	return n->left.is_path ? 0 : wrong(r, "a comparison");
}

static const struct cond_node *
denied_of(struct reader *r, const struct cond_node *a)
{
	struct cond_node *n = (struct cond_node *)common_alloc(r->t, sizeof *n);

	n->op = COND_NOT;
	n->a = a;
	return n;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as MAX_DEPTH */
static const struct cond_node *
read_one(struct reader *r)
{
	struct cond_node *n = (struct cond_node *)common_alloc(r->t, sizeof *n);
	const struct cond_node *inner = n;
	bool denied = false;

	while (take(r, "!"))
		denied = !denied;
	if (take(r, "(")) {
		inner = read_or(r);
		if (inner == NULL)
			return NULL;
		if (!take(r, ")")) {
			(void)wrong(r, ")");
			return NULL;
		}
	} else if (read_comparison(r, n) < 0) {
		return NULL;
	}
	if (!denied)
		return inner;
	return denied_of(r, inner);
}

static const struct cond_node *
joined(struct reader *r, enum cond_op op, const struct cond_node *a,
    const struct cond_node *b)
{
	struct cond_node *n = (struct cond_node *)common_alloc(r->t, sizeof *n);

	if (b != NULL && ++r->joined > MAX_JOINED) {
		(void)wrong(r, "fewer conditions");
		return NULL;
	}
	n->op = op;
	n->a = a;
	n->b = b;
	return b == NULL ? NULL : n;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as MAX_DEPTH */
static const struct cond_node *
read_and(struct reader *r)
{
	const struct cond_node *n = read_one(r);

	while (n != NULL && take(r, "&&"))
		n = joined(r, COND_AND, n, read_one(r));
	return n;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as MAX_DEPTH */
static const struct cond_node *
read_or(struct reader *r)
{
	const struct cond_node *n;

	if (++r->depth > MAX_DEPTH) {
		(void)wrong(r, "fewer nested conditions");
		return NULL;
	}
	n = read_and(r);
	while (n != NULL && take(r, "||"))
		n = joined(r, COND_OR, n, read_and(r));
	r->depth--;
	return n;
}

struct condition *
condition_new(struct common *t, const char *text, struct ps_error *err)
{
	struct condition *c = (struct condition *)common_alloc(t, sizeof *c);
	struct reader r = { .t = t,
		.c = c,
		.start = text,
		.p = text,
		.err = err };

	if (!take(&r, "$"))
		(void)wrong(&r, "$");
	else if (read_steps(&r, &c->steps) == 0) {
		blanks(&r);
		if (*r.p == '\0')
			return c;
		(void)wrong(&r, "the end");
	}
	condition_free(c);
	return NULL;
}

void
condition_free(struct condition *c)
{
	for (struct cond_node *n = c->regexes; n != NULL; n = n->next_regex) {
		pcre2_match_data_free(n->match);
		pcre2_code_free(n->regex);
	}
	c->regexes = NULL;
}
