#include <stdlib.h>

#include "proto_schema.h"

enum token_kind { TOKEN_END, TOKEN_NAME, TOKEN_NUMBER, TOKEN_TEXT, TOKEN_SIGN };

struct lexer {
	struct ps_arena *arena;
	struct ps_error *err;
	const char *p;
	enum token_kind kind;
	const char *s; /* of the token, NUL-terminated */
	struct proto_file *file;
	int depth;
};

static int parse_message(struct lexer *l, struct proto_message *m);

/* ---- Tokens ---- */

static bool
is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       c == '.' || (c >= '0' && c <= '9');
}

static void
skip_space(struct lexer *l)
{
	const char *end;

	for (;;) {
		l->p += strspn(l->p, " \t\r\n");
		if (l->p[0] != '/' || (l->p[1] != '/' && l->p[1] != '*'))
			return;
		end = l->p[1] == '/' ? strchr(l->p, '\n')
				     : strstr(l->p + 2, "*/");
		l->p = end == NULL ? l->p + strlen(l->p)
				   : end + (l->p[1] == '/' ? 1 : 2);
	}
}

static void
next_text(struct lexer *l)
{
	char quote = *l->p++, *to = ps_strdup(l->arena, l->p);

	l->kind = TOKEN_TEXT;
	l->s = to;
	while (*l->p != '\0' && *l->p != quote) {
		if (*l->p == '\\' && l->p[1] != '\0')
			l->p++;
		*to++ = *l->p++;
	}
	*to = '\0';
	if (*l->p != '\0')
		l->p++;
}

static void
next(struct lexer *l)
{
	const char *start;

	skip_space(l);
	start = l->p;
	if (*l->p == '"' || *l->p == '\'') {
		next_text(l);
		return;
	}
	while (is_name(*l->p))
		l->p++;
	l->kind = *start == '\0'                   ? TOKEN_END
		  : l->p == start                  ? TOKEN_SIGN
		  : *start >= '0' && *start <= '9' ? TOKEN_NUMBER
						   : TOKEN_NAME;
	if (l->kind == TOKEN_SIGN)
		l->p++;
	l->s = ps_strndup(l->arena, start, (size_t)(l->p - start));
}

static bool
is(const struct lexer *l, const char *s)
{
	return l->kind != TOKEN_TEXT && strcmp(l->s, s) == 0;
}

static int
expected(struct lexer *l, const char *what)
{
	return ps_fail(l->err, PS_E_DATA,
	    "%s expected in a Protobuf schema, found \"%.40s\"", what, l->s);
}

static int
take(struct lexer *l, const char *sign)
{
	if (!is(l, sign))
		return expected(l, sign);
	next(l);
	return 0;
}

static int
take_name(struct lexer *l, const char **name)
{
	if (l->kind != TOKEN_NAME)
		return expected(l, "a name");
	*name = l->s;
	next(l);
	return 0;
}

static int
take_number(struct lexer *l, int32_t *number)
{
	bool negative = is(l, "-");

	if (negative)
		next(l);
	if (l->kind != TOKEN_NUMBER)
		return expected(l, "a number");
	*number = (int32_t)strtol(l->s, NULL, 0);
	if (negative)
		*number = -*number;
	next(l);
	return 0;
}

/* To behind a ; or a block, whatever is in it. */
static int
skip_statement(struct lexer *l)
{
	int open = 0;

	for (; l->kind != TOKEN_END; next(l)) {
		if (is(l, "{"))
			open++;
		if (is(l, "}") && --open < 0)
			return expected(l, ";");
		if ((is(l, "}") && open == 0) || (is(l, ";") && open == 0)) {
			next(l);
			return 0;
		}
	}
	return expected(l, ";");
}

/* ---- Fields ---- */

/* [packed = false, (confluent.field_meta) = {params: [{key: …, value: …}]}] */
static int
parse_options(struct lexer *l, struct proto_field *f)
{
	const char *key = NULL, *last = "";
	int open = 0;

	if (!is(l, "["))
		return 0;
	for (; l->kind != TOKEN_END; next(l)) {
		if (is(l, "[") || is(l, "{"))
			open++;
		if ((is(l, "]") || is(l, "}")) && --open == 0) {
			next(l);
			return 0;
		}
		if (l->kind == TOKEN_TEXT && strcmp(last, "key") == 0)
			key = l->s;
		if (l->kind == TOKEN_TEXT && strcmp(last, "value") == 0 &&
		    key != NULL)
			proto_set_param(f, key, l->s);
		if (l->kind == TOKEN_NAME && strcmp(last, "packed") == 0)
			f->is_unpacked = strcmp(l->s, "false") == 0;
		if (l->kind == TOKEN_NAME)
			last = l->s;
	}
	return expected(l, "]");
}

static void
set_type(struct proto_field *f, const char *name)
{
	static const char *const kinds[] = { NULL, "double", "float", "int64",
		"uint64", "int32", "fixed64", "fixed32", "bool", "string", NULL,
		NULL, "bytes", "uint32", NULL, "sfixed32", "sfixed64", "sint32",
		"sint64" };

	f->kind = PROTO_UNKNOWN;
	f->type_name = name;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i] != NULL && strcmp(kinds[i], name) == 0) {
			f->kind = (enum proto_kind)i;
			f->type_name = NULL;
		}
}

/* name = number [options]; */
static int
parse_field_end(struct lexer *l, struct proto_field *f)
{
	f->is_unpacked = !l->file->is_proto3;
	if (take_name(l, &f->name) < 0 || take(l, "=") < 0 ||
	    take_number(l, &f->number) < 0 || parse_options(l, f) < 0)
		return -1;
	return take(l, ";");
}

static int
parse_field(struct lexer *l, struct proto_message *m, int oneof)
{
	struct proto_field *f;
	const char *type = "";
	bool repeated = is(l, "repeated"), optional = is(l, "optional");

	if (repeated || optional || is(l, "required"))
		next(l);
	if (take_name(l, &type) < 0)
		return -1;
	if (strcmp(type, "group") == 0)
		return ps_fail(l->err, PS_E_DATA,
		    "groups of Protobuf are not supported");
	f = proto_add_field(l->arena, m);
	set_type(f, type);
	f->is_repeated = repeated;
	f->has_presence = optional;
	f->oneof = oneof;
	return parse_field_end(l, f);
}

/* map<key, value> name = number; is a list of messages. */
static int
parse_map(struct lexer *l, struct proto_message *m)
{
	struct proto_message *entry = proto_add_message(l->arena, m);
	struct proto_field *f = proto_add_field(l->arena, m);
	struct proto_field *parts[2];
	const char *type = "";

	next(l);
	if (take(l, "<") < 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		parts[i] = proto_add_field(l->arena, entry);
		parts[i]->name = i == 0 ? "key" : "value";
		parts[i]->number = i + 1;
		if (take_name(l, &type) < 0 || take(l, i == 0 ? "," : ">") < 0)
			return -1;
		set_type(parts[i], type);
	}
	f->is_repeated = true;
	if (parse_field_end(l, f) < 0)
		return -1;
	entry->name = ps_printf(l->arena, "%sEntry", f->name);
	f->type_name = entry->name;
	return 0;
}

static int
parse_oneof(struct lexer *l, struct proto_message *m)
{
	struct proto_oneof *o = proto_add_oneof(l->arena, m);

	o->is_real = true;
	next(l);
	if (take_name(l, &o->name) < 0 || take(l, "{") < 0)
		return -1;
	while (!is(l, "}") && l->kind != TOKEN_END)
		if ((is(l, "option") ? skip_statement(l)
				     : parse_field(l, m, o->index)) < 0)
			return -1;
	return take(l, "}");
}

static int
parse_enum(struct lexer *l, struct proto_message *in)
{
	struct proto_enum *e = proto_add_enum(l->arena, in);
	struct proto_field ignored = { 0 };
	const char *name = "";
	int32_t number = 0;

	next(l);
	if (take_name(l, &e->name) < 0 || take(l, "{") < 0)
		return -1;
	while (!is(l, "}") && l->kind != TOKEN_END) {
		if (is(l, "option") || is(l, "reserved") || is(l, ";")) {
			if (skip_statement(l) < 0)
				return -1;
			continue;
		}
		if (take_name(l, &name) < 0 || take(l, "=") < 0 ||
		    take_number(l, &number) < 0 ||
		    parse_options(l, &ignored) < 0 || take(l, ";") < 0)
			return -1;
		proto_add_symbol(l->arena, e, name, number);
	}
	return take(l, "}");
}

static int
parse_member(struct lexer *l, struct proto_message *m)
{
	if (is(l, "message"))
		return parse_message(l, proto_add_message(l->arena, m));
	if (is(l, "enum"))
		return parse_enum(l, m);
	if (is(l, "oneof"))
		return parse_oneof(l, m);
	if (is(l, "map"))
		return parse_map(l, m);
	if (is(l, "option") || is(l, "reserved") || is(l, "extensions") ||
	    is(l, "extend") || is(l, ";"))
		return skip_statement(l);
	return parse_field(l, m, -1);
}

static int
parse_message(struct lexer *l, struct proto_message *m)
{
	if (++l->depth > PROTO_MAX_DEPTH)
		return ps_fail(l->err, PS_E_DATA,
		    "a Protobuf schema nests deeper than %d", PROTO_MAX_DEPTH);
	next(l);
	if (take_name(l, &m->name) < 0 || take(l, "{") < 0)
		return -1;
	while (!is(l, "}") && l->kind != TOKEN_END)
		if (parse_member(l, m) < 0)
			return ps_fail_in(l->err, "message %s", m->name);
	l->depth--;
	return take(l, "}");
}

static int
parse_top(struct lexer *l)
{
	if (is(l, "message"))
		return parse_message(l,
		    proto_add_message(l->arena, &l->file->top));
	if (is(l, "enum"))
		return parse_enum(l, &l->file->top);
	if (is(l, "syntax")) {
		next(l);
		if (take(l, "=") < 0)
			return -1;
		l->file->is_proto3 = strcmp(l->s, "proto3") == 0;
		return skip_statement(l);
	}
	if (is(l, "package")) {
		next(l);
		if (take_name(l, &l->file->package) < 0)
			return -1;
		return take(l, ";");
	}
	if (l->kind != TOKEN_NAME && !is(l, ";"))
		return expected(l, "message");
	return skip_statement(l);
}

int
proto_parse_text(struct proto_file *f, struct ps_arena *a, const char *text,
    struct ps_error *err)
{
	struct lexer l = { .arena = a, .err = err, .p = text, .file = f };

	next(&l);
	while (l.kind != TOKEN_END)
		if (parse_top(&l) < 0)
			return -1;
	return 0;
}
