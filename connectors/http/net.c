#include "net.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include <linger/linger.h>
#include <trust/trust.h>

#include "retry.h"

#define DENIED       REACH_DENIED " (http.allow.link.local=false)"
#define CONNECT_MS   10000L
#define SLOW_SECONDS 20L
#define SLOW_BYTES   1L

struct net {
	const struct http_conf *conf;
	CURLM *multi;
	struct post *running;
	size_t pending;
};

int64_t
net_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

struct net *
net_new(const struct http_conf *conf)
{
	struct net *n = calloc(1, sizeof *n);

	if (n == NULL)
		abort();
	n->conf = conf;
	n->multi = curl_multi_init();
	if (n->multi == NULL)
		abort();
	return n;
}

struct post *
post_new(void)
{
	struct post *p = calloc(1, sizeof *p);

	if (p == NULL)
		abort();
	p->retry_after_s = -1;
	return p;
}

static void
post_free(struct net *n, struct post *p)
{
	if (p->easy != NULL) {
		(void)curl_multi_remove_handle(n->multi, p->easy);
		curl_easy_cleanup(p->easy);
	}
	curl_slist_free_all(p->list);
	free(p->body.data);
	free(p->reply.data);
	free(p);
}

void
net_cancel(struct net *n, const void *owner)
{
	struct post *p;

	for (struct post **at = &n->running; (p = *at) != NULL;) {
		if (p->owner != owner) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		n->pending--;
		post_free(n, p);
	}
}

void
net_free(struct net **np)
{
	struct post *p;

	while ((p = (*np)->running) != NULL) {
		(*np)->running = p->next;
		post_free(*np, p);
	}
	(void)curl_multi_cleanup((*np)->multi);
	free(*np);
	*np = NULL;
}

size_t
net_pending(const struct net *n)
{
	return n->pending;
}

static size_t
on_reply(char *data, size_t size, size_t count, void *arg)
{
	struct post *p = arg;
	size_t len = size * count;

	if (len > REPLY_MAX - p->reply.len) {
		p->is_cut_off = true;
		return 0; /* ends the transfer */
	}
	text_add(&p->reply, data, len);
	return len;
}

static size_t
on_header(char *data, size_t size, size_t count, void *arg)
{
	struct post *p = arg;

	(void)retry_after_line(data, size * count, &p->retry_after_s);
	return size * count;
}

static void
set_limits(const struct http_conf *conf, CURL *e)
{
	(void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(e, CURLOPT_PROXY, conf->proxy);
	(void)curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	(void)curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)conf->timeout_ms);
	(void)curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
	    conf->timeout_ms < CONNECT_MS ? (long)conf->timeout_ms
					  : CONNECT_MS);
	(void)curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES);
	(void)curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, SLOW_SECONDS);
	(void)curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
	(void)curl_easy_setopt(e, CURLOPT_SOCKOPTFUNCTION, linger_none);
	if (conf->ca_file[0] != '\0')
		trust_file(e, conf->ca_file);
	if (conf->client_file[0] != '\0') {
		(void)curl_easy_setopt(e, CURLOPT_SSLCERT, conf->client_file);
		(void)curl_easy_setopt(e, CURLOPT_SSLKEY, conf->client_file);
		(void)curl_easy_setopt(e, CURLOPT_KEYPASSWD, conf->client_word);
	}
	if (conf->trust_all) {
		(void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
		(void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

static void
add_line(struct post *p, const char *line)
{
	p->list = curl_slist_append(p->list, line);
	if (p->list == NULL)
		abort();
}

void
net_send(struct net *n, struct post *p)
{
	CURL *e = p->easy = curl_easy_init();

	if (e == NULL)
		abort();
	for (size_t i = 0; p->headers[i] != NULL; i++)
		add_line(p, p->headers[i]);
	add_line(p, "Expect:");
	set_limits(n->conf, e);
	(void)curl_easy_setopt(e, CURLOPT_URL, p->url);
	(void)curl_easy_setopt(e, CURLOPT_HTTPHEADER, p->list);
	(void)curl_easy_setopt(e, CURLOPT_POST, 1L);
	(void)curl_easy_setopt(e, CURLOPT_POSTFIELDS,
	    p->body.data == NULL ? "" : p->body.data);
	(void)curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)p->body.len);
	(void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_reply);
	(void)curl_easy_setopt(e, CURLOPT_WRITEDATA, p);
	(void)curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(e, CURLOPT_HEADERDATA, p);
	(void)curl_easy_setopt(e, CURLOPT_PRIVATE, p);
	(void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, p->reason);
	if (!n->conf->allow_link_local)
		reach_limit(e, &p->reach);
	if (curl_multi_add_handle(n->multi, e) != CURLM_OK)
		abort();
	p->next = n->running;
	n->running = p;
	n->pending++;
}

static void
finish(struct net *n, struct post *p, CURLcode rc)
{
	for (struct post **at = &n->running; *at != NULL; at = &(*at)->next)
		if (*at == p) {
			*at = p->next;
			break;
		}
	n->pending--;
	(void)curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &p->status);
	/* The answer's first line counts, however much it goes on to say. */
	if (rc != CURLE_OK && !p->is_cut_off) {
		p->status = 0;
		p->error = reach_is_denied(&p->reach) ? DENIED
			   : p->reason[0] != '\0'     ? p->reason
						      : curl_easy_strerror(rc);
	}
	p->done(p->owner, p);
	post_free(n, p);
}

void
net_drive(struct net *n)
{
	CURLMsg *msg;
	int left, running;
	char *p;

	if (n->pending == 0)
		return;
	(void)curl_multi_perform(n->multi, &running);
	while ((msg = curl_multi_info_read(n->multi, &left)) != NULL) {
		CURLcode rc = msg->data.result;

		if (msg->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &p);
		finish(n, (void *)p, rc);
	}
}

void
net_wait(struct net *n, int wake_fd, int64_t ms)
{
	struct curl_waitfd wake = { .fd = wake_fd, .events = CURL_WAIT_POLLIN };

	(void)curl_multi_poll(n->multi, &wake, 1, (int)ms, NULL);
	net_drive(n);
}
