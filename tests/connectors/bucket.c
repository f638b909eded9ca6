#include "tests/connectors/bucket.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/xalloc.h"

static void
decode(char *out, size_t room, const char *from, size_t len)
{
	size_t n = 0;
	unsigned c;

	for (size_t i = 0; i < len && n + 1 < room; i++) {
		c = (unsigned char)from[i];
		if (c == '%' && i + 2 < len &&
		    sscanf(from + i + 1, "%2x", &c) == 1)
			i += 2;
		out[n++] = (char)c;
	}
	out[n] = '\0';
}

/* The value of a query parameter in `out`; false when there is none. */
static bool
parameter(const struct stub_request *q, const char *name, char *out,
    size_t room)
{
	const char *p = strchr(q->target, '?');
	size_t n = strlen(name);

	while (p != NULL) {
		p++;
		if (strncmp(p, name, n) == 0 && p[n] == '=') {
			decode(out, room, p + n + 1, strcspn(p + n + 1, "&"));
			return true;
		}
		p = strchr(p, '&');
	}
	return false;
}

struct object_row *
bucket_get(struct bucket *b, const char *key)
{
	for (size_t i = 0; i < b->count; i++)
		if (strcmp(b->objects[i].key, key) == 0)
			return &b->objects[i];
	return NULL;
}

static void
error(struct stub_reply *a, int status, const char *code)
{
	char text[256];

	a->status = status;
	(void)snprintf(text, sizeof text,
	    "<?xml version=\"1.0\"?>\n<Error><Code>%s</Code>"
	    "<Message>no</Message></Error>",
	    code);
	stub_body(a, text, strlen(text));
}

enum { SUM = 16 };

static void
sum(const void *data, size_t len, unsigned char out[SUM])
{
	if (EVP_Digest(data, len, out, NULL, EVP_md5(), NULL) != 1)
		abort();
}

/* "sum", or "sum-parts" of an upload. */
static void
write_etag(char *out, size_t room, const unsigned char md5[SUM], size_t parts)
{
	size_t n = 0;

	for (size_t i = 0; i < SUM; i++)
		n += (size_t)snprintf(out + n, room - n, "%02x", md5[i]);
	if (parts > 0)
		(void)snprintf(out + n, room - n, "-%zu", parts);
}

static struct object_row *
store(struct bucket *b, const char *key, const char *data, size_t len)
{
	unsigned char md5[SUM];
	struct object_row *o = bucket_get(b, key);

	if (o == NULL) {
		if (b->count == sizeof b->objects / sizeof *b->objects)
			abort();
		o = &b->objects[b->count++];
		o->key = xstrdup(key);
	}
	free(o->data);
	o->data = xmalloc(len + 1);
	memcpy(o->data, data, len);
	o->data[len] = '\0';
	o->len = len;
	o->writes++;
	o->written = b->clock;
	sum(data, len, md5);
	write_etag(o->etag, sizeof o->etag, md5, 0);
	return o;
}

void
bucket_store(struct bucket *b, const char *key, const char *data, size_t len)
{
	(void)store(b, key, data, len);
}

void
bucket_put(struct bucket *b, const char *key, const char *data, size_t len)
{
	stub_lock(b->stub);
	(void)store(b, key, data, len);
	stub_unlock(b->stub);
}

void
bucket_remove(struct bucket *b, const char *key)
{
	struct object_row *o = bucket_get(b, key);

	free(o->key);
	free(o->data);
	*o = b->objects[--b->count];
	memset(&b->objects[b->count], 0, sizeof *o);
}

/* As told, quotes and all. */
static void
tell_etag(const struct bucket *b, const struct object_row *o, char *out,
    size_t room)
{
	if (b->opaque)
		(void)snprintf(out, room, "\"opaque-%zu\"", o->writes);
	else
		(void)snprintf(out, room, "\"%s\"", o->etag);
}

/* "Name: date\r\n" behind the headers that there are. */
static void
add_date(struct stub_reply *a, const char *name, int64_t s)
{
	size_t used = strlen(a->headers);
	time_t at = (time_t)s;
	char text[64];
	struct tm tm;

	(void)gmtime_r(&at, &tm);
	(void)strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	(void)snprintf(a->headers + used, sizeof a->headers - used,
	    "%s: %s\r\n", name, text);
}

static bool
is_refused(struct bucket *b, const struct stub_request *q, const char *key,
    struct stub_reply *a)
{
	const struct object_row *o = bucket_get(b, key);
	char none[64], match[64], etag[64];

	(void)stub_header(q, "If-None-Match", none, sizeof none);
	(void)stub_header(q, "If-Match", match, sizeof match);
	b->conditions += strcmp(none, "*") == 0;
	b->matches += match[0] != '\0';
	if (b->is_deaf)
		return false;
	if (match[0] != '\0' && o == NULL) {
		error(a, 404, "NoSuchKey");
		return true;
	}
	if (match[0] != '\0')
		tell_etag(b, o, etag, sizeof etag);
	if (b->is_odd)
		etag[0] = '\0';
	if ((match[0] == '\0' || strcmp(match, etag) == 0) &&
	    (strcmp(none, "*") != 0 || o == NULL))
		return false;
	b->refused++;
	error(a, 412, "PreconditionFailed");
	return true;
}

static struct upload_row *
find_upload(struct bucket *b, const char *id)
{
	int n = (int)strtol(id, NULL, 10);

	for (size_t i = 0; i < 256; i++)
		if (n != 0 && b->uploads[i].id == n)
			return &b->uploads[i];
	return NULL;
}

static void
end_upload(struct upload_row *u)
{
	for (size_t i = 0; i < 64; i++)
		free(u->parts[i].data);
	free(u->key);
	memset(u, 0, sizeof *u);
}

static void
create(struct bucket *b, const char *key, struct stub_reply *a)
{
	char text[256];

	for (size_t i = 0; i < 256; i++) {
		if (b->uploads[i].id != 0)
			continue;
		b->uploads[i].id = ++b->last_id;
		b->uploads[i].key = xstrdup(key);
		(void)snprintf(text, sizeof text,
		    "<InitiateMultipartUploadResult><UploadId>%d</UploadId>"
		    "</InitiateMultipartUploadResult>",
		    b->last_id);
		stub_body(a, text, strlen(text));
		return;
	}
	abort();
}

static void
put_part(struct upload_row *u, const struct stub_request *q, const char *number,
    struct stub_reply *a)
{
	size_t n = strtoull(number, NULL, 10);
	unsigned char md5[SUM];

	free(u->parts[n].data);
	u->parts[n].data = xmalloc(q->len + 1);
	memcpy(u->parts[n].data, q->body, q->len);
	u->parts[n].len = q->len;
	sum(q->body, q->len, md5);
	write_etag(u->parts[n].etag, sizeof u->parts[n].etag, md5, 0);
	(void)snprintf(a->headers, sizeof a->headers, "ETag: \"%s\"\r\n",
	    u->parts[n].etag);
}

/* The parts listed must be there with these very ETags. */
static void
complete(struct bucket *b, struct upload_row *u, const struct stub_request *q,
    struct stub_reply *a)
{
	unsigned char sums[64][SUM], md5[SUM];
	struct object_row *o;
	char *data = NULL, text[256];
	const char *p = q->body;
	size_t len = 0, n;

	for (n = 1; (p = strstr(p, "<Part>")) != NULL; n++, p++) {
		(void)snprintf(text, sizeof text,
		    "<Part><PartNumber>%zu</PartNumber><ETag>\"%s\""
		    "</ETag></Part>",
		    n, u->parts[n].etag);
		if (strncmp(p, text, strlen(text)) != 0) {
			error(a, 400, "InvalidPart");
			free(data);
			return;
		}
		data = xrealloc(data, len + u->parts[n].len + 1);
		memcpy(data + len, u->parts[n].data, u->parts[n].len);
		sum(u->parts[n].data, u->parts[n].len, sums[n - 1]);
		len += u->parts[n].len;
	}
	o = store(b, u->key, data, len);
	sum(sums, (n - 1) * SUM, md5);
	write_etag(o->etag, sizeof o->etag, md5, n - 1);
	free(data);
	end_upload(u);
	b->multiparts++;
	(void)snprintf(text, sizeof text,
	    "  \n<CompleteMultipartUploadResult><ETag>\"%s\"</ETag>"
	    "</CompleteMultipartUploadResult>",
	    o->etag);
	stub_body(a, text, strlen(text));
}

static void
list_uploads(struct bucket *b, const struct stub_request *q,
    struct stub_reply *a)
{
	char *text = xcalloc(1, 65536), prefix[2048] = "";
	size_t n;

	(void)parameter(q, "prefix", prefix, sizeof prefix);
	n = (size_t)sprintf(text, "<ListMultipartUploadsResult>");
	for (size_t i = 0; i < 256; i++)
		if (b->uploads[i].id != 0 &&
		    strncmp(b->uploads[i].key, prefix, strlen(prefix)) == 0)
			n += (size_t)snprintf(text + n, 65000 - n,
			    "<Upload><Key>%s</Key><UploadId>%d</UploadId>"
			    "</Upload>",
			    b->uploads[i].key, b->uploads[i].id);
	n += (size_t)sprintf(text + n, "</ListMultipartUploadsResult>");
	stub_body(a, text, n);
	free(text);
}

static void
on_upload(struct bucket *b, const struct stub_request *q, const char *id,
    struct stub_reply *a)
{
	struct upload_row *u = find_upload(b, id);
	char number[16];

	if (u == NULL) {
		error(a, 404, "NoSuchUpload");
	} else if (strcmp(q->method, "DELETE") == 0) {
		end_upload(u);
		b->aborts++;
		a->status = 204;
	} else if (parameter(q, "partNumber", number, sizeof number)) {
		put_part(u, q, number, a);
	} else if (!is_refused(b, q, u->key, a)) {
		complete(b, u, q, a);
	}
}

static void
on_object(struct bucket *b, const struct stub_request *q, const char *key,
    struct stub_reply *a)
{
	struct object_row *o = bucket_get(b, key);
	char etag[64];

	if (strcmp(q->method, "PUT") == 0) {
		if (is_refused(b, q, key, a))
			return;
		o = store(b, key, q->body, q->len);
		tell_etag(b, o, etag, sizeof etag);
		(void)snprintf(a->headers, sizeof a->headers, "ETag: %s\r\n",
		    etag);
	} else if (o == NULL) {
		error(a, 404, "NoSuchKey");
	} else {
		tell_etag(b, o, etag, sizeof etag);
		(void)snprintf(a->headers, sizeof a->headers, "ETag: %s\r\n",
		    etag);
		if (!b->is_vague)
			add_date(a, "Last-Modified", o->written);
		if (strcmp(q->method, "HEAD") == 0)
			a->claim = (long)o->len;
		else
			stub_body(a, o->data, o->len);
	}
}

static void
apply(struct bucket *b, const struct stub_request *q, struct stub_reply *a)
{
	char key[4096], value[2048];
	const char *path = q->target + 1;

	if (strncmp(q->target, "http://", 7) == 0) {
		path = strchr(q->target + 7, '/') + 1;
		b->proxied++;
	}
	path = strchr(path, '/');
	path = path == NULL ? "/" : path;
	decode(key, sizeof key, path + 1, strcspn(path + 1, "?"));
	if (parameter(q, "uploadId", value, sizeof value))
		on_upload(b, q, value, a);
	else if (parameter(q, "uploads", value, sizeof value) &&
		 strcmp(q->method, "POST") == 0)
		create(b, key, a);
	else if (parameter(q, "uploads", value, sizeof value))
		list_uploads(b, q, a);
	else
		on_object(b, q, key, a);
}

/* What S3 sends while an upload is put together, and then cannot be. */
#define BLANK_ERROR                                                      \
	"<?xml version=\"1.0\"?>\n     \n   \n     <Error>"              \
	"<Code>InternalError</Code><Message>We encountered an internal " \
	"error. Please try again.</Message></Error>"

static void
handle(void *arg, const struct stub_request *q, struct stub_reply *a)
{
	struct bucket *b = arg;
	enum fault fault = b->fault == NULL ? FAULT_NONE : b->fault(b->arg, q);

	if (fault == FAULT_NONE || fault == FAULT_AFTER_500 ||
	    fault == FAULT_AFTER_CUT)
		apply(b, q, a);
	if (fault == FAULT_503)
		error(a, 503, "SlowDown");
	if (fault == FAULT_501)
		error(a, 501, "NotImplemented");
	if (fault == FAULT_403)
		error(a, 403, "ExpiredToken");
	if (fault == FAULT_ERROR_200)
		error(a, 200, "InternalError");
	if (fault == FAULT_BLANK_200)
		stub_body(a, BLANK_ERROR, strlen(BLANK_ERROR));
	if (fault == FAULT_AFTER_500)
		error(a, 500, "InternalError");
	if (!b->is_vague)
		add_date(a, "Date", b->clock);
	a->cut = fault == FAULT_CUT || fault == FAULT_AFTER_CUT;
}

void
bucket_init(struct bucket *b)
{
	memset(b, 0, sizeof *b);
	b->clock = 1800000000;
	b->stub = stub_new(handle, b);
}

void
bucket_fini(struct bucket *b)
{
	stub_free(&b->stub);
	for (size_t i = 0; i < b->count; i++) {
		free(b->objects[i].key);
		free(b->objects[i].data);
	}
	for (size_t i = 0; i < 256; i++)
		if (b->uploads[i].id != 0)
			end_upload(&b->uploads[i]);
}

size_t
bucket_open_uploads(struct bucket *b)
{
	size_t n = 0;

	stub_lock(b->stub);
	for (size_t i = 0; i < 256; i++)
		n += b->uploads[i].id != 0;
	stub_unlock(b->stub);
	return n;
}

static int
by_key(const void *x, const void *y)
{
	const struct object_row *const *p = x, *const *q = y;

	return strcmp((*p)->key, (*q)->key);
}

char *
bucket_describe(struct bucket *b)
{
	const struct object_row *rows[4096];
	char *text = xcalloc(1, 1 << 20);
	size_t n = 0, used = 0;
	unsigned long hash;

	stub_lock(b->stub);
	for (size_t i = 0; i < b->count; i++)
		if (strstr(b->objects[i].key, "_penstock") == NULL)
			rows[n++] = &b->objects[i];
	qsort(rows, n, sizeof *rows, by_key);
	for (size_t i = 0; i < n; i++) {
		hash = 5381;
		for (size_t k = 0; k < rows[i]->len; k++)
			hash = hash * 33 + (unsigned char)rows[i]->data[k];
		used += (size_t)snprintf(text + used, (1 << 20) - used,
		    "%s:%zu:%lx\n", rows[i]->key, rows[i]->len, hash);
	}
	stub_unlock(b->stub);
	return text;
}
