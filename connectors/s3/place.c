#include "place.h"

#include <stdio.h>

/* It may have been completed, as encrypted objects have ETags of their own;
 * written once more it is known again. */
static void
lose(struct object *o)
{
	struct str s = STR(o->failure);

	if (o->failure[0] == '\0')
		str_printf(&s,
		    "S3: %.300s: the upload is gone, and the object that is "
		    "there cannot be told to be it",
		    o->key);
}

/* What is there under our key: these very bytes? */
static bool
is_ours(const struct object *o, const struct s3_request *r)
{
	if (r->status != 200 || (uint64_t)r->length != o->bytes)
		return false;
	if (o->part_count > 0)
		return etag_is_of_parts(r->etag, o->parts, o->part_count);
	return etag_is_of(r->etag, &o->part);
}

static void
on_head(struct s3_client *c, struct s3_request *r)
{
	struct object *o = r->owner;

	(void)c;
	if (is_ours(o, r)) {
		o->done = true;
		chain_free(&o->part, o->pool);
		return;
	}
	if (!o->conditional) {
		if (r->status == 200)
			lose(o);
		object_fail(o, r);
		return;
	}
	/* Somebody cut it elsewhere, or it is not ours at all: what comes
	 * from its first offset on is ours to write. */
	o->conditional = false;
	o->finishing = false;
	object_step(o);
}

static void
look(struct object *o)
{
	client_send(o->client, request_new("HEAD", o->key, ""), o, on_head);
}

static void
on_stored(struct s3_client *c, struct s3_request *r)
{
	struct object *o = r->owner;

	(void)c;
	if (r->status >= 200 && r->status < 300) {
		o->done = true;
		return;
	}
	if (o->upload_id[0] == '\0') {
		/* The bytes are needed if it must be written after all. */
		o->part = r->body;
		r->body = (struct chain){ 0 };
	}
	if (r->status == 412 || r->status == 404) {
		/* It is there already, or an attempt whose answer was lost
		 * has completed it. */
		o->conditional = o->conditional && r->status == 412;
		o->is_stale = r->status == 412;
		look(o);
	} else if (r->status == 501 && o->conditional) {
		o->conditional = false;
		o->finishing = false;
		object_step(o);
	} else {
		object_fail(o, r);
	}
}

static void
complete(struct object *o)
{
	struct s3_request *r = request_of_upload("POST", o->key, o->upload_id);
	char text[320];

	chain_puts(&r->body, o->pool, "<CompleteMultipartUpload>");
	for (size_t i = 0; i < o->part_count; i++) {
		(void)snprintf(text, sizeof text,
		    "<Part><PartNumber>%zu</PartNumber><ETag>%s</ETag>"
		    "</Part>",
		    i + 1, o->parts[i].etag);
		chain_puts(&r->body, o->pool, text);
	}
	chain_puts(&r->body, o->pool, "</CompleteMultipartUpload>");
	r->want = "ETag";
	r->conditional = o->conditional;
	client_send(o->client, r, o, on_stored);
}

static void
put_whole(struct object *o)
{
	struct s3_request *r = request_new("PUT", o->key, "");

	r->body = o->part;
	o->part = (struct chain){ 0 };
	r->creates = true;
	r->conditional = o->conditional;
	r->want = "";
	client_send(o->client, r, o, on_stored);
}


void
place_object(struct object *o)
{
	if (o->part_count == 0)
		put_whole(o);
	else
		complete(o);
}
