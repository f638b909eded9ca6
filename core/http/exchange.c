#include "http/exchange.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "base/js.h"
#include "http/server.h"
#include "worker/worker.h"

#define JSON_TYPE "application/json"

void
exchange_forget(struct exchange *x)
{
	void (*forget)(struct exchange * x) = x->forget;

	x->forget = NULL;
	if (forget != NULL)
		forget(x);
}

const char *
exchange_query(const struct exchange *x, const char *name)
{
	for (const struct query_arg *q = x->query; q != NULL; q = q->next)
		if (strcmp(q->name, name) == 0)
			return q->value;
	return NULL;
}

bool
exchange_query_bool(const struct exchange *x, const char *name)
{
	const char *value = exchange_query(x, name);

	return value != NULL && strcasecmp(value, "true") == 0;
}

void
exchange_text(struct exchange *x, int status, const char *type,
    const char *text, size_t len)
{
	x->type = type;
	x->answer = text;
	x->answer_len = len;
	if (x->tells_offset && worker_journal(x->worker) != NULL)
		x->passed = ps_printf(x->a, "%lld",
		    (long long)configs_offset(
			journal_configs(worker_journal(x->worker))));
	server_answer(x, status);
}

void
exchange_buf(struct exchange *x, int status, const char *type, struct buf *text)
{
	x->written = *text;
	buf_init(text, text->ceiling);
	exchange_text(x, status, type, buf_str(&x->written), x->written.len);
}

void
exchange_json(struct exchange *x, int status, json_t *body)
{
	const char *text = js_dump(x->a, body);

	json_decref(body);
	exchange_text(x, status, JSON_TYPE, text, strlen(text));
}

static json_t *
error_body(int status, const char *text)
{
	return json_pack("{s:i, s:o}", "error_code", status, "message",
	    js_str(text));
}

void
exchange_error(struct exchange *x, int status, const char *fmt, ...)
{
	char line[PS_ERROR_TEXT * 8];
	va_list ap;
	json_t *body;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	body = error_body(status, line);
	if (body == NULL) /* cut in the middle of a character */
		body = error_body(status, "the message is not valid UTF-8");
	exchange_json(x, status, body);
}

void
exchange_refuse(struct exchange *x, int status, const char *text)
{
	const char *body = ps_printf(x->a,
	    "{\"error_code\":%d,\"message\":\"%s\"}", status, text);

	exchange_text(x, status, NULL, body, strlen(body));
}

void
exchange_empty(struct exchange *x, int status)
{
	exchange_text(x, status, NULL, "", 0);
}

json_t *
exchange_object(struct exchange *x)
{
	struct ps_error err = { 0 };
	json_t *body;

	if (x->body.len == 0) {
		exchange_error(x, 400,
		    "The request has no body, expected a "
		    "JSON object");
		return NULL;
	}
	body = js_parse(x->body.data, x->body.len, "request body", &err);
	if (body == NULL) {
		exchange_error(x, 400, "%s", err.text);
		return NULL;
	}
	if (!json_is_object(body)) {
		json_decref(body);
		exchange_error(x, 400, "The request body is not a JSON object");
		return NULL;
	}
	return body;
}
