#include "ipc/msg.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/js.h"

enum kind { TEXT, INT, BOOL, JSON, OPT_TEXT, OPT_INT, OPT_BOOL, OPT_JSON };

struct field {
	const char *name;
	enum kind kind;
	size_t at; /* in struct msg */
};

/* NOLINTBEGIN(bugprone-macro-parentheses): names, no values */
#define MSG(NAME, name, way, wire, roles) \
	static const struct field name##_fields[] = {
#define FIELD(message, name, kind) \
	{ #name, kind, offsetof(struct msg, message.name) },
#define END(message)             \
	{                        \
		NULL, OPT_INT, 0 \
	}                        \
	}                        \
	;
#include "ipc/msg.def"
#undef MSG
#undef FIELD
#undef END
/* NOLINTEND(bugprone-macro-parentheses) */

enum {
	DOWN = MSG_DOWN,
	UP = MSG_UP,
	CONTROL = MSG_CONTROL,
	DATA = MSG_DATA,
	TASK = MSG_TASK,
	CONNECTOR = MSG_CONNECTOR,
	INSPECT = MSG_INSPECT,
	SCRIBE = MSG_SCRIBE,
};

static const struct row {
	const char *name;
	const struct field *fields;
	unsigned way, wire, roles;
} rows[MSG_TYPE_COUNT] = {
#define MSG(NAME, name, way, wire, roles) \
	[MSG_TYPE_##NAME] = { #name, name##_fields, way, wire, (roles) },
#define FIELD(message, name, kind)
#define END(message)
#include "ipc/msg.def"
#undef MSG
#undef FIELD
#undef END
};

const char *
msg_name(enum msg_type type)
{
	assert((unsigned)type < MSG_TYPE_COUNT);
	return rows[type].name;
}

/* Borrows JSON fields: the new reference is of the value, or NULL. */
static json_t *
encode_field(const struct msg *m, const struct field *f)
{
	const char *at = (const char *)m + f->at;
	const char *text;
	json_t *j;
	int64_t i;
	bool b;

	switch (f->kind) {
	case TEXT:
	case OPT_TEXT:
		memcpy(&text, at, sizeof text);
		return text == NULL ? NULL : js_str(text);
	case INT:
	case OPT_INT:
		memcpy(&i, at, sizeof i);
		return json_integer(i);
	case BOOL:
	case OPT_BOOL:
		memcpy(&b, at, sizeof b);
		return json_boolean(b);
	case JSON:
	case OPT_JSON:
		memcpy(&j, at, sizeof j);
		return json_incref(j);
	}
	return NULL;
}

char *
msg_encode(const struct msg *m, size_t *len, struct ps_error *err)
{
	const struct row *row = &rows[m->type];
	json_t *root = json_object();
	char *text = NULL;

	(void)json_object_set_new(root, "type", json_string(row->name));
	for (const struct field *f = row->fields; f->name != NULL; f++) {
		json_t *value = encode_field(m, f);

		if (value != NULL)
			(void)json_object_set_new(root, f->name, value);
		else if (f->kind < OPT_TEXT) {
			(void)ps_fail(err, PS_E_DATA,
			    "message %s: %s is missing", row->name, f->name);
			goto out;
		}
	}
	text = json_dumps(root, JSON_COMPACT | JSON_ENCODE_ANY);
	if (text == NULL)
		(void)ps_fail(err, PS_E_DATA, "message %s: it has no JSON form",
		    row->name);
	else
		*len = strlen(text);
out:
	json_decref(root);
	return text;
}

static bool
fits(const struct field *f, const json_t *value)
{
	switch (f->kind) {
	case TEXT:
	case OPT_TEXT:
		return json_is_string(value);
	case INT:
	case OPT_INT:
		return json_is_integer(value);
	case BOOL:
	case OPT_BOOL:
		return json_is_boolean(value);
	case JSON:
	case OPT_JSON:
		return true;
	}
	return false;
}

static void
store(struct msg *m, const struct field *f, json_t *value)
{
	char *at = (char *)m + f->at;
	const char *text;
	int64_t i;
	bool b;

	switch (f->kind) {
	case TEXT:
	case OPT_TEXT:
		text = json_string_value(value);
		memcpy(at, &text, sizeof text);
		break;
	case INT:
	case OPT_INT:
		i = json_integer_value(value);
		memcpy(at, &i, sizeof i);
		break;
	case BOOL:
	case OPT_BOOL:
		b = json_is_true(value);
		memcpy(at, &b, sizeof b);
		break;
	case JSON:
	case OPT_JSON:
		memcpy(at, &value, sizeof value);
		break;
	}
}

static int
decode_field(struct msg *m, const struct field *f, struct ps_error *err)
{
	json_t *value = json_object_get(m->root, f->name);

	if (value == NULL || json_is_null(value)) {
		if (f->kind >= OPT_TEXT)
			return 0;
		return ps_fail(err, PS_E_DATA, "message %s: %s is missing",
		    msg_name(m->type), f->name);
	}
	if (!fits(f, value))
		return ps_fail(err, PS_E_DATA,
		    "message %s: %s has the wrong type", msg_name(m->type),
		    f->name);
	store(m, f, value);
	return 0;
}

static const struct row *
find_row(const char *name)
{
	for (size_t i = 0; name != NULL && i < MSG_TYPE_COUNT; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static int
check_side(const struct row *row, const struct msg_side *side,
    struct ps_error *err)
{
	if (row->way != side->way)
		return ps_fail(err, PS_E_DATA, "message %s goes the other way",
		    row->name);
	if (row->wire != side->wire)
		return ps_fail(err, PS_E_DATA,
		    "message %s belongs on the %s channel", row->name,
		    row->wire == MSG_CONTROL ? "control" : "data");
	if ((row->roles & side->role) == 0)
		return ps_fail(err, PS_E_DATA,
		    "message %s is not for this kind of process", row->name);
	return 0;
}

int
msg_decode(const char *frame, size_t len, const struct msg_side *side,
    struct msg *m, struct ps_error *err)
{
	const struct row *row;
	const char *name;

	memset(m, 0, sizeof *m);
	m->root = js_parse(frame, len, "message", err);
	if (m->root == NULL)
		return -1;
	name = js_opt_str(m->root, "type");
	row = find_row(name);
	if (row == NULL)
		return ps_fail(err, PS_E_DATA, "message: unknown type %s",
		    name == NULL ? "(none)" : name);
	if (check_side(row, side, err) != 0)
		return -1;
	m->type = (enum msg_type)(row - rows);
	for (const struct field *f = row->fields; f->name != NULL; f++)
		if (decode_field(m, f, err) != 0)
			return -1;
	return 0;
}

void
msg_fini(struct msg *m)
{
	json_decref(m->root);
	m->root = NULL;
}

int
msg_send(struct channel *c, const struct msg *m, struct ps_error *err)
{
	size_t len;
	char *text = msg_encode(m, &len, err);
	int result;

	if (text == NULL)
		return -1;
	result = channel_send(c, text, len, err);
	free(text);
	return result;
}

int
msg_next(struct channel *c, const struct msg_side *side, struct msg *m,
    struct ps_error *err)
{
	const char *frame;
	size_t len;
	int got = channel_next(c, &frame, &len, err);

	memset(m, 0, sizeof *m);
	if (got != 1)
		return got;
	return msg_decode(frame, len, side, m, err) == 0 ? 1 : -1;
}
