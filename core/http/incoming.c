#include "http/incoming.h"

#include <microhttpd.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "http/sign.h"

static const char *
address_of(struct exchange *x)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->conn,
	    MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	char host[NI_MAXHOST];
	socklen_t len;

	if (info == NULL || info->client_addr == NULL)
		return NULL;
	len = info->client_addr->sa_family == AF_INET6
		  ? sizeof(struct sockaddr_in6)
		  : sizeof(struct sockaddr_in);
	if (getnameinfo(info->client_addr, len, host, sizeof host, NULL, 0,
		NI_NUMERICHOST) != 0)
		return NULL;
	return ps_strdup(x->a, host);
}

static enum MHD_Result
take_arg(void *ctx, enum MHD_ValueKind kind, const char *name,
    const char *value)
{
	struct exchange *x = ctx;
	struct query_arg *q = ps_calloc(x->a, 1, sizeof *q), **end = &x->query;

	(void)kind;
	q->name = text_url_decode(x->a, name, strlen(name));
	value = value == NULL ? "" : value;
	q->value = text_url_decode(x->a, value, strlen(value));
	if (q->name == NULL || q->value == NULL)
		return MHD_YES;
	while (*end != NULL)
		end = &(*end)->next;
	*end = q;
	return MHD_YES;
}

static const char *
header(struct exchange *x, const char *name)
{
	const char *value =
	    MHD_lookup_connection_value(x->conn, MHD_HEADER_KIND, name);

	return value == NULL ? NULL : ps_strdup(x->a, value);
}

static void
take_length(struct exchange *x, size_t body_max_bytes)
{
	const char *text = header(x, MHD_HTTP_HEADER_CONTENT_LENGTH);
	int64_t len;

	if (text == NULL)
		return;
	if (text_int64(text, 0, INT64_MAX, &len) != 0 ||
	    (uint64_t)len > body_max_bytes)
		x->too_large = true;
}

void
incoming_read(struct exchange *x, const char *method, const char *path,
    size_t body_max_bytes)
{
	x->method =
	    ps_strdup(x->a, strcmp(method, "HEAD") == 0 ? "GET" : method);
	x->path = ps_strdup(x->a, path);
	buf_init(&x->body, body_max_bytes);
	(void)MHD_get_connection_values(x->conn, MHD_GET_ARGUMENT_KIND,
	    take_arg, x);
	x->content_type = header(x, MHD_HTTP_HEADER_CONTENT_TYPE);
	x->accept = header(x, MHD_HTTP_HEADER_ACCEPT);
	x->authorization = header(x, MHD_HTTP_HEADER_AUTHORIZATION);
	x->origin = header(x, MHD_HTTP_HEADER_ORIGIN);
	x->host = header(x, MHD_HTTP_HEADER_HOST);
	x->if_match = header(x, MHD_HTTP_HEADER_IF_MATCH);
	x->signature = header(x, SIGN_HEADER);
	x->algorithm = header(x, SIGN_ALGORITHM);
	x->forwarded = header(x, SIGN_FORWARDED);
	x->from = address_of(x);
	x->preflight = strcmp(method, "OPTIONS") == 0 &&
		       header(x, "Access-Control-Request-Method") != NULL;
	take_length(x, body_max_bytes);
}
