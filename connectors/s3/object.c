#include "object.h"

#include <assert.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "place.h"
#include "uploads.h"

#define PARTS_MAX    10000
#define GZIP_CHUNKS  5 /* what a compressor's memory counts for */
#define ZSTD_CHUNKS  40
#define GZIP_WINDOW  (15 + 16)
#define ZSTD_DEFAULT 3

static void
codec_new(struct object *o)
{
	/* Nothing in the header may differ between runs or systems. */
	static gz_header header = { .os = 255 };
	z_stream *z;

	if (o->conf->codec == CODEC_GZIP) {
		z = calloc(1, sizeof *z);
		if (z == NULL ||
		    deflateInit2(z, o->conf->level, Z_DEFLATED, GZIP_WINDOW, 8,
			Z_DEFAULT_STRATEGY) != Z_OK)
			abort();
		(void)deflateSetHeader(z, &header);
		o->codec = z;
		pool_charge(o->pool, GZIP_CHUNKS);
	} else if (o->conf->codec == CODEC_ZSTD) {
		o->codec = ZSTD_createCCtx();
		if (o->codec == NULL)
			abort();
		(void)ZSTD_CCtx_setParameter(o->codec, ZSTD_c_compressionLevel,
		    o->conf->level < 0 ? ZSTD_DEFAULT : o->conf->level);
		pool_charge(o->pool, ZSTD_CHUNKS);
	}
}

static void
codec_free(struct object *o)
{
	if (o->codec == NULL)
		return;
	if (o->conf->codec == CODEC_GZIP) {
		(void)deflateEnd(o->codec);
		free(o->codec);
		pool_charge(o->pool, -GZIP_CHUNKS);
	} else {
		(void)ZSTD_freeCCtx(o->codec);
		pool_charge(o->pool, -ZSTD_CHUNKS);
	}
	o->codec = NULL;
}

struct object *
object_new(const struct s3_conf *conf, struct s3_client *client,
    struct pool *pool, const char *key)
{
	struct object *o = calloc(1, sizeof *o);

	if (o == NULL)
		abort();
	o->conf = conf;
	o->client = client;
	o->pool = pool;
	o->key = dup_text(key);
	o->how = conf->conditional ? WRITES_NEW : WRITES_ANY;
	codec_new(o);
	return o;
}

/* Room at the end of the part for a compressor's output. */
static struct chunk *
out_chunk(struct object *o)
{
	if (o->part.last == NULL || o->part.last->len == CHUNK_BYTES)
		chain_grow(&o->part, o->pool);
	return o->part.last;
}

static void
deflate_raw(struct object *o, bool last)
{
	z_stream *z = o->codec;
	struct chunk *in = o->raw.first, *out;
	int rc;

	z->next_in = in == NULL ? NULL : (Bytef *)in->data;
	z->avail_in = in == NULL ? 0 : (uInt)in->len;
	do {
		out = out_chunk(o);
		z->next_out = (Bytef *)out->data + out->len;
		z->avail_out = (uInt)(CHUNK_BYTES - out->len);
		rc = deflate(z, last ? Z_FINISH : Z_NO_FLUSH);
		o->part.bytes += CHUNK_BYTES - out->len - z->avail_out;
		out->len = CHUNK_BYTES - z->avail_out;
	} while (z->avail_in > 0 || (last && rc == Z_OK) ||
		 (last && rc == Z_BUF_ERROR));
}

static void
zstd_raw(struct object *o, bool last)
{
	struct chunk *in = o->raw.first, *out;
	ZSTD_inBuffer src = { in == NULL ? "" : in->data,
		in == NULL ? 0 : in->len, 0 };
	ZSTD_outBuffer dst;
	size_t left;

	do {
		out = out_chunk(o);
		dst = (ZSTD_outBuffer){ out->data, CHUNK_BYTES, out->len };
		left = ZSTD_compressStream2(o->codec, &dst, &src,
		    last ? ZSTD_e_end : ZSTD_e_continue);
		assert(!ZSTD_isError(left));
		o->part.bytes += dst.pos - out->len;
		out->len = dst.pos;
	} while (src.pos < src.size || (last && left > 0));
}

/* Always whole blocks from the object's beginning, so that what comes out
 * does not depend on how the records came in. */
static void
compress_raw(struct object *o, bool last)
{
	if (o->conf->codec == CODEC_GZIP)
		deflate_raw(o, last);
	else
		zstd_raw(o, last);
	chain_free(&o->raw, o->pool);
}

void
object_add_slow(struct object *o, const void *data, size_t len)
{
	const char *from = data;
	size_t n;

	while (len > 0) {
		n = CHUNK_BYTES - o->raw.bytes;
		n = n < len ? n : len;
		chain_add(&o->raw, o->pool, from, n);
		from += n;
		len -= n;
		if (o->raw.bytes == CHUNK_BYTES)
			compress_raw(o, false);
	}
}

void
object_fail(struct object *o, const struct s3_request *r)
{
	struct str s = STR(o->failure);

	if (o->failure[0] == '\0')
		str_printf(&s, "S3: %s %.300s: status %ld %s: %.120s",
		    r->method, o->key, r->status, r->code, r->message);
}

void
object_step(struct object *o)
{
	if (o->finishing || !o->ended || o->failure[0] != '\0')
		return;
	if (o->parts_done < o->part_count)
		return;
	o->finishing = true;
	place_object(o);
}

/* ---- Parts ---- */

static void
on_part(struct s3_client *c, struct s3_request *r)
{
	struct object *o = r->owner;

	(void)c;
	if (r->status != 200) {
		object_fail(o, r);
		return;
	}
	memcpy(o->parts[r->number].etag, r->etag, sizeof r->etag);
	o->parts_done++;
	object_step(o);
}

static void
send_waiting(struct object *o)
{
	struct s3_request *r;
	char query[4096];
	struct str q;

	while ((r = o->waiting) != NULL) {
		o->waiting = r->next;
		q = STR(query);
		str_printf(&q, "partNumber=%zu&uploadId=", r->number + 1);
		str_uri(&q, o->upload_id, strlen(o->upload_id), false);
		free(r->query);
		r->query = dup_text(query);
		client_send(o->client, r, o, on_part);
	}
}

static void
on_created(struct s3_client *c, struct s3_request *r)
{
	struct object *o = r->owner;

	(void)c;
	if (r->status != 200) {
		object_fail(o, r);
		return;
	}
	memcpy(o->upload_id, r->found, sizeof r->found);
	if (o->upload_number != 0)
		uploads_created(o->uploads, o->upload_number, o->upload_id);
	send_waiting(o);
}

static void
create_upload(void *arg)
{
	struct object *o = arg;
	struct s3_request *r = request_new("POST", o->key, "uploads=");

	r->creates = true;
	r->want = "UploadId";
	client_send(o->client, r, o, on_created);
}

static void
begin_upload(struct object *o)
{
	o->creating = true;
	if (o->uploads != NULL)
		o->upload_number =
		    uploads_begin(o->uploads, o->key, create_upload, o);
	if (o->upload_number == 0)
		create_upload(o);
}

void
object_send_part(struct object *o)
{
	struct s3_request *r = request_new("PUT", o->key, ""), **at;

	assert(o->part_count < PARTS_MAX);
	if (o->part_count == o->part_room) {
		o->part_room = o->part_room == 0 ? 16 : 2 * o->part_room;
		o->parts = realloc(o->parts, o->part_room * sizeof *o->parts);
		if (o->parts == NULL)
			abort();
	}
	r->body = o->part;
	o->bytes += o->part.bytes;
	o->part = (struct chain){ 0 };
	r->number = o->part_count++;
	r->want = "";
	for (at = &o->waiting; *at != NULL; at = &(*at)->next)
		continue;
	*at = r;
	if (o->upload_id[0] != '\0')
		send_waiting(o);
	else if (!o->creating)
		begin_upload(o);
}

void
object_finish(struct object *o)
{
	if (o->codec != NULL) {
		compress_raw(o, true);
		codec_free(o);
	}
	o->ended = true;
	if (o->part_count > 0 && o->part.bytes > 0)
		object_send_part(o);
	else
		o->bytes += o->part.bytes;
	object_step(o);
}

static void
on_ignored(struct s3_client *c, struct s3_request *r)
{
	(void)c;
	(void)r;
}

static void
abort_upload(struct s3_client *c, const char *key, const char *id)
{
	struct s3_request *r = request_of_upload("DELETE", key, id);

	r->best_effort = true;
	client_send(c, r, NULL, on_ignored);
}

/* The upload was made for an object that is gone. */
static void
on_late_created(struct s3_client *c, struct s3_request *r)
{
	if (r->status == 200)
		abort_upload(c, r->key, r->found);
}

void
object_free(struct object **op)
{
	struct object *o = *op;
	struct s3_request *r, *next;

	client_disown(o->client, o, "UploadId", on_late_created);
	client_cancel(o->client, o);
	for (r = o->waiting; r != NULL; r = next) {
		next = r->next;
		chain_free(&r->body, o->pool);
		free(r->key);
		free(r->query);
		free(r);
	}
	if ((!o->done || o->is_stale) && o->upload_id[0] != '\0')
		abort_upload(o->client, o->key, o->upload_id);
	if (o->upload_number != 0)
		uploads_end(o->uploads, o->upload_number);
	codec_free(o);
	chain_free(&o->raw, o->pool);
	chain_free(&o->part, o->pool);
	free(o->parts);
	free(o->topic);
	free(o->dir);
	free(o->key);
	free(o);
	*op = NULL;
}
