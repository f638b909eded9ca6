#include "convert/mask.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/text.h"
#include "base/xalloc.h"

enum { NUMBER_BYTES = 32, NAMES_MAX = 1000, SHORTEST = 3 };

int
mask_init(struct mask *m, const json_t *names, struct redact *redact,
    struct ps_error *err)
{
	*m = (struct mask){ .redact = redact, .whole = json_object() };
	if (names == NULL || json_is_null(names))
		return 0;
	if (!json_is_array(names) || json_array_size(names) > NAMES_MAX)
		return ps_fail(err, PS_E_DATA,
		    "mask: expected an array of at most %d field names",
		    NAMES_MAX);
	for (size_t i = 0; i < json_array_size(names); i++)
		if (!json_is_string(json_array_get(names, i)))
			return ps_fail(err, PS_E_DATA,
			    "mask: entry %zu is no field name", i);
	m->names = names;
	return 0;
}

void
mask_fini(struct mask *m)
{
	json_decref(m->whole);
	m->whole = NULL;
}

/* A null and a flag tell nothing. */
static bool
hides(const struct mask *m, const char *name, const json_t *value)
{
	if (json_is_null(value) || json_is_boolean(value))
		return false;
	for (size_t i = 0; i < json_array_size(m->names); i++)
		if (strcasecmp(json_string_value(json_array_get(m->names, i)),
			name) == 0)
			return true;
	return redact_is_secret_key(name);
}

/* By its own name, or as the value of {name, value}. */
static bool
hides_member(const struct mask *m, const json_t *object, const char *key,
    const json_t *value)
{
	const char *name = js_opt_str(object, "name");

	return hides(m, key, value) ||
	       (name != NULL && strcmp(key, "value") == 0 &&
		   hides(m, name, value));
}

static const char *
text_of(const json_t *j, char room[NUMBER_BYTES])
{
	if (json_is_string(j))
		return json_string_value(j);
	if (json_is_integer(j))
		(void)snprintf(room, NUMBER_BYTES, "%" JSON_INTEGER_FORMAT,
		    json_integer_value(j));
	else
		(void)snprintf(room, NUMBER_BYTES, "%.17g", json_real_value(j));
	return room;
}

/* ---- what is secret ---------------------------------------------------- */

static void
learn(struct mask *m, const char *text)
{
	redact_add(m->redact, text);
	if (strlen(text) >= SHORTEST)
		(void)json_object_set_new(m->whole, text, json_true());
}

static void
learn_from(struct mask *m, const json_t *j)
{
	char room[NUMBER_BYTES];

	learn(m, text_of(j, room));
}

/* The texts and numbers inside it, those of hidden members or (`all`) each. */
static void
find(struct mask *m, const json_t *j, bool all)
{
	const char *key;
	const json_t *inner;

	if (all && (json_is_string(j) || json_is_number(j)))
		learn_from(m, j);
	for (size_t i = 0; i < json_array_size(j); i++)
		find(m, json_array_get(j, i), all);
	JS_EACH(j, key, inner)
	find(m, inner, all || hides_member(m, j, key, inner));
}

/* ---- hiding ------------------------------------------------------------ */

/* The text without secrets; NULL: it has none. */
static json_t *
without(const struct mask *m, const char *text)
{
	struct ps_arena *a;
	json_t *out;

	if (json_object_get(m->whole, text) != NULL)
		return json_string(REDACT_MASK);
	if (!redact_contains(m->redact, text))
		return NULL;
	a = arena_new(redact_room(strlen(text)));
	out = json_string(redact_copy(m->redact, a, text));
	arena_free(&a);
	return out != NULL ? out : json_string(REDACT_MASK);
}

/* A new reference. */
static json_t *
hide(struct mask *m, const json_t *j)
{
	char room[NUMBER_BYTES];
	const char *key;
	const json_t *inner;
	json_t *out = NULL;

	if (json_is_object(j)) {
		out = json_object();
		JS_EACH(j, key, inner)
		(void)json_object_set_new(out, key,
		    hides_member(m, j, key, inner) ? json_string(REDACT_MASK)
						   : hide(m, inner));
		return out;
	}
	if (json_is_array(j)) {
		out = json_array();
		for (size_t i = 0; i < json_array_size(j); i++)
			(void)json_array_append_new(out,
			    hide(m, json_array_get(j, i)));
		return out;
	}
	if (json_is_string(j) || json_is_number(j))
		out = without(m, text_of(j, room));
	return out != NULL ? out : json_deep_copy(j);
}

/* ---- inside texts ------------------------------------------------------ */

bool
mask_may_hold(const struct mask *m, const char *text)
{
	if (redact_mentions_secret(text))
		return true;
	for (size_t i = 0; i < json_array_size(m->names); i++)
		if (text_names(text,
			json_string_value(json_array_get(m->names, i))))
			return true;
	return false;
}

/* What it says in base64 is such a text. */
static bool
may_hold_encoded(const struct mask *m, const char *text)
{
	size_t len = strlen(text);
	char *plain = xcalloc(1, len + 1);
	int64_t n = text_base64_decode(text, len, (uint8_t *)plain);
	bool may = n > 0 && memchr(plain, 0, (size_t)n) == NULL &&
		   text_is_utf8(plain, (size_t)n) && mask_may_hold(m, plain);

	free(plain);
	return may;
}

/* A new reference; NULL: the text is no array or object. */
static json_t *
hide_inside(struct mask *m, const char *text)
{
	struct ps_error err = { 0 };
	json_t *inner = js_parse(text, strlen(text), "", &err), *clean, *out;
	char *dump;

	if (!json_is_object(inner) && !json_is_array(inner)) {
		json_decref(inner);
		return NULL;
	}
	find(m, inner, false);
	clean = hide(m, inner);
	dump = json_dumps(clean, JSON_COMPACT);
	out = json_string(
	    json_equal(clean, inner) != 0 || dump == NULL ? text : dump);
	free(dump);
	json_decref(clean);
	json_decref(inner);
	return out;
}

static json_t *
text_shown(struct mask *m, const char *text)
{
	json_t *out = hide_inside(m, text);

	if (out != NULL)
		return out;
	if (!mask_may_hold(m, text) && !may_hold_encoded(m, text))
		return json_string(text);
	learn(m, text);
	return json_string(REDACT_MASK);
}

static json_t *
texts_shown(struct mask *m, const json_t *j)
{
	const char *key;
	const json_t *inner;
	json_t *out;

	if (json_is_string(j))
		return text_shown(m, json_string_value(j));
	if (json_is_array(j)) {
		out = json_array();
		for (size_t i = 0; i < json_array_size(j); i++)
			(void)json_array_append_new(out,
			    texts_shown(m, json_array_get(j, i)));
		return out;
	}
	if (!json_is_object(j))
		return json_deep_copy(j);
	out = json_object();
	JS_EACH(j, key, inner)
	(void)json_object_set_new(out, key, texts_shown(m, inner));
	return out;
}

json_t *
mask_texts(struct mask *m, json_t *j)
{
	json_t *out = texts_shown(m, j);

	json_decref(j);
	return out;
}

json_t *
mask_json(struct mask *m, json_t *j)
{
	json_t *out;

	find(m, j, false);
	out = hide(m, j);
	json_decref(j);
	return out;
}
