#include "http/caller.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <trust/trust.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/tls.h"

#define ANSWER_BYTES ((size_t)16 << 20)
#define CONNECT_MS   5000L
#define HEADER_BYTES 512

struct caller {
	uv_loop_t *loop;
	CURLM *multi;
	uv_timer_t timer;
	const struct tls *tls; /* NULL: no https listener */
	int handles;           /* that the loop still knows */
	struct call *first;
	bool closed;
};

/* A socket that curl waits for. */
struct watch {
	uv_poll_t poll;
	struct caller *c;
	curl_socket_t fd;
};

struct call {
	struct call *next, **link;
	struct caller *c;
	CURL *easy;
	struct curl_slist *headers;
	char *body;
	struct buf in;
	char location[HEADER_BYTES], passed[HEADER_BYTES], etag[HEADER_BYTES];
	call_fn *fn;
	void *ctx;
	bool is_over; /* its function is being called: nobody else ends it */
};

/* ---- the end of a call ------------------------------------------------- */

/* The caller no longer knows it. */
static void
call_leave(struct call *call)
{
	*call->link = call->next;
	if (call->next != NULL)
		call->next->link = call->link;
	(void)curl_multi_remove_handle(call->c->multi, call->easy);
}

static void
call_free(struct call *call)
{
	curl_easy_cleanup(call->easy);
	curl_slist_free_all(call->headers);
	buf_fini(&call->in);
	free(call->body);
	free(call);
}

static const char *
given(const char *header)
{
	return header[0] == '\0' ? NULL : header;
}

static void
finish(struct call *call, CURLcode code)
{
	/* That is take_body's refusal. */
	struct call_answer a = { .trouble = code == CURLE_WRITE_ERROR
						? "the answer is too long"
						: curl_easy_strerror(code),
		.unsent = code == CURLE_COULDNT_CONNECT ||
			  code == CURLE_COULDNT_RESOLVE_HOST,
		.body = buf_str(&call->in),
		.len = call->in.len,
		.location = given(call->location),
		.passed = given(call->passed),
		.etag = given(call->etag) };
	long status = 0;

	if (code == CURLE_OK)
		(void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE,
		    &status);
	a.status = (int)status;
	/* What is called may end the caller, and all that it knows. */
	call->is_over = true;
	call_leave(call);
	call->fn(call->ctx, &a);
	call_free(call);
}

static struct call *
call_of(CURL *easy)
{
	char *call = NULL;

	(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &call);
	return (struct call *)(void *)call;
}

/* A function called may end the caller. */
static void
collect(struct caller *c)
{
	CURLMsg *m;
	int left;

	while (
	    !c->closed && (m = curl_multi_info_read(c->multi, &left)) != NULL)
		if (m->msg == CURLMSG_DONE)
			finish(call_of(m->easy_handle), m->data.result);
}

/* ---- curl on the loop -------------------------------------------------- */

static void
caller_release(struct caller *c)
{
	if (c->closed && c->handles == 0)
		free(c);
}

static void
on_timer_closed(uv_handle_t *h)
{
	struct caller *c = h->data;

	c->handles--;
	caller_release(c);
}

static void
on_poll_closed(uv_handle_t *h)
{
	struct watch *w = h->data;
	struct caller *c = w->c;

	free(w);
	c->handles--;
	caller_release(c);
}

static void
on_poll(uv_poll_t *p, int status, int events)
{
	struct watch *w = p->data;
	struct caller *c = w->c;
	int flags = 0, running;

	if (c->closed)
		return;
	if (status < 0)
		flags = CURL_CSELECT_ERR;
	if ((events & UV_READABLE) != 0)
		flags |= CURL_CSELECT_IN;
	if ((events & UV_WRITABLE) != 0)
		flags |= CURL_CSELECT_OUT;
	(void)curl_multi_socket_action(c->multi, w->fd, flags, &running);
	collect(c);
}

static struct watch *
watch_new(struct caller *c, curl_socket_t fd)
{
	struct watch *w = xcalloc(1, sizeof *w);

	w->c = c;
	w->fd = fd;
	w->poll.data = w;
	(void)uv_poll_init(c->loop, &w->poll, fd);
	(void)curl_multi_assign(c->multi, fd, w);
	c->handles++;
	return w;
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket)
{
	struct caller *c = ctx;
	struct watch *w = socket;
	int events = ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) |
		     ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0);

	(void)easy;
	if (what != CURL_POLL_REMOVE) {
		if (w == NULL)
			w = watch_new(c, fd);
		(void)uv_poll_start(&w->poll, events, on_poll);
	} else if (w != NULL) {
		(void)curl_multi_assign(c->multi, fd, NULL);
		(void)uv_poll_stop(&w->poll);
		uv_close((uv_handle_t *)&w->poll, on_poll_closed);
	}
	return 0;
}

static void
on_time(uv_timer_t *t)
{
	struct caller *c = t->data;
	int running;

	(void)curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0,
	    &running);
	collect(c);
}

static int
on_timeout(CURLM *multi, long ms, void *ctx)
{
	struct caller *c = ctx;

	(void)multi;
	if (c->closed)
		return 0;
	if (ms < 0)
		(void)uv_timer_stop(&c->timer);
	else
		(void)uv_timer_start(&c->timer, on_time, (uint64_t)ms, 0);
	return 0;
}

/* ---- a call ------------------------------------------------------------ */

static size_t
take_body(char *data, size_t size, size_t count, void *ctx)
{
	struct call *call = ctx;

	return buf_append(&call->in, data, size * count) == 0 ? size * count
							      : 0;
}

/* "Name: value\r\n" */
static void
take_if(char *out, const char *name, const char *line, size_t len)
{
	size_t named = strlen(name);

	if (len <= named || strncasecmp(line, name, named) != 0 ||
	    line[named] != ':')
		return;
	line += named + 1;
	len -= named + 1;
	while (len > 0 && *line == ' ') {
		line++;
		len--;
	}
	while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
		len--;
	if (len < HEADER_BYTES) {
		memcpy(out, line, len);
		out[len] = '\0';
	}
}

static size_t
take_header(char *line, size_t size, size_t count, void *ctx)
{
	struct call *call = ctx;

	take_if(call->location, "Location", line, size * count);
	take_if(call->passed, CALLER_PASSED, line, size * count);
	take_if(call->etag, "ETag", line, size * count);
	return size * count;
}

/* curl takes a copy. */
static void
set_text(CURL *e, CURLoption option, const char *text)
{
	char *copy = text == NULL ? NULL : xstrdup(text);
	struct curl_blob blob = { copy, 0, CURL_BLOB_COPY };

	if (copy == NULL)
		return;
	blob.len = strlen(copy);
	(void)curl_easy_setopt(e, option, &blob);
	free(copy);
}

static void
set_tls(CURL *e, const struct tls *tls)
{
	const struct tls_pem *pem = tls_pem(tls);

	if (pem->trust != NULL)
		trust_text(e, pem->trust);
	set_text(e, CURLOPT_SSLCERT_BLOB, pem->certificates);
	set_text(e, CURLOPT_SSLKEY_BLOB, pem->key);
	(void)curl_easy_setopt(e, CURLOPT_SSLCERTTYPE, "PEM");
	(void)curl_easy_setopt(e, CURLOPT_SSLKEYTYPE, "PEM");
	(void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST,
	    pem->any_host ? 0L : 2L);
}

static void
set_options(struct call *call, const struct call_spec *s)
{
	CURL *e = call->easy;

	(void)curl_easy_setopt(e, CURLOPT_PRIVATE, call);
	/* On a connection of its own: when one that was used before breaks
	 * without an answer, curl asks again on a new one, and if nobody
	 * takes that the request seems never to have been sent. */
	(void)curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
	(void)curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
	(void)curl_easy_setopt(e, CURLOPT_URL, s->url);
	(void)curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, s->method);
	(void)curl_easy_setopt(e, CURLOPT_HTTPHEADER, call->headers);
	(void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_body);
	(void)curl_easy_setopt(e, CURLOPT_WRITEDATA, call);
	(void)curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, take_header);
	(void)curl_easy_setopt(e, CURLOPT_HEADERDATA, call);
	(void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
	(void)curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	(void)curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)s->limit_ms);
	if (call->c->tls != NULL)
		set_tls(e, call->c->tls);
	if (s->body == NULL)
		return;
	(void)curl_easy_setopt(e, CURLOPT_POSTFIELDS, call->body);
	(void)curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)s->len);
}

struct call *
caller_start(struct caller *c, const struct call_spec *spec, call_fn *fn,
    void *ctx)
{
	struct call *call = xcalloc(1, sizeof *call);

	call->c = c;
	call->fn = fn;
	call->ctx = ctx;
	call->easy = curl_easy_init();
	assert(call->easy != NULL);
	buf_init(&call->in, ANSWER_BYTES);
	for (const char *const *h = spec->headers; h != NULL && *h != NULL; h++)
		call->headers = curl_slist_append(call->headers, *h);
	if (spec->body != NULL)
		call->body = xstrndup(spec->body, spec->len);
	set_options(call, spec);
	call->next = c->first;
	call->link = &c->first;
	if (call->next != NULL)
		call->next->link = &call->next;
	c->first = call;
	(void)curl_multi_add_handle(c->multi, call->easy);
	return call;
}

void
call_cancel(struct call *call)
{
	if (call->is_over)
		return;
	call_leave(call);
	call_free(call);
}

/* ---- life -------------------------------------------------------------- */

struct caller *
caller_new(uv_loop_t *loop)
{
	struct caller *c = xcalloc(1, sizeof *c);

	c->loop = loop;
	c->multi = curl_multi_init();
	assert(c->multi != NULL);
	(void)curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	(void)curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	(void)curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
	(void)curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	c->timer.data = c;
	(void)uv_timer_init(loop, &c->timer);
	c->handles = 1;
	return c;
}

void
caller_use_tls(struct caller *c, const struct tls *tls)
{
	c->tls = tls;
}

void
caller_free(struct caller **cp)
{
	struct caller *c = *cp;

	if (c == NULL)
		return;
	*cp = NULL;
	c->closed = true;
	for (struct call *call = c->first, *next; call != NULL; call = next) {
		next = call->next;
		call_leave(call);
		call_free(call);
	}
	(void)curl_multi_cleanup(c->multi);
	uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}
