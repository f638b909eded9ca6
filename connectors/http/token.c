#include "token.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <strings.h>

#include "base64.h"

#define EARLY_MS       INT64_C(30000) /* renew this long before the end */
#define LIFE_MS        3600000
#define BACKOFF_MAX_MS 60000

void
token_init(struct token *t, const struct http_conf *conf, struct net *net)
{
	*t = (struct token){ .conf = conf, .net = net };
}

/* Behind the string or other value at `s`. */
static const char *
skip_value(const char *s)
{
	if (*s == '"') {
		for (s++; *s != '\0' && *s != '"'; s++)
			if (*s == '\\' && s[1] != '\0')
				s++;
		return *s == '"' ? s + 1 : s;
	}
	return s + strcspn(s, ",{}[]:\" \t\r\n");
}

/* A top-level member's name and value, as they stand in the text. */
struct pair {
	const char *name, *value;
	size_t name_len, value_len;
};

/* The next string that is followed by a colon at depth 1; what follows it in
 * *json. False at the end. */
static bool
next_member(const char **json, int *depth, struct pair *out)
{
	const char *p = *json, *end;

	while (*p != '\0') {
		*depth += *p == '{' || *p == '[';
		*depth -= *p == '}' || *p == ']';
		if (*p != '"') {
			p++;
			continue;
		}
		end = skip_value(p);
		out->name = p + 1;
		out->name_len = (size_t)(end - p) - 1;
		p = end + strspn(end, " \t\r\n");
		if (*p != ':')
			continue;
		out->value = p + 1 + strspn(p + 1, " \t\r\n");
		p = out->value;
		if (*depth != 1 || *p == '{' || *p == '[')
			continue;
		p = skip_value(p);
		out->value_len = (size_t)(p - out->value);
		*json = p;
		return true;
	}
	return false;
}

/* Value of the top-level member `name`: text of a string without escapes, or
 * digits. False when there is none such. */
static bool
member(const char *json, const char *name, char *out, size_t room)
{
	size_t len = strlen(name);
	struct pair m;
	int depth = 0;

	while (next_member(&json, &depth, &m)) {
		if (m.name_len != len + 1 || strncmp(m.name, name, len) != 0)
			continue;
		if (m.value_len >= 2 && *m.value == '"') {
			m.value++;
			m.value_len -= 2;
		}
		(void)snprintf(out, room, "%.*s", (int)m.value_len, m.value);
		return m.value_len < room &&
		       memchr(m.value, '\\', m.value_len) == NULL;
	}
	return false;
}

static bool
is_header_text(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return false;
	return true;
}

static void
failed(struct token *t, const struct post *p)
{
	int64_t ms = t->conf->backoff_ms;

	for (unsigned i = 0; i < t->failures && ms < BACKOFF_MAX_MS; i++)
		ms *= 2;
	t->failures++;
	t->next_try_ms =
	    net_now() + (ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS);
	if (p->status == 0)
		(void)snprintf(t->cause, sizeof t->cause,
		    "no token from %.200s: %.200s", t->conf->token_url,
		    p->error);
	else
		(void)snprintf(t->cause, sizeof t->cause,
		    "no token from %.200s: status %ld, %s %.60s",
		    t->conf->token_url, p->status,
		    p->status < 300 ? "the answer has no usable" : "not",
		    t->conf->token_property);
}

static void
on_answer(void *owner, struct post *p)
{
	struct token *t = owner;
	char text[TOKEN_MAX], type[64] = "Bearer", life[32];
	int64_t ms = LIFE_MS;

	t->is_fetching = false;
	if (p->status < 200 || p->status >= 300 || p->reply.data == NULL ||
	    !member(p->reply.data, t->conf->token_property, text,
		sizeof text) ||
	    text[0] == '\0' || !is_header_text(text)) {
		failed(t, p);
		return;
	}
	(void)member(p->reply.data, "token_type", type, sizeof type);
	if (!is_header_text(type) || strcasecmp(type, "bearer") == 0)
		(void)snprintf(type, sizeof type, "Bearer");
	if (member(p->reply.data, "expires_in", life, sizeof life))
		ms = strtoll(life, NULL, 10) * 1000;
	(void)snprintf(t->header, sizeof t->header, "Authorization: %s %s",
	    type, text);
	t->ends_ms = net_now() + (ms > 2 * EARLY_MS ? ms - EARLY_MS : ms / 2);
	t->failures = 0;
	t->cause[0] = '\0';
}

static void
add_parameter(struct text *body, const char *name, const char *value)
{
	char *encoded = curl_easy_escape(NULL, value, (int)strlen(value));

	if (encoded == NULL)
		abort();
	if (body->len > 0)
		text_add(body, "&", 1);
	text_add(body, name, strlen(name));
	text_add(body, "=", 1);
	text_add(body, encoded, strlen(encoded));
	curl_free(encoded);
}

static void
fetch(struct token *t)
{
	const struct http_conf *c = t->conf;
	struct post *p = post_new();
	char pair[1024], basic[1500] = "Authorization: Basic ";
	size_t used = strlen(basic);
	const char *lines[] = {
		"Content-Type: application/x-www-form-urlencoded",
		"Accept: application/json", NULL, NULL
	};
	int n = snprintf(pair, sizeof pair, "%s:%s", c->client_id,
	    c->client_secret);

	add_parameter(&p->body, c->grant_property, c->grant_type);
	if (c->scope[0] != '\0')
		add_parameter(&p->body, "scope", c->scope);
	if (c->client_in_body) {
		add_parameter(&p->body, c->id_property, c->client_id);
		add_parameter(&p->body, c->secret_property, c->client_secret);
	} else {
		n = n < (int)sizeof pair ? n : (int)sizeof pair - 1;
		base64(basic + used, pair, (size_t)n);
		lines[2] = basic;
	}
	p->url = c->token_url;
	p->headers = lines;
	p->done = on_answer;
	p->owner = t;
	t->is_fetching = true;
	net_send(t->net, p);
}

const char *
token_header(struct token *t)
{
	int64_t now = net_now();

	if (t->header[0] != '\0' && now >= t->ends_ms)
		t->header[0] = '\0';
	if (t->header[0] != '\0')
		return t->header;
	if (!t->is_fetching && now >= t->next_try_ms)
		fetch(t);
	return NULL;
}

void
token_refused(struct token *t)
{
	t->header[0] = '\0';
}
