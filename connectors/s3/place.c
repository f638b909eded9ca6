#include "place.h"

#include <stdio.h>
#include <time.h>

#include "looks.h"

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

static void
add_time(struct str *s, int64_t at)
{
	time_t seconds = (time_t)at;
	char text[32];
	struct tm tm;

	if (at <= 0) {
		str_puts(s, "an unknown time");
		return;
	}
	(void)gmtime_r(&seconds, &tm);
	(void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	str_puts(s, text);
}

/* What is there is not ours to replace. */
static void
yield(struct object *o, const struct s3_request *r)
{
	struct str s = STR(o->failure);

	if (o->failure[0] != '\0')
		return;
	str_printf(&s,
	    "S3: %.300s stays as it is (%lld bytes, ETag %.80s, ours has %llu "
	    "bytes): it is of ",
	    o->key, (long long)r->length, r->etag,
	    (unsigned long long)o->bytes);
	add_time(&s, r->modified);
	str_puts(&s, ", this task has its partition since ");
	add_time(&s, o->since_ms / 1000);
	str_puts(&s,
	    "; another task has it now, or somebody else writes there (then "
	    "remove that object)");
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

/* Written before our partition was ours? Times are whole seconds. */
static bool
is_older(const struct object *o, const struct s3_request *r)
{
	return r->modified > 0 && r->etag[0] != '\0' &&
	       (r->modified + 1) * 1000 <= o->since_ms;
}

static void
write_again(struct object *o, enum writes how)
{
	o->how = how;
	o->finishing = false;
	object_step(o);
}

static void
keep(struct object *o)
{
	o->done = true;
	o->is_stale = !o->is_gone;
	chain_free(&o->part, o->pool);
}

void
place_settle(struct object *o)
{
	enum settles what = o->settles;

	o->settles = SETTLES_NOTHING;
	if (what == SETTLES_KEEPING)
		keep(o);
	else
		write_again(o, WRITES_OVER);
}

/* A store that refuses the ETag that it says itself has no such condition. */
static void
replace(struct object *o, const struct s3_request *r)
{
	bool is_refused =
	    o->how == WRITES_OVER && strcmp(o->match, r->etag) == 0;

	memcpy(o->match, r->etag, sizeof o->match);
	if (is_refused)
		write_again(o, WRITES_ANY);
	else
		o->settles = SETTLES_REPLACING;
}

static void
on_head(struct s3_client *c, struct s3_request *r)
{
	struct object *o = r->owner;

	(void)c;
	if (is_ours(o, r) && is_older(o, r) && o->how != WRITES_ANY) {
		o->settles = SETTLES_KEEPING;
	} else if (is_ours(o, r)) {
		keep(o);
	} else if (o->is_gone && r->status == 200) {
		lose(o);
	} else if (!o->is_gone && r->status == 404 && o->looks < LOOKS_MAX) {
		write_again(o, WRITES_NEW);
	} else if (r->status != 200) {
		object_fail(o, r);
	} else if (is_older(o, r) && o->looks < LOOKS_MAX) {
		replace(o, r);
	} else {
		yield(o, r);
	}
}

static void
look(struct object *o)
{
	struct s3_request *r = request_new("HEAD", o->key, "");

	o->looks++;
	r->want = "";
	client_send(o->client, r, o, on_head);
}

/* Refused, or unknown. */
static void
settle(struct object *o, const struct s3_request *r)
{
	bool has_upload = o->upload_id[0] != '\0';
	bool is_404 = r->status == 404;

	if (r->status == 501 && o->how != WRITES_ANY) {
		write_again(o, WRITES_ANY);
	} else if (is_404 && o->how == WRITES_OVER &&
		   strcmp(r->code, "NoSuchUpload") != 0) {
		/* What was to be replaced is gone. */
		write_again(o, WRITES_NEW);
	} else if (r->status == 412 || (is_404 && has_upload)) {
		/* It is there already, or an attempt whose answer was lost
		 * has completed it. */
		o->is_gone = is_404;
		look(o);
	} else {
		object_fail(o, r);
	}
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
	settle(o, r);
}

static void
send_on_condition(struct object *o, struct s3_request *r)
{
	r->conditional = o->how == WRITES_NEW;
	if (o->how == WRITES_OVER)
		memcpy(r->match, o->match, sizeof r->match);
	client_send(o->client, r, o, on_stored);
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
	send_on_condition(o, r);
}

static void
put_whole(struct object *o)
{
	struct s3_request *r = request_new("PUT", o->key, "");

	r->body = o->part;
	o->part = (struct chain){ 0 };
	r->creates = true;
	r->want = "";
	send_on_condition(o, r);
}

void
place_object(struct object *o)
{
	if (o->part_count == 0)
		put_whole(o);
	else
		complete(o);
}
