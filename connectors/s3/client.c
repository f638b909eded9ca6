#include "client.h"

#include <curl/curl.h>
#include <stdlib.h>

#include <pause/pause.h>

#include "transfer.h"
#include "xml.h"

#define CAUSE_ROOM 1024

struct s3_client {
	const struct s3_conf *conf;
	struct pool *pool;
	CURLM *multi;
	size_t max_active, active;
	struct s3_request *queue, *running;
	struct target target;
	uint64_t seed;
	char cause[CAUSE_ROOM];
};

int64_t
client_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

struct s3_client *
client_new(const struct s3_conf *conf, struct pool *pool, size_t max_active)
{
	struct s3_client *c = calloc(1, sizeof *c);

	if (c == NULL)
		abort();
	c->seed = pause_seed();
	c->conf = conf;
	c->pool = pool;
	c->max_active = max_active;
	target_init(&c->target, conf);
	c->multi = curl_multi_init();
	if (c->multi == NULL)
		abort();
	(void)curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS,
	    (long)max_active);
	return c;
}

struct s3_request *
request_new(const char *method, const char *key, const char *query)
{
	struct s3_request *r = calloc(1, sizeof *r);

	if (r == NULL)
		abort();
	r->method = method;
	r->key = key == NULL ? NULL : dup_text(key);
	r->query = dup_text(query);
	return r;
}

struct s3_request *
request_of_upload(const char *method, const char *key, const char *id)
{
	char query[4096];
	struct str q = STR(query);

	str_puts(&q, "uploadId=");
	str_uri(&q, id, strlen(id), false);
	return request_new(method, key, query);
}

static void
request_stop(struct s3_client *c, struct s3_request *r)
{
	if (r->easy != NULL) {
		(void)curl_multi_remove_handle(c->multi, r->easy);
		curl_easy_cleanup(r->easy);
	}
	curl_slist_free_all(r->headers);
	r->easy = r->headers = NULL;
}

static void
request_free(struct s3_client *c, struct s3_request *r)
{
	request_stop(c, r);
	chain_free(&r->body, c->pool);
	free(r->key);
	free(r->query);
	free(r->reply);
	free(r);
}

void
client_free(struct s3_client **cp)
{
	struct s3_client *c = *cp;
	struct s3_request *r;

	if (c == NULL)
		return;
	while ((r = c->running) != NULL) {
		c->running = r->next;
		request_free(c, r);
	}
	while ((r = c->queue) != NULL) {
		c->queue = r->next;
		request_free(c, r);
	}
	(void)curl_multi_cleanup(c->multi);
	free(c);
	*cp = NULL;
}

static void
append(struct s3_request **list, struct s3_request *r)
{
	while (*list != NULL)
		list = &(*list)->next;
	r->next = NULL;
	*list = r;
}

void
client_send(struct s3_client *c, struct s3_request *r, void *owner,
    s3_done_fn *done)
{
	r->owner = owner;
	r->done = done;
	append(&c->queue, r);
}

void
client_cancel(struct s3_client *c, const void *owner)
{
	struct s3_request **lists[] = { &c->queue, &c->running }, *r;

	for (size_t i = 0; i < 2; i++)
		for (struct s3_request **at = lists[i]; (r = *at) != NULL;) {
			if (r->owner != owner) {
				at = &r->next;
				continue;
			}
			*at = r->next;
			c->active -= i;
			request_free(c, r);
		}
}

void
client_disown(struct s3_client *c, const void *owner, const char *want,
    s3_done_fn *done)
{
	struct s3_request *lists[] = { c->queue, c->running };

	for (size_t i = 0; i < 2; i++)
		for (struct s3_request *r = lists[i]; r != NULL; r = r->next) {
			if (r->owner != owner || r->want == NULL ||
			    strcmp(r->want, want) != 0)
				continue;
			r->owner = NULL;
			r->done = done;
		}
}

size_t
client_pending(const struct s3_client *c)
{
	size_t n = c->active;

	for (const struct s3_request *r = c->queue; r != NULL; r = r->next)
		n++;
	return n;
}

const struct s3_request *
client_oldest(const struct s3_client *c)
{
	return c->running;
}

const char *
client_cause(const struct s3_client *c)
{
	return c->cause;
}

static void
start(struct s3_client *c, struct s3_request *r)
{
	transfer_begin(&c->target, r);
	if (curl_multi_add_handle(c->multi, r->easy) != CURLM_OK)
		abort();
	append(&c->running, r);
	c->active++;
}

static void
on_element(void *arg, const char *name, const char *text)
{
	struct s3_request *r = arg;
	struct str s;

	if (strcmp(name, "Code") == 0) {
		s = STR(r->code);
		str_add(&s, text, strnlen(text, sizeof r->code - 1));
	} else if (strcmp(name, "Message") == 0) {
		s = STR(r->message);
		str_add(&s, text, strnlen(text, sizeof r->message - 1));
	} else if (r->want != NULL && strcmp(name, r->want) == 0) {
		s = STR(r->found);
		str_puts(&s, text);
	}
}

/* Codes of 4xx answers that another attempt may change. */
static const char *const passing_codes[] = { "RequestTimeout",
	"RequestTimeTooSkewed", "ExpiredToken", "InvalidToken",
	"TokenRefreshRequired", "BadDigest", "IncompleteBody",
	"XAmzContentSHA256Mismatch", "AuthorizationHeaderMalformed",
	"ConditionalRequestConflict", "OperationAborted", "NoSuchBucket",
	"IllegalLocationConstraintException", "SlowDown", NULL };

static bool
is_passing_code(const char *code)
{
	for (size_t i = 0; passing_codes[i] != NULL; i++)
		if (strcmp(code, passing_codes[i]) == 0)
			return true;
	return false;
}

/* Is this an answer, or does it only say "not now"? */
static bool
is_final(const struct s3_request *r, CURLcode rc, const char *root)
{
	if (rc != CURLE_OK || r->status == 0)
		return false;
	if (r->status >= 200 && r->status < 300)
		return strcmp(root, "Error") != 0 &&
		       (r->want == NULL ||
			   (r->want[0] == '\0' ? r->etag : r->found)[0] !=
			       '\0');
	if (r->status == 501 || r->status == 412)
		return true;
	if (r->status < 400 || r->status >= 500 || r->status == 401 ||
	    r->status == 403 || r->status == 408 || r->status == 429 ||
	    r->status == 409)
		return false;
	return !is_passing_code(r->code);
}

static void
say_cause(struct s3_client *c, const struct s3_request *r, CURLcode rc)
{
	struct str s = STR(c->cause);

	c->cause[0] = '\0';
	str_printf(&s, "S3: %s %s/%s/%.400s: ", r->method, c->conf->url,
	    c->conf->bucket, r->key == NULL ? "" : r->key);
	if (rc != CURLE_OK)
		str_puts(&s,
		    r->reason[0] != '\0' ? r->reason : curl_easy_strerror(rc));
	else
		str_printf(&s, "status %ld %s%s%.200s", r->status, r->code,
		    r->message[0] == '\0' ? "" : ": ", r->message);
	str_printf(&s, " (attempt %u)", r->attempts);
}

static void
repeat(struct s3_client *c, struct s3_request *r)
{
	if (strcmp(r->code, "RequestTimeTooSkewed") == 0 && r->server_time > 0)
		c->target.skew_s = r->server_time - time(NULL);
	r->due_ms = client_now() +
		    pause_ms(c->conf->backoff_ms, r->attempts - 1, &c->seed);
	append(&c->queue, r);
}

static void
finish(struct s3_client *c, struct s3_request *r, CURLcode rc)
{
	char root[64] = "";

	for (struct s3_request **at = &c->running; *at != NULL;
	     at = &(*at)->next)
		if (*at == r) {
			*at = r->next;
			break;
		}
	c->active--;
	(void)curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &r->status);
	request_stop(c, r);
	if (reach_is_denied(&r->reach))
		(void)snprintf(r->reason, sizeof r->reason,
		    REACH_DENIED " (store.allow.link.local=false)");
	if (r->is_too_long)
		(void)snprintf(r->reason, sizeof r->reason,
		    "the answer is larger than %zu bytes", REPLY_MAX);
	r->attempts++;
	if (r->reply_len > 0)
		(void)xml_read(r->reply, r->reply_len, root, sizeof root,
		    on_element, r);
	if (!is_final(r, rc, root)) {
		if (rc != CURLE_OK)
			r->status = 0;
		if (!r->best_effort) {
			say_cause(c, r, rc);
			repeat(c, r);
			return;
		}
	} else if (r->status < 300) {
		c->cause[0] = '\0';
	}
	r->done(c, r);
	request_free(c, r);
}

static void
start_due(struct s3_client *c)
{
	int64_t now = client_now();
	struct s3_request *r;

	for (struct s3_request **at = &c->queue;
	     (r = *at) != NULL && c->active < c->max_active;) {
		if (r->due_ms > now) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		start(c, r);
	}
}

void
client_drive(struct s3_client *c)
{
	CURLMsg *msg;
	int left, running;
	void *r;

	if (c->queue == NULL && c->active == 0)
		return;
	start_due(c);
	(void)curl_multi_perform(c->multi, &running);
	while ((msg = curl_multi_info_read(c->multi, &left)) != NULL) {
		CURLcode rc = msg->data.result;

		if (msg->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE,
		    (char **)&r);
		finish(c, r, rc);
	}
	start_due(c);
}

void
client_wait(struct s3_client *c, int wake_fd, int64_t ms)
{
	struct curl_waitfd wake = { .fd = wake_fd, .events = CURL_WAIT_POLLIN };
	int64_t now = client_now();

	if (c->active < c->max_active)
		for (struct s3_request *r = c->queue; r != NULL; r = r->next)
			if (r->due_ms - now < ms)
				ms = r->due_ms > now ? r->due_ms - now : 0;
	(void)curl_multi_poll(c->multi, &wake, 1, (int)ms, NULL);
	client_drive(c);
}
