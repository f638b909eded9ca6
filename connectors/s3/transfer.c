#include "transfer.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include <linger/linger.h>
#include <trust/trust.h>

#include "hash.h"
#include "sign.h"

#define CONNECT_MS    10000L
#define REQUEST_MS    600000L
#define SLOW_BYTES    1024L /* per second, for SLOW_SECONDS: give up */
#define SLOW_SECONDS  30L
#define UPLOAD_BUFFER (2L << 20)

void
target_init(struct target *t, const struct s3_conf *conf)
{
	const char *authority = strstr(conf->url, "://") + 3;
	struct str host = STR(t->host), base = STR(t->base);
	struct str path = STR(t->bucket_path);

	t->conf = conf;
	t->skew_s = 0;
	t->is_tls = strncmp(conf->url, "https://", 8) == 0;
	t->bucket_path[0] = '\0';
	str_printf(&host, "%s%s%s", conf->path_style ? "" : conf->bucket,
	    conf->path_style ? "" : ".", authority);
	str_printf(&base, "%s%s", t->is_tls ? "https://" : "http://", t->host);
	if (conf->path_style)
		str_printf(&path, "/%s", conf->bucket);
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

	if (n > REPLY_MAX - r->reply_len) {
		r->is_too_long = true;
		return 0; /* ends the transfer with an error */
	}
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

static int64_t
date_of(const char *value, size_t len)
{
	char text[128];
	struct str s = STR(text);
	time_t at;

	str_add(&s, value, len);
	at = curl_getdate(text, NULL);
	return at < 0 ? 0 : (int64_t)at;
}

static size_t
on_header(char *data, size_t size, size_t count, void *arg)
{
	struct s3_request *r = arg;
	size_t len = size * count, n;
	const char *value = header_value(data, len, "etag", &n);

	if (value != NULL && n < sizeof r->etag) {
		memcpy(r->etag, value, n);
		r->etag[n] = '\0';
	}
	value = header_value(data, len, "content-length", &n);
	if (value != NULL)
		r->length = strtoll(value, NULL, 10);
	value = header_value(data, len, "date", &n);
	if (value != NULL)
		r->server_time = date_of(value, n);
	value = header_value(data, len, "last-modified", &n);
	if (value != NULL)
		r->modified = date_of(value, n);
	return len;
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
add_headers(const struct target *t, struct s3_request *r, const char *path)
{
	char early[256] = "", late[640] = "", line[1024], date[64], host[400];
	struct str e = STR(early), l = STR(late), a = STR(line), d = STR(date);
	struct str h = STR(host);
	struct to_sign what = { .method = r->method,
		.host = t->host,
		.path = path,
		.query = r->query,
		.hash = t->is_tls ? "UNSIGNED-PAYLOAD" : r->hash,
		.early = early,
		.late = late,
		.now = time(NULL) + t->skew_s };

	if (r->creates && t->conf->acl[0] != '\0')
		str_printf(&e, "x-amz-acl:%s\n", t->conf->acl);
	if (r->creates && t->conf->sse[0] != '\0')
		str_printf(&l, "x-amz-server-side-encryption:%s\n",
		    t->conf->sse);
	if (r->creates && t->conf->kms_key[0] != '\0')
		str_printf(&l,
		    "x-amz-server-side-encryption-aws-kms-key-id:%s\n",
		    t->conf->kms_key);
	sign(t->conf, &what, &a, &d);
	str_printf(&h, "Host: %s", t->host);
	add_header(r, host);
	add_header(r, line);
	add_header(r, date);
	a = STR(line);
	str_printf(&a, "x-amz-content-sha256: %s", what.hash);
	add_header(r, line);
	if (t->conf->session_token[0] != '\0') {
		static const size_t room = 8192;
		struct str s = { .data = malloc(room), .room = room };

		if (s.data == NULL)
			abort();
		str_printf(&s, "x-amz-security-token: %s",
		    t->conf->session_token);
		add_header(r, s.data);
		free(s.data);
	}
	add_lines(r, early);
	add_lines(r, late);
	if (r->conditional)
		add_header(r, "If-None-Match: *");
	a = STR(line);
	str_printf(&a, "If-Match: %s", r->match);
	if (r->match[0] != '\0')
		add_header(r, line);
	add_header(r, "Expect:");
	add_header(r, "Content-Type: application/octet-stream");
}

static void
set_transport(const struct target *t, CURL *easy)
{
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(easy, CURLOPT_PROXY, t->conf->proxy);
	(void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, REQUEST_MS);
	(void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES);
	(void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, SLOW_SECONDS);
	(void)curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
	(void)curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, linger_none);
	if (t->conf->ca_file[0] != '\0')
		trust_file(easy, t->conf->ca_file);
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
	(void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, r->reason);
}

void
transfer_begin(const struct target *t, struct s3_request *r)
{
	char path[4096], url[8192];
	struct str p = STR(path), u = STR(url);

	str_printf(&p, "%s/", t->bucket_path);
	if (r->key != NULL)
		str_uri(&p, r->key, strlen(r->key), true);
	str_printf(&u, "%s%s%s%s", t->base, path,
	    r->query[0] == '\0' ? "" : "?", r->query);
	r->at = r->body.first;
	r->at_byte = 0;
	r->reply_len = 0;
	r->is_too_long = false;
	r->reach = (struct reach){ 0 };
	r->status = 0;
	r->length = -1;
	r->server_time = r->modified = 0;
	r->etag[0] = r->code[0] = r->message[0] = r->found[0] = '\0';
	r->reason[0] = '\0';
	if (!t->is_tls && r->hash[0] == '\0')
		hash_body(r);
	r->easy = curl_easy_init();
	if (r->easy == NULL)
		abort();
	add_headers(t, r, path);
	set_transport(t, r->easy);
	if (!t->conf->allow_link_local)
		reach_limit(r->easy, &r->reach);
	set_request(r->easy, r);
	(void)curl_easy_setopt(r->easy, CURLOPT_URL, url);
	(void)curl_easy_setopt(r->easy, CURLOPT_PATH_AS_IS, 1L);
}
