#include <stdbool.h>
#include <string.h>

#include "base/text.h"
#include "kafka/conf_work.h"

#define WORD_MAX 4096

enum token { WORD, EQUALS, SEMICOLON, END, BROKEN };

struct reader {
	const char *s;
	char word[WORD_MAX];
};

static bool
is_plain(char c)
{
	return c != '\0' && strchr(" \t\r\n=;\"'", c) == NULL;
}

/* Escapes as in Java's StreamTokenizer. */
static char
unescape(char c)
{
	static const char names[] = "ntrbf", means[] = "\n\t\r\b\f";
	const char *p = c == '\0' ? NULL : strchr(names, c);

	if (p != NULL)
		c = means[p - names];
	return c;
}

static enum token
read_quoted(struct reader *r)
{
	char quote = *r->s++;
	size_t len = 0;

	for (; *r->s != quote; r->s++) {
		if (*r->s == '\\' && r->s[1] != '\0') {
			r->s++;
			r->word[len++] = unescape(*r->s);
		} else {
			r->word[len++] = *r->s;
		}
		if (*r->s == '\0' || len == sizeof r->word)
			return BROKEN;
	}
	r->s++;
	r->word[len] = '\0';
	return WORD;
}

static enum token
read_plain(struct reader *r)
{
	size_t len = 0;

	for (; is_plain(*r->s); r->s++) {
		r->word[len++] = *r->s;
		if (len == sizeof r->word)
			return BROKEN;
	}
	r->word[len] = '\0';
	return WORD;
}

static enum token
next(struct reader *r)
{
	r->s += strspn(r->s, " \t\r\n");
	switch (*r->s) {
	case '\0':
		return END;
	case '=':
		r->s++;
		return EQUALS;
	case ';':
		r->s++;
		return SEMICOLON;
	case '"':
	case '\'':
		return read_quoted(r);
	default:
		return read_plain(r);
	}
}

/* The options of login modules that have a counterpart. */
static const struct {
	const char *module, *option, *to;
} options[] = {
	{ "PlainLoginModule", "username", "sasl.username" },
	{ "PlainLoginModule", "password", "sasl.password" },
	{ "ScramLoginModule", "username", "sasl.username" },
	{ "ScramLoginModule", "password", "sasl.password" },
	{ "ScramLoginModule", "tokenauth", "" },
	{ "OAuthBearerLoginModule", "clientId", "sasl.oauthbearer.client.id" },
	{ "OAuthBearerLoginModule", "clientSecret",
	    "sasl.oauthbearer.client.secret" },
	{ "OAuthBearerLoginModule", "scope", "sasl.oauthbearer.scope" },
	{ "Krb5LoginModule", "principal", "sasl.kerberos.principal" },
	{ "Krb5LoginModule", "serviceName", "sasl.kerberos.service.name" },
	{ "Krb5LoginModule", "useTicketCache", "" },
	{ "Krb5LoginModule", "renewTGT", "" },
	{ "Krb5LoginModule", "doNotPrompt", "" },
};

static const char *const modules[] = {
	"org.apache.kafka.common.security.plain.PlainLoginModule",
	"org.apache.kafka.common.security.scram.ScramLoginModule",
	"org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule",
	"com.sun.security.auth.module.Krb5LoginModule",
};

/* The simple name of a module we know, or NULL. */
static const char *
find_module(const char *name)
{
	for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
		if (strcmp(modules[i], name) == 0)
			return strrchr(modules[i], '.') + 1;
	return NULL;
}

static const char *
find_option(const char *module, const char *option)
{
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (strcmp(options[i].module, module) == 0 &&
		    strcmp(options[i].option, option) == 0)
			return options[i].to;
	return NULL;
}

/* extension_x="y" becomes x=y of one list. */
static void
add_extension(struct conf_work *w, const char *name, const char *value)
{
	const char *old = conf_get(w, "sasl.oauthbearer.extensions");

	conf_set(w, "sasl.oauthbearer.extensions",
	    ps_printf(w->a, "%s%s%s=%s", old == NULL ? "" : old,
		old == NULL ? "" : ",", name, value));
}

static int
set_option(struct conf_work *w, const char *module, const char *option,
    const char *value, struct ps_error *err)
{
	const char *to = find_option(module, option);

	if (to == NULL && strcmp(module, "OAuthBearerLoginModule") == 0 &&
	    text_starts(option, "extension_")) {
		add_extension(w, option + strlen("extension_"), value);
		return 0;
	}
	if (to == NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "sasl.jaas.config: option %s of %s has no counterpart "
		    "here: leave it out",
		    option, module);
	if (to[0] != '\0')
		conf_set(w, to, ps_strdup(w->a, value));
	return 0;
}

static int
broken(const char *expected, struct ps_error *err)
{
	return ps_fail(err, PS_E_CONFIG,
	    "sasl.jaas.config: %s is expected, as in "
	    "`org.apache.kafka.common.security.scram.ScramLoginModule "
	    "required username=\"u\" password=\"p\";`",
	    expected);
}

static int
read_options(struct conf_work *w, struct reader *r, const char *module,
    struct ps_error *err)
{
	enum token t;

	while ((t = next(r)) == WORD) {
		const char *option = ps_strdup(w->a, r->word);

		if (next(r) != EQUALS)
			return broken("= behind an option's name", err);
		if (next(r) != WORD)
			return broken("a value behind =", err);
		if (set_option(w, module, option, r->word, err) != 0)
			return -1;
	}
	if (t != SEMICOLON)
		return broken("a semicolon at the end", err);
	if (next(r) != END)
		return broken("one login module and no more", err);
	return 0;
}

int
conf_jaas(struct conf_work *w, const struct conf_row *row, const char *value,
    struct ps_error *err)
{
	struct reader *r = ps_calloc(w->a, 1, sizeof *r);
	const char *module;

	(void)row;
	r->s = value;
	if (next(r) != WORD)
		return broken("the name of a login module", err);
	module = find_module(r->word);
	if (module == NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "sasl.jaas.config: login module %.200s is not supported: "
		    "PlainLoginModule, ScramLoginModule, "
		    "OAuthBearerLoginModule or Krb5LoginModule is expected",
		    r->word);
	if (next(r) != WORD || (strcasecmp(r->word, "required") != 0 &&
				   strcasecmp(r->word, "requisite") != 0 &&
				   strcasecmp(r->word, "sufficient") != 0 &&
				   strcasecmp(r->word, "optional") != 0))
		return broken("`required` behind the module", err);
	return read_options(w, r, module, err);
}

int
conf_oidc(struct conf_work *w, const struct conf_row *row, const char *value,
    struct ps_error *err)
{
	(void)row;
	(void)value;
	(void)err;
	conf_set(w, "sasl.oauthbearer.method", "oidc");
	return 0;
}

int
conf_grant_type(struct conf_work *w, const struct conf_row *row,
    const char *value, struct ps_error *err)
{
	(void)err;
	conf_set(w, "sasl.oauthbearer.method", "oidc");
	conf_set(w, row->to,
	    text_ends(value, "JwtBearerJwtRetriever")
		? "urn:ietf:params:oauth:grant-type:jwt-bearer"
		: "client_credentials");
	return 0;
}
