#include "http.h"

#include <assert.h>
#include <curl/curl.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include <pause/pause.h>
#include <reach/reach.h>
#include <trust/trust.h>

#define REPLY_MAX     ((size_t)16 * 1024 * 1024)
#define FIRST_DOWN_MS 1000
#define SHIFT_MAX     20
#define WHO_MAX       160

#define TYPE_V1 "application/vnd.schemaregistry.v1+json"
#define TYPE    "application/vnd.schemaregistry+json"

static const char *const lines[] = {
	"Content-Type: " TYPE_V1,
	"Accept: " TYPE_V1 ", " TYPE ", application/json",
	"Confluent-Accept-Unknown-Properties: true",
	"Expect:",
};

struct http {
	const struct registry_conf *conf;
	CURL *easy;
	struct curl_slist *headers;
	char *text;
	size_t len, room;
	bool is_too_long;
	struct reach reach;
	char reason[CURL_ERROR_SIZE];
	size_t at; /* of conf->urls: the one that answered last */
	size_t sent;
	uint64_t seed;
	/* Down: nothing is sent before `until`. */
	int64_t until;
	unsigned failures;
	struct ps_error why;
};

int64_t
http_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

size_t
http_count(const struct http *h)
{
	return h->sent;
}

static size_t
on_reply(char *data, size_t size, size_t count, void *arg)
{
	struct http *h = (struct http *)arg;
	size_t len = size * count;

	if (len > REPLY_MAX - h->len) {
		h->is_too_long = true;
		return 0; /* ends the transfer */
	}
	if (h->len + len + 1 > h->room) {
		h->room = 2 * (h->len + len + 1);
		h->text = (char *)realloc(h->text, h->room);
		assert(h->text != NULL);
	}
	memcpy(h->text + h->len, data, len);
	h->len += len;
	h->text[h->len] = '\0';
	return len;
}

static bool
is_stopping(const struct http *h)
{
	const struct ps_host *host = h->conf->host;

	return PS_HOST_HAS(host, stopping) && host->stopping(host);
}

static int
on_progress(void *arg, curl_off_t all, curl_off_t now, curl_off_t up_all,
    curl_off_t up_now)
{
	(void)all;
	(void)now;
	(void)up_all;
	(void)up_now;
	return is_stopping((const struct http *)arg);
}

static void
set_tls(CURL *e, const struct registry_conf *conf)
{
	if (conf->ca_file != NULL)
		trust_file(e, conf->ca_file);
	if (conf->ca_text != NULL)
		trust_text(e, conf->ca_text);
	if (conf->client_file != NULL) {
		(void)curl_easy_setopt(e, CURLOPT_SSLCERT, conf->client_file);
		(void)curl_easy_setopt(e, CURLOPT_SSLKEY, conf->client_file);
		(void)curl_easy_setopt(e, CURLOPT_KEYPASSWD, conf->client_word);
	}
	if (conf->any_host)
		(void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
}

static void
set_user(CURL *e, const struct registry_conf *conf)
{
	(void)curl_easy_setopt(e, CURLOPT_HTTPAUTH,
	    (long)(conf->token != NULL ? CURLAUTH_BEARER : CURLAUTH_BASIC));
	(void)curl_easy_setopt(e, CURLOPT_USERPWD, conf->user_info);
	(void)curl_easy_setopt(e, CURLOPT_XOAUTH2_BEARER, conf->token);
}

void
http_renew(struct http *h)
{
	set_user(h->easy, h->conf);
	h->until = 0;
	h->failures = 0;
}

struct http *
http_new(const struct registry_conf *conf)
{
	struct http *h = (struct http *)xzalloc(sizeof *h);
	CURL *e = h->easy = curl_easy_init();

	assert(e != NULL);
	h->conf = conf;
	h->seed = pause_seed();
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		h->headers = curl_slist_append(h->headers, lines[i]);
	(void)curl_easy_setopt(e, CURLOPT_HTTPHEADER, h->headers);
	(void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	(void)curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
	(void)curl_easy_setopt(e, CURLOPT_PROXY,
	    conf->proxy == NULL ? "" : conf->proxy);
	(void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_reply);
	(void)curl_easy_setopt(e, CURLOPT_WRITEDATA, h);
	(void)curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress);
	(void)curl_easy_setopt(e, CURLOPT_XFERINFODATA, h);
	(void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, h->reason);
	if (!conf->allow_link_local)
		reach_limit(e, &h->reach);
	set_tls(e, conf);
	set_user(e, conf);
	return h;
}

void
http_free(struct http **hp)
{
	struct http *h = *hp;

	if (h == NULL)
		return;
	curl_easy_cleanup(h->easy);
	curl_slist_free_all(h->headers);
	free(h->text);
	free(h);
	*hp = NULL;
}

const char *
http_escape(struct http *h, struct ps_arena *a, const char *s)
{
	char *text = curl_easy_escape(h->easy, s, (int)strlen(s));
	const char *kept;

	assert(text != NULL);
	kept = ps_strdup(a, text);
	curl_free(text);
	return kept;
}

/* What an address is shown as: without user and password. */
static const char *
shown(const char *url)
{
	const char *host = strstr(url, "://");
	const char *at = strchr(url, '@');

	return host != NULL && at != NULL && at > host ? at + 1 : url;
}

/* Its errors are JSON with a code: what is not, a proxy or a gateway says. */
static bool
is_own_error(const struct http *h)
{
	json_t *root = json_loadb(h->len == 0 ? "" : h->text, h->len, 0, NULL);
	bool is = json_is_integer(json_object_get(root, "error_code"));

	json_decref(root);
	return is;
}

static bool
keeps_out(long status)
{
	return status == 401 || status == 403;
}

static bool
may_pass(const struct http *h, long status)
{
	if (status >= 200 && status < 300)
		return false;
	return status < 400 || status == 408 || status == 429 ||
	       status >= 500 || keeps_out(status) || !is_own_error(h);
}

struct request {
	const char *path, *body;
	int64_t connect_ms, read_ms;
};

/* One try: h->reason is set when there is no status. */
static long
try_once(struct http *h, const struct request *rq)
{
	char url[4096];
	CURL *e = h->easy;
	long status = 0;
	CURLcode rc;

	if (snprintf(url, sizeof url, "%s%s", h->conf->urls.items[h->at],
		rq->path) >= (int)sizeof url) {
		(void)snprintf(h->reason, sizeof h->reason,
		    "the address is too long");
		return 0;
	}
	h->len = 0;
	h->is_too_long = false;
	h->reach = (struct reach){ 0 };
	h->reason[0] = '\0';
	h->sent++;
	(void)curl_easy_setopt(e, CURLOPT_URL, url);
	(void)curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)rq->connect_ms);
	(void)curl_easy_setopt(e, CURLOPT_TIMEOUT_MS,
	    (long)(rq->connect_ms + rq->read_ms));
	if (rq->body == NULL) {
		(void)curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
	} else {
		(void)curl_easy_setopt(e, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(e, CURLOPT_POSTFIELDS, rq->body);
		(void)curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)strlen(rq->body));
	}
	rc = curl_easy_perform(e);
	if (rc == CURLE_OK) {
		(void)curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
		return status;
	}
	if (reach_is_denied(&h->reach))
		(void)snprintf(h->reason, sizeof h->reason,
		    REACH_DENIED " (schema.registry.allow.link.local=false)");
	else if (h->is_too_long)
		(void)snprintf(h->reason, sizeof h->reason,
		    "the answer is larger than %zu bytes", REPLY_MAX);
	else if (h->reason[0] == '\0')
		(void)snprintf(h->reason, sizeof h->reason, "%s",
		    curl_easy_strerror(rc));
	return 0;
}

/* Whom it was asked as. */
static const char *
asker(const struct http *h, char *out, size_t room)
{
	const char *url = h->conf->urls.items[h->at], *host = shown(url);
	const char *user = h->conf->user_info;

	if (user == NULL && host != url)
		user = strstr(url, "://") + 3;
	if (h->conf->token != NULL)
		(void)snprintf(out, room, "the token of bearer.auth.token");
	else if (user != NULL)
		(void)snprintf(out, room, "user %.*s%s",
		    (int)strcspn(user, ":@"), user,
		    user == h->conf->user_info ? " of basic.auth.user.info"
					       : "");
	else
		(void)snprintf(out, room, "anybody without credentials");
	return out;
}

static int
fail_for(struct http *h, long status, struct ps_error *err)
{
	const char *url = shown(h->conf->urls.items[h->at]);
	char who[WHO_MAX];
	int len = h->len > 200 ? 200 : (int)h->len;

	if (status == 0)
		return ps_fail(err, PS_E_RETRY,
		    "schema registry %s does not answer: %s", url, h->reason);
	if (keeps_out(status))
		return ps_fail(err, PS_E_RETRY,
		    "schema registry %s answers %ld, it does not let in %s: "
		    "%.*s",
		    url, status, asker(h, who, sizeof who), len,
		    h->text == NULL ? "" : h->text);
	return ps_fail(err, PS_E_RETRY, "schema registry %s answers %ld: %.*s",
	    url, status, len, h->text == NULL ? "" : h->text);
}

static int64_t
jitter(struct http *h, int64_t most)
{
	h->seed ^= h->seed << 13;
	h->seed ^= h->seed >> 7;
	h->seed ^= h->seed << 17;
	return most <= 0 ? 0 : (int64_t)(h->seed % (uint64_t)most) + 1;
}

/* False when a stop ended it. */
static bool
wait_ms(struct http *h, int64_t ms)
{
	const struct ps_host *host = h->conf->host;
	struct pollfd p = { .fd = host->wake_fd, .events = POLLIN };
	int64_t end = http_now() + ms, left;

	while ((left = end - http_now()) > 0) {
		if (is_stopping(h))
			return false;
		/* What is readable may be for later: look again soon. */
		if (poll(&p, 1, (int)left) > 0)
			(void)poll(NULL, 0, left < 50 ? (int)left : 50);
	}
	return !is_stopping(h);
}

static void
tell(const struct http *h, const char *cause)
{
	const struct ps_host *host = h->conf->host;

	if (PS_HOST_HAS(host, waiting))
		host->waiting(host, cause);
}

static int64_t
next_wait(struct http *h, int64_t attempt)
{
	int64_t most = h->conf->retry_ms
		       << (attempt > SHIFT_MAX ? SHIFT_MAX : attempt);

	return jitter(h,
	    most < h->conf->retry_max_ms ? most : h->conf->retry_max_ms);
}

static int
be_down(struct http *h, long status, struct ps_error *err)
{
	ps_error_clear(&h->why);
	(void)fail_for(h, status, &h->why);
	h->until =
	    http_now() + pause_ms(FIRST_DOWN_MS, h->failures++, &h->seed);
	*err = h->why;
	return -1;
}

static int
answered(struct http *h, long status, struct reply *out)
{
	h->until = 0;
	h->failures = 0;
	*out = (struct reply){ .status = status,
		.text = h->text == NULL ? "" : h->text,
		.len = h->len,
		.from = shown(h->conf->urls.items[h->at]) };
	return 0;
}

int
http_send(struct http *h, const char *path, const char *body, struct reply *out,
    struct ps_error *err)
{
	struct request rq = { path, body, h->conf->connect_ms,
		h->conf->read_ms };
	bool told = false;
	long status = 0;

	if (http_now() < h->until)
		return ps_fail(err, h->why.code, "%s", h->why.text);
	for (int64_t attempt = 0; attempt <= h->conf->retries; attempt++) {
		struct ps_error why = { 0 };

		if (attempt > 0 && !wait_ms(h, next_wait(h, attempt - 1)))
			break;
		for (size_t i = 0; i < h->conf->urls.count; i++) {
			status = try_once(h, &rq);
			if (!may_pass(h, status))
				break;
			if (is_stopping(h))
				return fail_for(h, status, err);
			(void)fail_for(h, status, &why);
			h->at = (h->at + 1) % h->conf->urls.count;
		}
		if (!may_pass(h, status)) {
			if (told)
				tell(h, NULL);
			return answered(h, status, out);
		}
		tell(h, why.text);
		told = true;
	}
	return be_down(h, status, err);
}

int
http_probe(struct http *h, const char *path, int64_t limit_ms,
    struct reply *out, struct ps_error *err)
{
	struct request rq = { path, NULL, limit_ms / 2, limit_ms / 2 };
	long status = 0;

	for (size_t i = 0; i < h->conf->urls.count; i++) {
		status = try_once(h, &rq);
		if (!may_pass(h, status))
			return answered(h, status, out);
		if (i + 1 < h->conf->urls.count)
			h->at = (h->at + 1) % h->conf->urls.count;
	}
	return fail_for(h, status, err);
}
