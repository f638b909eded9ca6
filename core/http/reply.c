#include "http/reply.h"

#include "http/caller.h"
#include "http/server.h"

static void
add_header(struct MHD_Response *r, const char *name, const char *value)
{
	if (value != NULL)
		(void)MHD_add_response_header(r, name, value);
}

static void
add_configured(void *ctx, enum header_action action, const char *name,
    const char *value)
{
	struct MHD_Response *r = ctx;
	const char *there;

	while (action == HEADER_SET &&
	       (there = MHD_get_response_header(r, name)) != NULL)
		(void)MHD_del_response_header(r, name, there);
	add_header(r, name, value);
}

enum MHD_Result
reply_queue(struct exchange *x, const struct headers *h)
{
	union {
		const char *in;
		void *out; /* not written to: MHD_RESPMEM_PERSISTENT */
	} body = { .in = x->answer };
	struct MHD_Response *r = MHD_create_response_from_buffer(x->answer_len,
	    body.out, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result done;

	if (r == NULL)
		return MHD_NO;
	add_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, x->type);
	add_header(r, MHD_HTTP_HEADER_LOCATION, x->location);
	add_header(r, MHD_HTTP_HEADER_ALLOW, x->allow);
	add_header(r, MHD_HTTP_HEADER_WWW_AUTHENTICATE, x->challenge);
	add_header(r, MHD_HTTP_HEADER_RETRY_AFTER, x->retry_after);
	add_header(r, CALLER_PASSED, x->passed);
	add_header(r, MHD_HTTP_HEADER_ETAG, x->etag);
	add_header(r, "X-Penstock-Next", x->next_page);
	add_header(r, "X-Content-Type-Options", "nosniff");
	if (server_is_draining(x->server))
		add_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
	if (h != NULL)
		headers_each(h, x, add_configured, r);
	done = MHD_queue_response(x->conn, (unsigned)x->status, r);
	MHD_destroy_response(r);
	return done;
}
