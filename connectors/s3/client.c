#include "client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "hash.h"
#include "sign.h"
#include "xml.h"

#define REPLY_MAX      ((size_t)2 << 20)
#define CONNECT_MS     10000L
#define REQUEST_MS     600000L
#define SLOW_BYTES     1024L /* per second, for SLOW_SECONDS: give up */
#define SLOW_SECONDS   30L
#define BACKOFF_MAX_MS 20000
#define UPLOAD_BUFFER  (2L << 20)
#define CAUSE_ROOM     1024

struct s3_client {
	const struct s3_conf *conf;
	struct pool *pool;
	CURLM *multi;
	size_t max_active, active;
	struct s3_request *queue, *running;
	char host[320], base[400]; /* authority; scheme://authority */
	char bucket_path[80];      /* "/bucket" with path style, else "" */
	bool is_tls;
	int64_t skew_s; /* the server's clock minus ours */
	uint64_t random;
	char cause[CAUSE_ROOM];
};

int64_t
client_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static uint64_t
next_random(struct s3_client *c)
{
	c->random ^= c->random << 13;
	c->random ^= c->random >> 7;
	c->random ^= c->random << 17;
	return c->random;
}

struct s3_client *
client_new(const struct s3_conf *conf, struct pool *pool, size_t max_active)
{
	struct s3_client *c = calloc(1, sizeof *c);
	const char *authority = strstr(conf->url, "://") + 3;
	struct timespec ts;
	struct str host, base;

	if (c == NULL)
		abort();
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	c->random = (uint64_t)ts.tv_nsec * 2654435761u + 88172645463325252u;
	c->conf = conf;
	c->pool = pool;
	c->max_active = max_active;
	c->is_tls = strncmp(conf->url, "https://", 8) == 0;
	host = STR(c->host);
	base = STR(c->base);
	str_printf(&host, "%s%s%s", conf->path_style ? "" : conf->bucket,
	    conf->path_style ? "" : ".", authority);
	str_printf(&base, "%s%s", c->is_tls ? "https://" : "http://", c->host);
	if (conf->path_style) {
		struct str path = STR(c->bucket_path);

		str_printf(&path, "/%s", conf->bucket);
	}
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
client_send(struct s3_client *c, struct s3_request *r)
{
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
    void (*done)(struct s3_client *c, struct s3_request *r))
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

const char *
client_cause(const struct s3_client *c)
{
	return c->cause;
}

static size_t
on_read(char *buf, size_t size, size_t count, void *arg)
{
	struct s3_request *r = arg;
	size_t room = size * count, done = 0, n;

	while (r->at != NULL && done < room) {
		n = r->at->len - r->at_byte;
		n = n < room - done ? n : room - done;
		memcpy(buf + done, r->at->data + r->at_byte, n);
		done += n;
		r->at_byte += n;
		if (r->at_byte < r->at->len)
			break;
		r->at = r->at->next;
		r->at_byte = 0;
	}
	return done;
}

static int
on_seek(void *arg, curl_off_t offset, int origin)
{
	struct s3_request *r = arg;

	if (offset != 0 || origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	r->at = r->body.first;
	r->at_byte = 0;
	return CURL_SEEKFUNC_OK;
}

static size_t
on_reply(char *data, size_t size, size_t count, void *arg)
{
	struct s3_request *r = arg;
	size_t n = size * count;

	if (n > REPLY_MAX - r->reply_len)
		return 0; /* ends the transfer with an error */
	if (r->reply_len + n + 1 > r->reply_room) {
		r->reply_room = 2 * r->reply_room + n + 1024;
		r->reply = realloc(r->reply, r->reply_room);
		if (r->reply == NULL)
			abort();
	}
	memcpy(r->reply + r->reply_len, data, n);
	r->reply_len += n;
	r->reply[r->reply_len] = '\0';
	return n;
}

/* The value of a header line if it is the named one. */
static const char *
header_value(const char *line, size_t len, const char *name, size_t *value_len)
{
	size_t n = strlen(name);

	if (len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
		return NULL;
	line += n + 1;
	len -= n + 1;
	while (len > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	while (len > 0 && strchr(" \r\n", line[len - 1]) != NULL)
		len--;
	*value_len = len;
	return line;
}

static size_t
on_header(char *data, size_t size, size_t count, void *arg)
{
	struct s3_request *r = arg;
	size_t len = size * count, n;
	const char *value = header_value(data, len, "etag", &n);
	char text[128];

	if (value != NULL && n < sizeof r->etag) {
		memcpy(r->etag, value, n);
		r->etag[n] = '\0';
	}
	value = header_value(data, len, "content-length", &n);
	if (value != NULL)
		r->length = strtoll(value, NULL, 10);
	value = header_value(data, len, "date", &n);
	if (value != NULL && n < sizeof text) {
		memcpy(text, value, n);
		text[n] = '\0';
		r->server_time = curl_getdate(text, NULL);
	}
	return len;
}

/* A task that was killed must not go on sending what the kernel has left. */
static int
on_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	struct linger none = { .l_onoff = 1 };

	(void)arg;
	(void)purpose;
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	return CURL_SOCKOPT_OK;
}

static void
hash_body(struct s3_request *r)
{
	unsigned char digest[HASH_BYTES];

	hash_chain(&r->body, digest);
	hash_hex(r->hash, digest);
}

static void
add_header(struct s3_request *r, const char *line)
{
	struct curl_slist *list = curl_slist_append(r->headers, line);

	if (list == NULL)
		abort();
	r->headers = list;
}

/* "name:value\n" lines as headers. */
static void
add_lines(struct s3_request *r, const char *lines)
{
	char line[512];

	while (*lines != '\0') {
		struct str s = STR(line);

		str_add(&s, lines, strcspn(lines, "\n"));
		add_header(r, line);
		lines += strcspn(lines, "\n") + 1;
	}
}

static void
add_headers(struct s3_client *c, struct s3_request *r, const char *path)
{
	char early[256] = "", late[640] = "", line[1024], date[64], host[400];
	struct str e = STR(early), l = STR(late), a = STR(line), d = STR(date);
	struct str h = STR(host);
	struct to_sign what = { .method = r->method,
		.host = c->host,
		.path = path,
		.query = r->query,
		.hash = c->is_tls ? "UNSIGNED-PAYLOAD" : r->hash,
		.early = early,
		.late = late,
		.now = time(NULL) + c->skew_s };

	if (r->creates && c->conf->acl[0] != '\0')
		str_printf(&e, "x-amz-acl:%s\n", c->conf->acl);
	if (r->creates && c->conf->sse[0] != '\0')
		str_printf(&l, "x-amz-server-side-encryption:%s\n",
		    c->conf->sse);
	if (r->creates && c->conf->kms_key[0] != '\0')
		str_printf(&l,
		    "x-amz-server-side-encryption-aws-kms-key-id:%s\n",
		    c->conf->kms_key);
	sign(c->conf, &what, &a, &d);
	str_printf(&h, "Host: %s", c->host);
	add_header(r, host);
	add_header(r, line);
	add_header(r, date);
	a = STR(line);
	str_printf(&a, "x-amz-content-sha256: %s", what.hash);
	add_header(r, line);
	if (c->conf->session_token[0] != '\0') {
		static const size_t room = 8192;
		struct str t = { .data = malloc(room), .room = room };

		if (t.data == NULL)
			abort();
		str_printf(&t, "x-amz-security-token: %s",
		    c->conf->session_token);
		add_header(r, t.data);
		free(t.data);
	}
	add_lines(r, early);
	add_lines(r, late);
	if (r->conditional)
		add_header(r, "If-None-Match: *");
	add_header(r, "Expect:");
	add_header(r, "Content-Type: application/octet-stream");
}

static void
set_transport(struct s3_client *c, CURL *easy)
{
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(easy, CURLOPT_PROXY, c->conf->proxy);
	(void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, REQUEST_MS);
	(void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES);
	(void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, SLOW_SECONDS);
	(void)curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
	(void)curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
}

static void
set_request(CURL *easy, struct s3_request *r)
{
	bool has_body =
	    strcmp(r->method, "PUT") == 0 || strcmp(r->method, "POST") == 0;

	if (has_body) {
		(void)curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
		(void)curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
		    (curl_off_t)r->body.bytes);
		(void)curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
		(void)curl_easy_setopt(easy, CURLOPT_READDATA, r);
		(void)curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
		(void)curl_easy_setopt(easy, CURLOPT_SEEKDATA, r);
	}
	if (strcmp(r->method, "HEAD") == 0)
		(void)curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else
		(void)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, r->method);
	(void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, r->headers);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_reply);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, r);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, r);
	(void)curl_easy_setopt(easy, CURLOPT_PRIVATE, r);
}

static void
start(struct s3_client *c, struct s3_request *r)
{
	char path[4096], url[8192];
	struct str p = STR(path), u = STR(url);

	str_printf(&p, "%s/", c->bucket_path);
	if (r->key != NULL)
		str_uri(&p, r->key, strlen(r->key), true);
	str_printf(&u, "%s%s%s%s", c->base, path,
	    r->query[0] == '\0' ? "" : "?", r->query);
	r->at = r->body.first;
	r->at_byte = 0;
	r->reply_len = 0;
	r->status = 0;
	r->length = -1;
	r->server_time = 0;
	r->etag[0] = r->code[0] = r->message[0] = r->found[0] = '\0';
	if (!c->is_tls && r->hash[0] == '\0')
		hash_body(r);
	r->easy = curl_easy_init();
	if (r->easy == NULL)
		abort();
	add_headers(c, r, path);
	set_transport(c, r->easy);
	set_request(r->easy, r);
	(void)curl_easy_setopt(r->easy, CURLOPT_URL, url);
	(void)curl_easy_setopt(r->easy, CURLOPT_PATH_AS_IS, 1L);
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
		str_puts(&s, curl_easy_strerror(rc));
	else
		str_printf(&s, "status %ld %s%s%.200s", r->status, r->code,
		    r->message[0] == '\0' ? "" : ": ", r->message);
	str_printf(&s, " (attempt %u)", r->attempts);
}

static void
repeat(struct s3_client *c, struct s3_request *r)
{
	int64_t ms = c->conf->backoff_ms;

	for (unsigned i = 1; i < r->attempts && ms < BACKOFF_MAX_MS; i++)
		ms *= 2;
	ms = ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS;
	if (strcmp(r->code, "RequestTimeTooSkewed") == 0 && r->server_time > 0)
		c->skew_s = r->server_time - time(NULL);
	r->due_ms = client_now() + ms / 2 +
		    (int64_t)(next_random(c) % (uint64_t)(ms / 2 + 1));
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
