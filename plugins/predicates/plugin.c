#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <assert.h>
#include <stdlib.h>

#include <penstock/abi.h>
#include <penstock/transform.h>

#define PACKAGE "org.apache.kafka.connect.transforms.predicates."

struct predicate {
	const char *name; /* of the header, in the task's configuration */
	pcre2_code *pattern;
	pcre2_match_data *match;
};

static struct predicate *
predicate_new(void)
{
	struct predicate *p = (struct predicate *)calloc(1, sizeof *p);

	assert(p != NULL);
	return p;
}

static void
destroy(void *state)
{
	struct predicate *p = (struct predicate *)state;

	pcre2_match_data_free(p->match);
	pcre2_code_free(p->pattern);
	free(p);
}

static void *
header_create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct predicate *p = predicate_new();

	(void)h;
	(void)self;
	(void)err;
	p->name = ps_config_str(c, "name");
	return p;
}

static bool
header_test(void *state, const struct ps_record *r)
{
	struct predicate *p = (struct predicate *)state;
	size_t len = strlen(p->name);

	for (size_t i = 0; i < r->header_count; i++)
		if (r->headers[i].name_len == len &&
		    memcmp(r->headers[i].name, p->name, len) == 0)
			return true;
	return false;
}

static void *
tombstone_create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	(void)h;
	(void)self;
	(void)c;
	(void)err;
	return predicate_new();
}

static bool
tombstone_test(void *state, const struct ps_record *r)
{
	(void)state;
	return r->value.type == PS_NULL;
}

static void *
topic_create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	const char *pattern = ps_config_str(c, "pattern");
	struct predicate *p = predicate_new();
	PCRE2_UCHAR why[256];
	PCRE2_SIZE where;
	int code;

	(void)h;
	(void)self;
	p->pattern = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
	    PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED, &code, &where,
	    NULL);
	if (p->pattern == NULL) {
		(void)pcre2_get_error_message(code, why, sizeof why);
		(void)ps_fail(err, PS_E_CONFIG,
		    "Invalid value %s for configuration pattern: Invalid "
		    "regex: %s at character %zu",
		    pattern, (const char *)why, where);
		destroy(p);
		return NULL;
	}
	p->match = pcre2_match_data_create_from_pattern(p->pattern, NULL);
	assert(p->match != NULL);
	return p;
}

static bool
topic_test(void *state, const struct ps_record *r)
{
	struct predicate *p = (struct predicate *)state;

	return pcre2_match(p->pattern, (PCRE2_SPTR)r->topic,
		   PCRE2_ZERO_TERMINATED, 0, 0, p->match, NULL) > 0;
}

static const struct ps_predicate_ops header_ops = { header_create, header_test,
	destroy };
static const struct ps_predicate_ops tombstone_ops = { tombstone_create,
	tombstone_test, destroy };
static const struct ps_predicate_ops topic_ops = { topic_create, topic_test,
	destroy };

static const struct ps_key header_keys[] = {
	{ .name = "name",
	    .type = PS_KEY_STRING,
	    .importance = PS_MEDIUM,
	    .flags = PS_REQUIRED | PS_NOT_EMPTY,
	    .doc = "The header name." },
};

static const struct ps_key topic_keys[] = {
	{ .name = "pattern",
	    .type = PS_KEY_STRING,
	    .importance = PS_MEDIUM,
	    .flags = PS_REQUIRED | PS_NOT_EMPTY | PS_REGEX,
	    .doc = "A Java regular expression for matching against the name "
		   "of a record's topic." },
};

static const char *const header_names[] = { PACKAGE "HasHeaderKey", NULL };
static const char *const tombstone_names[] = { PACKAGE "RecordIsTombstone",
	NULL };
static const char *const topic_names[] = { PACKAGE "TopicNameMatches", NULL };

static const struct ps_class classes[] = {
	{ .kind = PS_KIND_PREDICATE,
	    .name = "HasHeaderKey",
	    .aliases = header_names,
	    .doc = "true for records with at least one header of that name",
	    .keys = header_keys,
	    .key_count = 1,
	    .ops = &header_ops,
	    .ops_size = sizeof header_ops },
	{ .kind = PS_KIND_PREDICATE,
	    .name = "RecordIsTombstone",
	    .aliases = tombstone_names,
	    .doc = "true for records whose value is null",
	    .ops = &tombstone_ops,
	    .ops_size = sizeof tombstone_ops },
	{ .kind = PS_KIND_PREDICATE,
	    .name = "TopicNameMatches",
	    .aliases = topic_names,
	    .doc = "true for records whose whole topic name matches",
	    .keys = topic_keys,
	    .key_count = 1,
	    .ops = &topic_ops,
	    .ops_size = sizeof topic_ops },
};

PS_PLUGIN("predicates", "1.0", classes);
