#include "token.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <strings.h>

#include <pause/pause.h>
#include <penstock/json.h>

#define EARLY_MS   INT64_C(30000) /* renew this long before the end */
#define LIFE_S     3600L          /* when the answer does not say */
#define LIFE_MAX_S 2592000L

void
token_init(struct token *t, const struct http_conf *conf, struct net *net)
{
	*t = (struct token){ .conf = conf, .net = net, .seed = pause_seed() };
}

/* Text or number of the top-level member. False when there is none such, or
 * it is too long. */
static bool
member(const struct text *json, const char *name, char *out, size_t room)
{
	struct ps_json m;

	m = ps_json_member(json->data, json->len, name, strlen(name));
	if ((m.kind != PS_JSON_STRING && m.kind != PS_JSON_NUMBER) ||
	    m.len >= room)
		return false;
	if (m.kind == PS_JSON_STRING)
		m.len = ps_json_unescape(out, m.text, m.len);
	else
		memcpy(out, m.text, m.len);
	out[m.len] = '\0';
	return true;
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
	t->next_try_ms =
	    net_now() + pause_ms(t->conf->backoff_ms, t->failures++, &t->seed);
	if (p->is_cut_off)
		(void)snprintf(t->cause, sizeof t->cause,
		    "no token from %.200s: the answer is larger than %zu bytes",
		    t->conf->token_url, REPLY_MAX);
	else if (p->status == 0)
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

/* At least a second, so that a token is used before it is renewed. */
static int64_t
life_ms(const struct text *reply)
{
	char text[32];
	long long s = LIFE_S;

	if (member(reply, "expires_in", text, sizeof text))
		s = strtoll(text, NULL, 10);
	s = s < LIFE_MAX_S ? s : LIFE_MAX_S;
	return s < 1 ? 1000 : s * 1000;
}

static void
on_answer(void *owner, struct post *p)
{
	struct token *t = owner;
	char text[TOKEN_MAX], type[64] = "Bearer";
	int64_t ms;

	t->is_fetching = false;
	if (p->status < 200 || p->status >= 300 || p->reply.data == NULL ||
	    !member(&p->reply, t->conf->token_property, text, sizeof text) ||
	    text[0] == '\0' || !is_header_text(text)) {
		failed(t, p);
		return;
	}
	(void)member(&p->reply, "token_type", type, sizeof type);
	if (!is_header_text(type) || strcasecmp(type, "bearer") == 0)
		(void)snprintf(type, sizeof type, "Bearer");
	ms = life_ms(&p->reply);
	(void)snprintf(t->header, sizeof t->header, "Authorization: %s %s",
	    type, text);
	t->ends_ms = net_now() + (ms > 2 * EARLY_MS ? ms - EARLY_MS : ms / 2);
	t->number++;
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
	char *basic = NULL;
	const char *lines[] = {
		"Content-Type: application/x-www-form-urlencoded",
		"Accept: application/json", NULL, NULL
	};
	add_parameter(&p->body, c->grant_property, c->grant_type);
	if (c->scope[0] != '\0')
		add_parameter(&p->body, "scope", c->scope);
	if (c->client_in_body) {
		add_parameter(&p->body, c->id_property, c->client_id);
		add_parameter(&p->body, c->secret_property, c->client_secret);
	} else {
		basic = http_conf_basic("Authorization: Basic ", c->client_id,
		    c->client_secret);
		lines[2] = basic;
	}
	p->url = c->token_url;
	p->headers = lines;
	p->done = on_answer;
	p->owner = t;
	t->is_fetching = true;
	net_send(t->net, p);
	free(basic);
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
token_renew(struct token *t)
{
	if (t->is_fetching)
		net_cancel(t->net, t);
	t->is_fetching = false;
	t->header[0] = '\0';
	t->next_try_ms = 0;
	t->failures = 0;
}

void
token_refused(struct token *t, unsigned number)
{
	if (number == t->number)
		t->header[0] = '\0';
}
