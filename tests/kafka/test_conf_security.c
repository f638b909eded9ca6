#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/kafka/translate.h"

#define SCRAM "org.apache.kafka.common.security.scram.ScramLoginModule "
#define PLAIN "org.apache.kafka.common.security.plain.PlainLoginModule "
#define OAUTH \
	"org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule "

Test(conf, jaas_is_read_as_java_reads_it)
{
	static const struct {
		const char *jaas, *property, *value; /* NULL: refused */
	} rows[] = {
		{ SCRAM "required username=\"u\" password=\"p\";",
		    "sasl.username", "u" },
		{ PLAIN "required\n username=u password='a b';",
		    "sasl.password", "a b" },
		{ PLAIN "REQUIRED username=\"q\\\"uo\" password=\"p;=\" ;",
		    "sasl.username", "q\"uo" },
		{ SCRAM "required username=\"u\" password=\"p\" "
			"tokenauth=\"false\";",
		    "sasl.password", "p" },
		{ OAUTH "required clientId=\"i\" clientSecret=\"s\" "
			"scope=\"x\" extension_a=\"1\" extension_b=\"2\";",
		    "sasl.oauthbearer.extensions", "a=1,b=2" },
		{ SCRAM "required username=\"u\" password=\"p\"", NULL, NULL },
		{ SCRAM "username=\"u\";", NULL, NULL },
		{ SCRAM "required username;", NULL, NULL },
		{ SCRAM "required username=\"u;", NULL, NULL },
		{ SCRAM "required user=\"u\";", NULL, NULL },
		{ SCRAM "required a=b; " SCRAM "required;", NULL, NULL },
		{ "com.sun.security.auth.module.JndiLoginModule required "
		  "user.provider.url=\"ldap://evil\";",
		    NULL, NULL },
		{ ";", NULL, NULL },
	};
	struct ps_arena *a = arena_new(4096);
	struct ps_error err = { PS_OK, "" };
	struct conf c;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ps_setting s = { "sasl.jaas.config", rows[i].jaas };
		struct ps_config in = { &s, 1 };
		int result;

		ps_error_clear(&err);
		result = conf_translate(a, CONF_PRODUCER, &in, &c, &err);
		cr_expect(eq(int, result, rows[i].value == NULL ? -1 : 0),
		    "%s: %s", rows[i].jaas, err.text);
		if (rows[i].value != NULL)
			cr_expect(eq(str,
			    (char *)ps_config_str(&c.properties,
				rows[i].property),
			    (char *)rows[i].value));
		else
			cr_expect(eq(int, err.code, PS_E_CONFIG));
	}
	arena_free(&a);
}

static const char *
write_file(struct ps_arena *a, const void *data, size_t len)
{
	char *path = ps_strdup(a, BUILD "/tmp/store-XXXXXX");
	int fd = mkstemp(path);

	cr_assert(ge(int, fd, 0));
	cr_assert(eq(long, write(fd, data, len), (long)len));
	close(fd);
	return path;
}

Test(conf, stores_are_known_by_what_they_hold)
{
	struct ps_arena *a = arena_new(4096);
	const char *jks = write_file(a, "\xfe\xed\xfe\xed\0\0\0\2", 8);
	static const char text[] = "-----BEGIN CERTIFICATE-----\n";
	const char *pem = write_file(a, text, sizeof text - 1);
	const char *junk = write_file(a, "junk", 4);
	struct ps_error err;
	struct conf c;

	cr_expect(eq(int,
	    translate(a, CONF_PRODUCER,
		ps_printf(a, "ssl.keystore.location=%s", jks), &c, &err),
	    -1));
	cr_expect(strstr(err.text, "keytool -importkeystore") != NULL);
	cr_expect(eq(int,
	    translate(a, CONF_PRODUCER,
		ps_printf(a, "ssl.truststore.location=%s", jks), &c, &err),
	    -1));
	cr_expect(strstr(err.text, "keytool -importkeystore") != NULL);
	cr_expect(eq(int,
	    translate(a, CONF_PRODUCER,
		ps_printf(a, "ssl.truststore.location=%s", pem), &c, &err),
	    0));
	cr_expect(eq(str, (char *)ps_config_str(&c.properties, "ssl.ca.pem"),
	    (char *)text));
	cr_expect(eq(int,
	    translate(a, CONF_PRODUCER,
		ps_printf(a, "ssl.keystore.location=%s", pem), &c, &err),
	    0));
	cr_expect(eq(str, (char *)ps_config_str(&c.properties, "ssl.key.pem"),
	    (char *)text));
	cr_expect(eq(int,
	    translate(a, CONF_PRODUCER,
		ps_printf(a, "ssl.truststore.location=%s", junk), &c, &err),
	    -1));
	(void)unlink(jks);
	(void)unlink(pem);
	(void)unlink(junk);
	arena_free(&a);
}

Test(conf, secrets_do_not_appear_in_errors)
{
	struct ps_arena *a = arena_new(4096);
	struct ps_error err;
	struct conf c;

	cr_expect(eq(int,
	    translate(a, CONF_PRODUCER,
		"sasl.jaas.config=" SCRAM "required username=\"u\" "
		"password=\"canary-secret\" x=\"y\";",
		&c, &err),
	    -1));
	cr_expect(strstr(err.text, "canary") == NULL, "%s", err.text);
	cr_expect(eq(int,
	    translate(a, CONF_PRODUCER,
		"sasl.oauthbearer.assertion.private.key.pem=canary-secret", &c,
		&err),
	    -1));
	cr_expect(strstr(err.text, "canary") == NULL, "%s", err.text);
	arena_free(&a);
}
