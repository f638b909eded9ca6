#include "sign.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"

static void
signing_key(const struct s3_conf *conf, const char *day,
    unsigned char out[HASH_BYTES])
{
	unsigned char secret[HASH_KEY_MAX] = "AWS4";
	unsigned char date[HASH_BYTES], region[HASH_BYTES], service[HASH_BYTES];
	size_t len = strlen(conf->secret_key);

	len = len < sizeof secret - 4 ? len : sizeof secret - 4;
	memcpy(secret + 4, conf->secret_key, len);
	hash_mac(secret, len + 4, day, date);
	hash_mac(date, sizeof date, conf->region, region);
	hash_mac(region, sizeof region, "s3", service);
	hash_mac(service, sizeof service, "aws4_request", out);
}

/* Only the names of the "name:value\n" lines, each followed by ';'. */
static void
add_names(struct str *s, const char *lines)
{
	while (*lines != '\0') {
		str_add(s, lines, strcspn(lines, ":"));
		str_puts(s, ";");
		lines += strcspn(lines, "\n");
		lines += *lines == '\n';
	}
}

static void
canonical_hash(const struct s3_conf *conf, const struct to_sign *what,
    const char *stamp, const char *names, char *hex)
{
	static const size_t room = 16384;
	unsigned char digest[HASH_BYTES];
	struct str s = { .data = malloc(room), .room = room };

	if (s.data == NULL)
		abort();
	str_printf(&s, "%s\n%s\n%s\nhost:%s\n%s", what->method, what->path,
	    what->query, what->host, what->early);
	str_printf(&s, "x-amz-content-sha256:%s\nx-amz-date:%s\n", what->hash,
	    stamp);
	if (conf->session_token[0] != '\0')
		str_printf(&s, "x-amz-security-token:%s\n",
		    conf->session_token);
	str_printf(&s, "%s\n%s\n%s", what->late, names, what->hash);
	hash_bytes(s.data, s.len, digest);
	hash_hex(hex, digest);
	free(s.data);
}

void
sign(const struct s3_conf *conf, const struct to_sign *what,
    struct str *authorization, struct str *date)
{
	char stamp[32], day[16], names[512], hex[HASH_HEX], scope[128];
	char text[512];
	struct str s = STR(names), t = STR(text), sc = STR(scope);
	unsigned char key[32], out[32];
	struct tm tm;

	(void)gmtime_r(&what->now, &tm);
	(void)strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &tm);
	(void)strftime(day, sizeof day, "%Y%m%d", &tm);
	str_puts(&s, "host;");
	add_names(&s, what->early);
	str_puts(&s, "x-amz-content-sha256;x-amz-date");
	str_puts(&s,
	    conf->session_token[0] == '\0' ? "" : ";x-amz-security-token");
	if (what->late[0] != '\0') {
		str_puts(&s, ";");
		add_names(&s, what->late);
		names[--s.len] = '\0';
	}
	canonical_hash(conf, what, stamp, names, hex);
	str_printf(&sc, "%s/%s/s3/aws4_request", day, conf->region);
	str_printf(&t, "AWS4-HMAC-SHA256\n%s\n%s\n%s", stamp, scope, hex);
	signing_key(conf, day, key);
	hash_mac(key, sizeof key, text, out);
	hash_hex(hex, out);
	str_printf(authorization,
	    "Authorization: AWS4-HMAC-SHA256 Credential=%s/%s, "
	    "SignedHeaders=%s, Signature=%s",
	    conf->access_key, scope, names, hex);
	str_printf(date, "x-amz-date: %s", stamp);
}
