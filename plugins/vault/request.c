#include "request.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <reach/reach.h>
#include <trust/trust.h>

enum { TOKEN_MAX = 8192, URL_MAX = 4096, HEADER_MAX = TOKEN_MAX + 64 };

struct answer {
	char *text;
	size_t len, room, max;
	bool is_too_long;
	struct reach reach;
	const struct ps_host *host;
};

/* ---- the token --------------------------------------------------------- */

/* What a header may hold, without blanks at its ends. */
static int
check_token(char *token, const char *where, struct ps_error *err)
{
	size_t len = strlen(token);

	while (len > 0 && (token[len - 1] == '\n' || token[len - 1] == '\r' ||
			      token[len - 1] == ' '))
		token[--len] = '\0';
	if (len == 0)
		return ps_fail(err, PS_E_CONFIG, "%s: there is no token in it",
		    where);
	for (size_t i = 0; i < len; i++)
		if (token[i] <= ' ' || token[i] > '~')
			return ps_fail(err, PS_E_CONFIG,
			    "%s: what it holds is no token", where);
	return 0;
}

static int
read_token(const char *path, char token[TOKEN_MAX], struct ps_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t len = fd < 0 ? -1 : read(fd, token, TOKEN_MAX - 1);
	int why = errno;

	if (fd >= 0)
		(void)close(fd);
	if (len < 0)
		return ps_fail(err, PS_E_CONFIG, "token.file %s: %s", path,
		    strerror(why));
	token[len] = '\0';
	return check_token(token, "token.file", err);
}

static int
find_token(const struct request_conf *c, char token[TOKEN_MAX],
    struct ps_error *err)
{
	if (c->token_file != NULL)
		return read_token(c->token_file, token, err);
	if (snprintf(token, TOKEN_MAX, "%s", c->token) >= TOKEN_MAX)
		return ps_fail(err, PS_E_CONFIG,
		    "token: longer than %d characters", TOKEN_MAX - 1);
	return check_token(token, "token", err);
}

/* ---- the address ------------------------------------------------------- */

/* Each part of the path percent-encoded: it leads nowhere else. */
static int
make_url(CURL *e, const struct request_conf *c, const char *path,
    char url[URL_MAX], struct ps_error *err)
{
	int at = snprintf(url, URL_MAX, "%s/v1", c->address);
	const char *p = path;

	while (at < URL_MAX && *p != '\0') {
		size_t len = strcspn(p, "/");
		char *part = curl_easy_escape(e, p, (int)len);

		assert(part != NULL);
		if (len == 0 || strcmp(part, ".") == 0 ||
		    strcmp(part, "..") == 0) {
			curl_free(part);
			return ps_fail(err, PS_E_CONFIG,
			    "path %.200s: expected names with slashes between",
			    path);
		}
		at += snprintf(url + at, (size_t)(URL_MAX - at), "/%s", part);
		curl_free(part);
		p += len;
		p += *p == '/';
	}
	if (at >= URL_MAX)
		return ps_fail(err, PS_E_CONFIG, "path: it is too long");
	return 0;
}

/* ---- the answer -------------------------------------------------------- */

static size_t
on_body(char *data, size_t size, size_t count, void *arg)
{
	struct answer *a = (struct answer *)arg;
	size_t len = size * count;
	char *grown;

	if (len > a->max - a->len) {
		a->is_too_long = true;
		return 0; /* ends the transfer */
	}
	if (a->len + len + 1 > a->room) {
		a->room = 2 * (a->len + len + 1);
		grown = (char *)malloc(a->room);
		assert(grown != NULL);
		if (a->text != NULL)
			memcpy(grown, a->text, a->len);
		request_wipe(&a->text, a->len);
		a->text = grown;
	}
	memcpy(a->text + a->len, data, len);
	a->len += len;
	return len;
}

static int
on_progress(void *arg, curl_off_t all, curl_off_t now, curl_off_t up_all,
    curl_off_t up_now)
{
	const struct ps_host *h = ((const struct answer *)arg)->host;

	(void)all;
	(void)now;
	(void)up_all;
	(void)up_now;
	return PS_HOST_HAS(h, stopping) && h->stopping(h);
}

void
request_wipe(char **body, size_t len)
{
	if (*body != NULL)
		explicit_bzero(*body, len);
	free(*body);
	*body = NULL;
}

static int
judge(long status, const char *path, struct ps_error *err)
{
	if (status == 200)
		return 0;
	if (status == 404)
		return ps_fail(err, PS_E_CONFIG, "there is nothing at %s (404)",
		    path);
	if (status == 401 || status == 403)
		return ps_fail(err, PS_E_CONFIG,
		    "the token is not allowed to read %s (%ld)", path, status);
	if (status == 408 || status == 412 || status == 429 || status >= 500)
		return ps_fail(err, PS_E_RETRY,
		    "the server cannot answer for %s now (%ld)", path, status);
	return ps_fail(err, PS_E_CONFIG, "%s was answered with %ld", path,
	    status);
}

/* ---- all of it --------------------------------------------------------- */

static void
set_limits(CURL *e, const struct request_conf *c, struct answer *a)
{
	(void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	/* The token is for this server alone. */
	(void)curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(e, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	(void)curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)c->timeout_ms);
	(void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(e, CURLOPT_WRITEDATA, a);
	(void)curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress);
	(void)curl_easy_setopt(e, CURLOPT_XFERINFODATA, a);
	if (!c->allow_link_local)
		reach_limit(e, &a->reach);
	if (c->ca_file != NULL)
		trust_file(e, c->ca_file);
}

static struct curl_slist *
add_header(struct curl_slist *list, const char *name, const char *value)
{
	char line[HEADER_MAX];
	struct curl_slist *longer;

	(void)snprintf(line, sizeof line, "%s: %s", name, value);
	longer = curl_slist_append(list, line);
	assert(longer != NULL);
	explicit_bzero(line, sizeof line);
	return longer;
}

static struct curl_slist *
headers_of(const struct request_conf *c, const char *token)
{
	struct curl_slist *list = add_header(NULL, "X-Vault-Request", "true");

	list = add_header(list, "Accept", "application/json");
	if (c->name_space != NULL)
		list = add_header(list, "X-Vault-Namespace", c->name_space);
	return add_header(list, "X-Vault-Token", token);
}

static int
perform(CURL *e, const struct request_conf *c, struct answer *a,
    const char *path, struct ps_error *err)
{
	char reason[CURL_ERROR_SIZE] = "";
	long status = 0;
	CURLcode rc;

	(void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, reason);
	rc = curl_easy_perform(e);
	if (a->is_too_long)
		return ps_fail(err, PS_E_CONFIG,
		    "the answer for %s is larger than max.bytes, %zu", path,
		    c->max_bytes);
	if (reach_is_denied(&a->reach))
		return ps_fail(err, PS_E_CONFIG,
		    "address: " REACH_DENIED " (allow.link.local=false)");
	if (rc == CURLE_OPERATION_TIMEDOUT)
		return ps_fail(err, PS_E_RETRY,
		    "the server did not answer for %s within %lld ms", path,
		    (long long)c->timeout_ms);
	if (rc != CURLE_OK)
		return ps_fail(err, PS_E_RETRY,
		    "the server does not answer: %s",
		    reason[0] != '\0' ? reason : curl_easy_strerror(rc));
	(void)curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
	return judge(status, path, err);
}

int
request_get(const struct request_conf *c, const char *path, char **body,
    size_t *len, struct ps_error *err)
{
	struct answer a = { .max = c->max_bytes, .host = c->host };
	char token[TOKEN_MAX], url[URL_MAX];
	struct curl_slist *headers;
	CURL *e;
	int result;

	if (find_token(c, token, err) != 0)
		return -1;
	e = curl_easy_init();
	assert(e != NULL);
	headers = headers_of(c, token);
	explicit_bzero(token, sizeof token);
	result = make_url(e, c, path, url, err);
	if (result == 0) {
		set_limits(e, c, &a);
		(void)curl_easy_setopt(e, CURLOPT_URL, url);
		(void)curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
		result = perform(e, c, &a, path, err);
	}
	curl_easy_cleanup(e);
	curl_slist_free_all(headers);
	if (result != 0)
		request_wipe(&a.text, a.len);
	*body = a.text;
	*len = a.len;
	return result;
}
