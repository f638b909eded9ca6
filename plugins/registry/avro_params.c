#include "avro_params.h"

#include <stdlib.h>

struct ps_value
value_kept(struct ps_arena *a, const struct ps_value *v)
{
	struct ps_value out = *v;
	struct ps_value *items;
	struct ps_pair *pairs;

	switch (v->type) {
	case PS_STRING:
		out.s = ps_strndup(a, v->s, v->len);
		break;
	case PS_BYTES:
		out.p =
		    (const uint8_t *)ps_strndup(a, (const char *)v->p, v->len);
		break;
	case PS_ARRAY:
	case PS_STRUCT:
		items =
		    (struct ps_value *)ps_calloc(a, v->len + 1, sizeof *items);
		for (uint32_t i = 0; i < v->len; i++)
			items[i] = value_kept(a, &v->items[i]);
		out.items = items;
		break;
	case PS_MAP:
		pairs =
		    (struct ps_pair *)ps_calloc(a, v->len + 1, sizeof *pairs);
		for (uint32_t i = 0; i < v->len; i++)
			pairs[i] =
			    (struct ps_pair){ value_kept(a, &v->pairs[i].key),
				    value_kept(a, &v->pairs[i].value) };
		out.pairs = pairs;
		break;
	case PS_NULL:
	case PS_INT8:
	case PS_INT16:
	case PS_INT32:
	case PS_INT64:
	case PS_FLOAT32:
	case PS_FLOAT64:
	case PS_BOOLEAN:
	case PS_UNCHANGED:
		break;
	}
	return out;
}

/* Sets one; a name that is there keeps its place. */
void
avro_set_param(struct ps_arena *a, struct ps_schema *s, const char *name,
    const char *value)
{
	struct ps_param *grown;

	for (size_t i = 0; i < s->param_count; i++)
		if (strcmp(s->params[i].name, name) == 0) {
			memcpy(&grown, &s->params, sizeof grown);
			grown[i].value = value;
			return;
		}
	if ((s->param_count & (s->param_count - 1)) == 0) { /* 0, 1, 2, 4 … */
		grown = (struct ps_param *)ps_alloc(a,
		    (2 * s->param_count + 1) * sizeof *grown);
		if (s->param_count > 0)
			memcpy(grown, s->params,
			    s->param_count * sizeof *grown);
		s->params = grown;
	}
	memcpy(&grown, &s->params, sizeof grown);
	grown[s->param_count++] = (struct ps_param){ name, value };
}

int
avro_read_params(struct ps_arena *a, struct ps_schema *s, const json_t *params,
    struct ps_error *err)
{
	json_t *object = (json_t *)(uintptr_t)params;
	const char *name;
	json_t *value;

	if (params == NULL)
		return 0;
	if (!json_is_object(params))
		return ps_fail(err, PS_E_DATA,
		    "Expected JSON object for connect.parameters");
	json_object_foreach(object, name, value)
	{
		if (!json_is_string(value))
			return ps_fail(err, PS_E_DATA,
			    "Expected schema parameter values to be strings, "
			    "%s is none",
			    name);
		avro_set_param(a, s, name, json_string_value(value));
	}
	return 0;
}

void
avro_read_props(struct ps_arena *a, struct ps_schema *s, const json_t *props)
{
	json_t *object = (json_t *)(uintptr_t)props;
	const char *name;
	json_t *value;
	char *text;

	json_object_foreach(object, name, value)
	{
		if (strncmp(name, "avro", 4) != 0)
			continue;
		if (json_is_string(value)) {
			avro_set_param(a, s, name, json_string_value(value));
			continue;
		}
		text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
		avro_set_param(a, s, name, ps_strdup(a, text));
		free(text);
	}
}
