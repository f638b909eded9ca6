#include "http/tls_server.h"

#define TLS_PRIORITIES "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1"

static struct MHD_OptionItem
text_option(enum MHD_OPTION name, const char *text)
{
	union {
		const char *in;
		void *out; /* MHD only reads it */
	} value = { .in = text };

	return (struct MHD_OptionItem){ name, 0, value.out };
}

unsigned
tls_server_options(const struct tls_pem *tls,
    struct MHD_OptionItem out[TLS_SERVER_OPTIONS])
{
	size_t n = 0;

	if (tls != NULL) {
		out[n++] = text_option(MHD_OPTION_HTTPS_MEM_KEY, tls->key);
		out[n++] =
		    text_option(MHD_OPTION_HTTPS_MEM_CERT, tls->certificates);
		out[n++] =
		    text_option(MHD_OPTION_HTTPS_PRIORITIES, TLS_PRIORITIES);
		if (tls->client != TLS_CLIENT_NONE)
			out[n++] =
			    text_option(MHD_OPTION_HTTPS_MEM_TRUST, tls->trust);
	}
	out[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
	return tls == NULL ? 0 : MHD_USE_TLS;
}
