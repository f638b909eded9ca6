#include "cli/client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include <trust/trust.h>

#include "base/buf.h"
#include "base/js.h"

#define DEFAULT_URL     "http://localhost:8083"
#define ANSWER_BYTES    ((size_t)64 << 20)
#define FAULTS_BYTES    700
#define CONNECT_LIMIT_S 10L
#define TOTAL_LIMIT_S   100L

static size_t
take_body(char *data, size_t size, size_t count, void *ctx)
{
	return buf_append(ctx, data, size * count) == 0 ? size * count : 0;
}

static const char *
base_url(void)
{
	const char *url = getenv("PENSTOCK_URL");

	return url == NULL || url[0] == '\0' ? DEFAULT_URL : url;
}

static void
set_options(CURL *c, const char *method, const char *url, struct buf *in)
{
	(void)curl_easy_setopt(c, CURLOPT_URL, url);
	(void)curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, in);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_LIMIT_S);
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT, TOTAL_LIMIT_S);
}

static const char *
from_env(const char *name)
{
	const char *value = getenv(name);

	return value == NULL || value[0] == '\0' ? NULL : value;
}

/* Files: whom to trust, and what to show. */
static void
set_certificates(CURL *c)
{
	static const struct {
		const char *name;
		CURLoption option;
	} files[] = {
		{ "PENSTOCK_CERT", CURLOPT_SSLCERT },
		{ "PENSTOCK_KEY", CURLOPT_SSLKEY },
	};

	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (from_env(files[i].name) != NULL)
			(void)curl_easy_setopt(c, files[i].option,
			    from_env(files[i].name));
	if (from_env("PENSTOCK_CA") != NULL)
		trust_file(c, from_env("PENSTOCK_CA"));
}

static void
set_identity(CURL *c)
{
	const char *token = from_env("PENSTOCK_TOKEN");
	const char *user = from_env("PENSTOCK_USER");
	const char *password = from_env("PENSTOCK_PASSWORD");

	if (token != NULL) {
		(void)curl_easy_setopt(c, CURLOPT_HTTPAUTH,
		    (long)CURLAUTH_BEARER);
		(void)curl_easy_setopt(c, CURLOPT_XOAUTH2_BEARER, token);
	} else if (user != NULL) {
		(void)curl_easy_setopt(c, CURLOPT_HTTPAUTH,
		    (long)CURLAUTH_BASIC);
		(void)curl_easy_setopt(c, CURLOPT_USERNAME, user);
		(void)curl_easy_setopt(c, CURLOPT_PASSWORD,
		    password == NULL ? "" : password);
	}
}

/* What is to be looked at when the worker does not know who asks. */
static const char *
who_asked(void)
{
	if (from_env("PENSTOCK_TOKEN") != NULL)
		return ": is PENSTOCK_TOKEN right, and still valid?";
	if (from_env("PENSTOCK_USER") != NULL)
		return ": are PENSTOCK_USER and PENSTOCK_PASSWORD right?";
	return ": set PENSTOCK_USER and PENSTOCK_PASSWORD, or PENSTOCK_TOKEN";
}

/* Several faults stand below each other, as many as fit into an error. */
static const char *
faults(struct buf *b, const json_t *answer, const char *message)
{
	const json_t *list = json_object_get(answer, "errors"), *one;
	const char *colon = strstr(message, ": ");
	size_t count = json_array_size(list), i;

	if (count < 2 || colon == NULL)
		return message;
	(void)buf_printf(b, "%.*s:", (int)(colon - message), message);
	json_array_foreach(list, i, one)
	{
		if (b->len > FAULTS_BYTES) {
			(void)buf_printf(b, "\n  and %zu more", count - i);
			break;
		}
		(void)buf_printf(b, "\n  %s", json_string_value(one));
	}
	return buf_str(b);
}

static int
take_answer(struct buf *in, struct client_answer *out, struct ps_error *err)
{
	const char *message;
	struct buf text;

	if (in->len > 0)
		out->json = js_parse(in->data, in->len, "answer", err);
	if (out->status < 400)
		return err->code == PS_OK ? 0 : -1;
	message = out->json == NULL ? NULL : js_opt_str(out->json, "message");
	buf_init(&text, ANSWER_BYTES);
	if (message != NULL)
		message = faults(&text, out->json, message);
	ps_error_clear(err);
	(void)ps_fail(err, PS_E_CONFIG, "%s (%ld)%s",
	    message == NULL ? "refused" : message, out->status,
	    out->status == 401 ? who_asked() : "");
	buf_fini(&text);
	json_decref(out->json);
	out->json = NULL;
	return -1;
}

static int
perform(CURL *c, const char *url, struct buf *in, struct client_answer *out,
    struct ps_error *err)
{
	char reason[CURL_ERROR_SIZE] = "";
	CURLcode code;

	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, reason);
	code = curl_easy_perform(c);
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, NULL);
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
		return ps_fail(err, PS_E_RETRY,
		    "no worker answers at %s: is PENSTOCK_URL right, and does "
		    "it run?",
		    base_url());
	if (code == CURLE_WRITE_ERROR)
		return ps_fail(err, PS_E_RETRY,
		    "%s: the answer is larger than %zu bytes", url,
		    ANSWER_BYTES);
	if (code != CURLE_OK)
		return ps_fail(err, PS_E_RETRY, "%s: %s", url,
		    reason[0] == '\0' ? curl_easy_strerror(code) : reason);
	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &out->status);
	return take_answer(in, out, err);
}

int
client_call(struct ps_arena *a, const char *method, const char *path,
    const json_t *body, struct client_answer *out, struct ps_error *err)
{
	CURL *c = curl_easy_init();
	struct curl_slist *headers =
	    curl_slist_append(NULL, "Content-Type: application/json");
	const char *url = ps_printf(a, "%s%s", base_url(), path);
	struct buf in;
	int got;

	*out = (struct client_answer){ 0 };
	buf_init(&in, ANSWER_BYTES);
	set_options(c, method, url, &in);
	set_identity(c);
	set_certificates(c);
	if (body != NULL) {
		(void)curl_easy_setopt(c, CURLOPT_COPYPOSTFIELDS,
		    js_dump(a, body));
		(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	}
	got = perform(c, url, &in, out, err);
	buf_fini(&in);
	curl_slist_free_all(headers);
	curl_easy_cleanup(c);
	return got;
}
