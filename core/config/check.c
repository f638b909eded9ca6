#include "config/check.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <penstock/regex.h>

#include "base/text.h"
#include "config/redact_url.h"

const char *
check_type_name(enum ps_key_type type)
{
	static const char *const names[] = {
		[PS_KEY_BOOLEAN] = "BOOLEAN",
		[PS_KEY_STRING] = "STRING",
		[PS_KEY_INT] = "INT",
		[PS_KEY_SHORT] = "SHORT",
		[PS_KEY_LONG] = "LONG",
		[PS_KEY_DOUBLE] = "DOUBLE",
		[PS_KEY_LIST] = "LIST",
		[PS_KEY_CLASS] = "CLASS",
		[PS_KEY_PASSWORD] = "PASSWORD",
	};

	return names[type];
}

static const char *
invalid(struct ps_arena *a, const char *name, const char *shown,
    const char *reason)
{
	return ps_printf(a, "Invalid value %s for configuration %s: %s",
	    redact_url(a, shown), name, reason);
}

static int
parse_integer(struct ps_arena *a, const struct ps_key *key, const char *given,
    struct check_value *out)
{
	int64_t min = INT64_MIN, max = INT64_MAX;

	if (key->type == PS_KEY_SHORT) {
		min = INT16_MIN;
		max = INT16_MAX;
	} else if (key->type == PS_KEY_INT) {
		min = INT32_MIN;
		max = INT32_MAX;
	}
	if (text_int64(given, min, max, &out->number) != 0)
		return -1;
	out->text = ps_printf(a, "%lld", (long long)out->number);
	return 0;
}

static void
parse_list(struct ps_arena *a, const char *given, struct check_value *out)
{
	const char *const *items;

	out->items = text_list(a, given, &out->item_count);
	items = (const char *const *)out->items;
	out->text = text_join(a, items, out->item_count, ",");
	out->shown =
	    ps_printf(a, "[%s]", text_join(a, items, out->item_count, ", "));
}

/* -1: not of that type. */
static int
parse(struct ps_arena *a, const struct ps_key *key, const char *given,
    struct check_value *out)
{
	double number;
	bool flag;

	switch (key->type) {
	case PS_KEY_BOOLEAN:
		if (text_bool(given, &flag) != 0)
			return -1;
		out->text = flag ? "true" : "false";
		break;
	case PS_KEY_INT:
	case PS_KEY_SHORT:
	case PS_KEY_LONG:
		return parse_integer(a, key, given, out);
	case PS_KEY_DOUBLE:
		out->text = text_trim(a, given);
		return text_double(given, &number);
	case PS_KEY_LIST:
		parse_list(a, given, out);
		break;
	case PS_KEY_STRING:
	case PS_KEY_CLASS:
		out->text = text_trim(a, given);
		break;
	case PS_KEY_PASSWORD:
		out->text = text_trim(a, given);
		out->shown = REDACT_MASK;
		break;
	}
	return 0;
}

const char *
check_parse(struct ps_arena *a, const struct ps_key *key, const char *given,
    struct check_value *out)
{
	*out = (struct check_value){ .null = true, .shown = "null" };
	if (given == NULL)
		return NULL;
	*out = (struct check_value){ 0 };
	if (parse(a, key, given, out) == 0) {
		if (out->shown == NULL)
			out->shown = out->text;
		return NULL;
	}
	*out = (struct check_value){ .null = true, .shown = "null" };
	return invalid(a, key->name, given,
	    key->type == PS_KEY_BOOLEAN
		? "Expected value to be either true or false"
		: ps_printf(a, "Not a number of type %s",
		      check_type_name(key->type)));
}

/*
 * A rule answers NULL or the reason. It is asked about null too: Connect
 * holds what is missing or did not parse against the rules as null.
 */
typedef const char *rule_fn(struct ps_arena *a, const struct ps_key *key,
    const struct check_value *v);

static bool
is_choice(const struct ps_key *key, const char *s)
{
	for (const char *const *c = key->choices; *c != NULL; c++)
		if (((key->flags & PS_ANY_CASE) != 0 ? strcasecmp(*c, s)
						     : strcmp(*c, s)) == 0)
			return true;
	return false;
}

static const char *
rule_choices(struct ps_arena *a, const struct ps_key *key,
    const struct check_value *v)
{
	bool good = !v->null;
	size_t count = 0;

	if (key->choices == NULL)
		return NULL;
	if (good && key->type != PS_KEY_LIST)
		good = is_choice(key, v->text);
	for (size_t i = 0; good && i < v->item_count; i++)
		good = is_choice(key, v->items[i]);
	if (good)
		return NULL;
	while (key->choices[count] != NULL)
		count++;
	return ps_printf(a, "String must be one of%s: %s",
	    (key->flags & PS_ANY_CASE) != 0 ? " (case insensitive)" : "",
	    text_join(a, key->choices, count, ", "));
}

static const char *
rule_not_empty(struct ps_arena *a, const struct ps_key *key,
    const struct check_value *v)
{
	(void)a;
	if (key->type == PS_KEY_LIST)
		return v->item_count == 0 ? "Empty list" : NULL;
	return !v->null && v->text[0] == '\0' ? "String must be non-empty"
					      : NULL;
}

/* Two entries that are equal, or NULL. */
static const char *
twice(const struct check_value *v)
{
	for (size_t i = 1; i < v->item_count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(v->items[i], v->items[j]) == 0)
				return v->items[i];
	return NULL;
}

static const char *
rule_aliases(struct ps_arena *a, const struct ps_key *key,
    const struct check_value *v)
{
	(void)a;
	(void)key;
	if (v->null)
		return "entry must be non null";
	return twice(v) != NULL ? "Duplicate alias provided." : NULL;
}

/* ISO control characters of UTF-8 text, as "1, 127, 133". */
static char *
control_characters(struct ps_arena *a, const char *s)
{
	char *found = NULL;

	for (; *s != '\0'; s++) {
		unsigned c = (unsigned char)*s;

		if (c == 0xc2 && (unsigned char)s[1] < 0xa0)
			c = (unsigned char)*++s;
		else if (c >= ' ' && c != 0x7f)
			continue;
		found = found == NULL ? ps_printf(a, "%u", c)
				      : ps_printf(a, "%s, %u", found, c);
	}
	return found;
}

static const char *
rule_no_control(struct ps_arena *a, const struct ps_key *key,
    const struct check_value *v)
{
	const char *found;

	(void)key;
	if (v->null)
		return NULL;
	if (v->text[0] == '\0')
		return "String may not be empty";
	found = control_characters(a, v->text);
	if (found == NULL)
		return NULL;
	return ps_printf(a,
	    "String may not contain control sequences but had the "
	    "following ASCII chars: %s",
	    found);
}

static const char *
bad_regex(struct ps_arena *a, const char *pattern)
{
	char text[256];
	PCRE2_SIZE at;
	int error;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern,
	    PCRE2_ZERO_TERMINATED, PCRE2_UTF, &error, &at, NULL);

	if (code != NULL) {
		pcre2_code_free(code);
		return ps_regex_differs(pattern);
	}
	(void)pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof text);
	return ps_printf(a, "%s at offset %zu", text, (size_t)at);
}

bool
check_matches(const char *pattern, const char *text)
{
	int error;
	PCRE2_SIZE at;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern,
	    PCRE2_ZERO_TERMINATED,
	    PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED, &error, &at, NULL);
	pcre2_match_data *found;
	bool matches;

	if (code == NULL)
		return false;
	found = pcre2_match_data_create(1, NULL);
	matches = pcre2_match(code, (PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0,
		      0, found, NULL) >= 0;
	pcre2_match_data_free(found);
	pcre2_code_free(code);
	return matches;
}

static const char *
rule_regex(struct ps_arena *a, const struct ps_key *key,
    const struct check_value *v)
{
	const char *bad = NULL;

	if (v->null)
		return NULL;
	if (key->type != PS_KEY_LIST) {
		bad = bad_regex(a, v->text);
		return bad == NULL ? NULL
				   : ps_printf(a, "Invalid regex: %s", bad);
	}
	for (size_t i = 0; bad == NULL && i < v->item_count; i++)
		bad = bad_regex(a, v->items[i]);
	return bad == NULL ? NULL
			   : ps_printf(a,
				 "Syntax error in regular expression: %s", bad);
}

static const char *
rule_removed(struct ps_arena *a, const struct ps_key *key,
    const struct check_value *v)
{
	(void)v;
	return ps_printf(a, "there is no such key any more, %s", key->doc);
}

static double
number_of(const struct ps_key *key, const struct check_value *v)
{
	double d = 0;

	if (key->type != PS_KEY_DOUBLE)
		return (double)v->number;
	(void)text_double(v->text, &d);
	return d;
}

static const char *
rule_range(struct ps_arena *a, const struct ps_key *key,
    const struct check_value *v)
{
	if (v->null)
		return "Value must be non-null";
	if ((key->flags & PS_HAS_MIN) != 0 &&
	    number_of(key, v) < (double)key->min)
		return ps_printf(a, "Value must be at least %lld",
		    (long long)key->min);
	if ((key->flags & PS_HAS_MAX) != 0 &&
	    number_of(key, v) > (double)key->max)
		return ps_printf(a, "Value must be no more than %lld",
		    (long long)key->max);
	return NULL;
}

static const char *
rule_or_broker(struct ps_arena *a, const struct ps_key *key,
    const struct check_value *v)
{
	(void)a;
	if (v->null || v->number == -1 || v->number > 0)
		return NULL;
	return text_ends(key->name, "partitions")
		   ? "Number of partitions must be positive, or -1 to use the "
		     "broker's default"
		   : "Replication factor must be positive and not larger than "
		     "the number of brokers in the Kafka cluster, or -1 to use "
		     "the "
		     "broker's default";
}

/* What to do instead, as the end of a message. */
static const char *
instead(struct ps_arena *a, const char *doc)
{
	size_t len = doc == NULL ? 0 : strlen(doc);

	len -= len > 0 && doc[len - 1] == '.';
	return len == 0 ? "" : ps_printf(a, ": %.*s", (int)len, doc);
}

static bool
is_usual(const struct ps_key *key, const struct check_value *v)
{
	const char *usual = key->default_value;

	if (usual == NULL)
		return false;
	if (key->type == PS_KEY_BOOLEAN)
		return strcasecmp(v->text, usual) == 0;
	return strcmp(v->text, usual) == 0;
}

static const char *
rule_unsupported(struct ps_arena *a, const struct ps_key *key,
    const struct check_value *v)
{
	const char *usual = key->default_value;

	if (v->null || is_usual(key, v))
		return NULL;
	if (usual == NULL)
		return ps_printf(a,
		    "penstock does not support this key, leave it out%s",
		    instead(a, key->doc));
	return ps_printf(a,
	    "penstock supports only the default of this key, '%s'%s", usual,
	    instead(a, key->doc));
}

static const struct {
	unsigned flags; /* any of them; 0: ask always */
	rule_fn *rule;
} rules[] = {
	{ PS_UNSUPPORTED, rule_unsupported },
	{ PS_REMOVED, rule_removed },
	{ 0, rule_choices },
	{ PS_NOT_EMPTY, rule_not_empty },
	{ PS_ALIASES, rule_aliases },
	{ PS_NO_CONTROL, rule_no_control },
	{ PS_REGEX, rule_regex },
	{ PS_HAS_MIN | PS_HAS_MAX, rule_range },
	{ PS_OR_BROKER, rule_or_broker },
};

const char *
check_rules(struct ps_arena *a, const struct ps_key *key, const char *name,
    const struct check_value *v)
{
	/* Where null is the default, it is a good value. */
	if (v->null && key->default_value == NULL &&
	    (key->flags & PS_REQUIRED) == 0)
		return NULL;
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		const char *why;

		if (rules[i].flags != 0 && (key->flags & rules[i].flags) == 0)
			continue;
		why = rules[i].rule(a, key, v);
		if (why != NULL)
			return invalid(a, name, v->shown, why);
	}
	if ((key->flags & PS_UNIQUE) != 0 && twice(v) != NULL)
		return ps_printf(a,
		    "Configuration '%s' values must not be duplicated.", name);
	return NULL;
}

const char *
check_given(struct ps_arena *a, const struct ps_key *keys, size_t count,
    const struct ps_config *given)
{
	const char *wrong = NULL;

	for (size_t i = 0; wrong == NULL && i < count; i++) {
		const char *text = ps_config_get(given, keys[i].name);
		struct check_value v;

		if (text == NULL)
			continue;
		wrong = check_parse(a, &keys[i], text, &v);
		if (wrong == NULL)
			wrong = check_rules(a, &keys[i], keys[i].name, &v);
	}
	return wrong;
}
