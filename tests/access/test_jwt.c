#include "access/jwt.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "base/arena.h"

#define NOW 1500000000

/* Made once with another library: keys, and what they signed. */
static const char keys_text[] =
    "{\"keys\": [{\"kty\": \"RSA\", \"kid\": \"r\", \"alg\": "
    "\"RS256\", \"n\": \"un8E6G5sHR_Rfex8tlXk6RxL0VM2LIu2x8J6"
    "bqZR37moyp_08PhjjWrNc9WE0jpD65LfLNAfLCn8HKqHP_cNijY-zT8s"
    "1JsJ2wX2zYY7nM9Yy1OWLA2vQ8-QA7GSyOJVXOzcclVmEsA6B0KfCJYM"
    "W-XDKM3gc7SvR-iDW9chXToyaX1GHhCLiHA2JyiziFtrdP3UTatkIUcA"
    "05L_LySEr9R9uZ-9lC6CZzxiFnQI6pod0y2DOrUygIcPZpWn1PgpWBtq"
    "gXW_QVDucA05Hx-yyjIc2EGcfMk0B_e5buhkU4_RC0vlH6S9jmSIHYFL"
    "z8rWg_ZnyVT3L22zEfW7vgbtNw\", \"e\": \"AQAB\"}, {\"kty\""
    ": \"EC\", \"kid\": \"e\", \"crv\": \"P-256\", \"x\": \"B"
    "W1yz2DZemenRA5dhg5sY9jh8nC_mnN1g5lfOySTQf0\", \"y\": \"K"
    "LQ466tzdcf5fQD-LyJZ-J4g1XbPwrMI1F_pzqx3O7I\"}, {\"kty\":"
    " \"oct\", \"kid\": \"h\", \"k\": \"MDEyMzQ1Njc4OWFiY2RlZ"
    "jAxMjM0NTY3ODlhYmNkZWY\"}]}";
static const char rs_text[] =
    "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogInIifQ.eyJzdWIiOiAiYW5hI"
    "iwgInJvbGUiOiAiZWRpdG9yIiwgImlzcyI6ICJ1cyIsICJhdWQiOiBbI"
    "ngiLCAicGVuc3RvY2siXSwgImV4cCI6IDIwMDAwMDAwMDAsICJuYmYiO"
    "iAxMDAwfQ.KQyag67Z1znYf2wt6DPpOjK8d_XZf_HNQW22IKKWyufz-e"
    "iG0OtwUmJWPO0HN43H4GsXWy0KMueC53U9JJ2yN0O2K3m6oacvqZIR3E"
    "4fisrHByL6ztlSSaYyUoxfI6oUilLqu7MC8dum2V7_sY8TtPR64x0UKh"
    "UwBPWRb27jgJNtqmoseRfi2RqjxU7PpDsY8HHMBRY3YoNCUAqwLFhBLp"
    "bdKcS6G5rPQBmFQVr_RAslBVcNlu6s9KcXeaBt32RCtAdJ2PAjMBZOan"
    "KAqrRNXKx7js9SGBW3moBiA7-3nkz3HAnARFhzwzZZ6fzhIQOIjlximo"
    "-AMBde8cwHphZqbg";
static const char es_text[] =
    "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImUifQ.eyJzdWIiOiAiYW5hI"
    "iwgInJvbGUiOiAiZWRpdG9yIiwgImlzcyI6ICJ1cyIsICJhdWQiOiBbI"
    "ngiLCAicGVuc3RvY2siXSwgImV4cCI6IDIwMDAwMDAwMDAsICJuYmYiO"
    "iAxMDAwfQ.NFcpNTYnv01m4kdpIaiK8I1FiucubsCKVdGEoDtDzOoA9x"
    "6NDXyJZ0Y5OhP0htNrycE_ByxlgnVOp1DdgQi30Q";
static const char hs_text[] =
    "eyJhbGciOiAiSFMyNTYiLCAia2lkIjogImgifQ.eyJzdWIiOiAiYW5hI"
    "iwgInJvbGUiOiAiZWRpdG9yIiwgImlzcyI6ICJ1cyIsICJhdWQiOiBbI"
    "ngiLCAicGVuc3RvY2siXSwgImV4cCI6IDIwMDAwMDAwMDAsICJuYmYiO"
    "iAxMDAwfQ.CG2_AwYkyOIbEpcXXNZ4F0iEHZGqjnpuq1WWmWX82r0";
static const char none_text[] =
    "eyJhbGciOiAibm9uZSIsICJraWQiOiAiciJ9.eyJzdWIiOiAiYW5hIiw"
    "gInJvbGUiOiAiZWRpdG9yIiwgImlzcyI6ICJ1cyIsICJhdWQiOiBbIng"
    "iLCAicGVuc3RvY2siXSwgImV4cCI6IDIwMDAwMDAwMDAsICJuYmYiOiA"
    "xMDAwfQ.";
static const char mix_text[] =
    "eyJhbGciOiAiSFMyNTYiLCAia2lkIjogInIifQ.eyJzdWIiOiAiYW5hI"
    "iwgInJvbGUiOiAiZWRpdG9yIiwgImlzcyI6ICJ1cyIsICJhdWQiOiBbI"
    "ngiLCAicGVuc3RvY2siXSwgImV4cCI6IDIwMDAwMDAwMDAsICJuYmYiO"
    "iAxMDAwfQ.-PBW-zUFCmGELbTT_EkHXI13VfDJHI28Ze1aI8oBb_U";
static const char other_kid_text[] =
    "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogInp6In0.eyJzdWIiOiAiYW5h"
    "IiwgInJvbGUiOiAiZWRpdG9yIiwgImlzcyI6ICJ1cyIsICJhdWQiOiBb"
    "IngiLCAicGVuc3RvY2siXSwgImV4cCI6IDIwMDAwMDAwMDAsICJuYmYi"
    "OiAxMDAwfQ.XtTFTjGVmjw4jFoPBqfHIpun8Wk06B8bqt_aA1xl3-POT"
    "Y0uBL17upnawqMjJSH5Tusk9IEnqIFNtwIQU-6FnHv_2li6SK1Vk0-A9"
    "NG08qJrbGQE7Uf2lCRuSaYyPeh5ku6w04w-vwYXbq8H3P3onxH8mpF8m"
    "-95T85VRh_LPIRsoUiDvZfIL9GA1FIHRCaVArcC_2-Wl4bAU9vmR25D6"
    "scACXTdOBGffaLmCx5R1AqMk46xH2yGy285DyZm9Q3oVlQeeI16UWBLe"
    "CzZBGngbXfPGF9zk43JoptJQoWUkyJ4INhhID9aA5R39q6iPFXC1nnzR"
    "1_rwhMbbDunONB8_w";
static const char no_exp_text[] =
    "eyJhbGciOiAiSFMyNTYiLCAia2lkIjogImgifQ.eyJzdWIiOiAiYSJ9."
    "0p1quoGhaDlSqGCHIkIsp2f-PvLugiLgct5MRjqSkdQ";

static struct ps_arena *a;
static struct jwt_keys *keys;
static struct ps_error err;

static void
open_keys(void)
{
	a = arena_new(4096);
	keys = jwt_keys_parse(keys_text, sizeof keys_text - 1, "f", &err);
	cr_assert(ne(ptr, keys, NULL), "%s", err.text);
}

static void
close_keys(void)
{
	jwt_keys_free(&keys);
	arena_free(&a);
}

TestSuite(jwt, .init = open_keys, .fini = close_keys, .timeout = 20);

static bool
verifies(const char *token, const char *issuer, const char *audience,
    int64_t now)
{
	struct jwt_rules rules = { issuer, audience };
	json_t *claims;

	ps_error_clear(&err);
	claims = jwt_verify(a, keys, &rules, token, now, &err);
	if (claims == NULL)
		return false;
	cr_expect(eq(str,
	    (char *)json_string_value(json_object_get(claims, "sub")), "ana"));
	json_decref(claims);
	return true;
}

static bool
refuses(const char *token, const char *issuer, const char *audience,
    int64_t now)
{
	return !verifies(token, issuer, audience, now) &&
	       err.code == PS_E_DATA && err.text[0] != '\0';
}

Test(jwt, what_a_key_of_ours_has_signed_is_true)
{
	cr_expect(verifies(rs_text, NULL, NULL, NOW), "%s", err.text);
	cr_expect(verifies(es_text, "us", "penstock", NOW), "%s", err.text);
	cr_expect(verifies(hs_text, "us", "x", NOW), "%s", err.text);
}

Test(jwt, one_changed_character_makes_it_false)
{
	static const char *const tokens[] = { rs_text, es_text, hs_text };

	for (size_t t = 0; t < 3; t++) {
		char *copy = ps_strdup(a, tokens[t]);
		size_t len = strlen(copy);

		/* The last of a signature may have bits that say nothing. */
		for (size_t i = 0; i + 1 < len; i += 7) {
			char kept = copy[i];

			copy[i] = kept == 'A' ? 'B' : 'A';
			cr_expect(refuses(copy, NULL, NULL, NOW),
			    "token %zu at %zu", t, i);
			copy[i] = kept;
		}
	}
}

Test(jwt, the_token_does_not_choose_how_it_is_checked)
{
	cr_expect(refuses(none_text, NULL, NULL, NOW));
	cr_expect(refuses(mix_text, NULL, NULL, NOW));
	cr_expect(refuses(other_kid_text, NULL, NULL, NOW));
}

Test(jwt, times_are_looked_at)
{
	cr_expect(refuses(rs_text, NULL, NULL, 2000000100));
	cr_expect(ne(ptr, strstr(err.text, "expired"), NULL));
	cr_expect(verifies(rs_text, NULL, NULL, 2000000030));
	cr_expect(refuses(rs_text, NULL, NULL, 100));
	cr_expect(ne(ptr, strstr(err.text, "not valid yet"), NULL));
	cr_expect(refuses(no_exp_text, NULL, NULL, NOW));
}

Test(jwt, issuer_and_audience_are_looked_at)
{
	cr_expect(refuses(rs_text, "them", NULL, NOW));
	cr_expect(refuses(rs_text, NULL, "other", NOW));
}

Test(jwt, what_is_no_token_is_refused)
{
	static const char *const rows[] = { "", ".", "..", "a.b.c", "a.b",
		"....", "e30.e30.", "e30.e30.e30" };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_expect(refuses(rows[i], NULL, NULL, NOW), "%s", rows[i]);
}

Test(jwt, what_is_wrong_with_a_file_is_named)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{ "[]", "keys: an array" },
		{ "{\"keys\": [{\"kty\": \"OKP\"}]}", "key 1: kty OKP" },
		{ "{\"keys\": [{\"kty\": \"RSA\", \"alg\": \"HS256\"}]}",
		    "key 1: kty RSA, alg HS256" },
		{ "{\"keys\": [{\"kty\": \"oct\", \"k\": \"c2hvcnQ\"}]}",
		    "32 bytes" },
		{ "{\"keys\": [{\"kty\": \"oct\", \"k\": \"a+b\"}]}",
		    "k is not base64url" },
		{ "{\"keys\": [{\"kty\": \"RSA\", \"n\": \"AQAB\", "
		  "\"e\": \"AQAB\"}]}",
		    "2048 bits" },
		{ "{\"keys\": [{\"kty\": \"EC\", \"crv\": \"P-521\"}]}",
		    "P-256" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ps_error_clear(&err);
		cr_expect(eq(ptr,
		    jwt_keys_parse(rows[i].text, strlen(rows[i].text), "f",
			&err),
		    NULL));
		cr_expect(ne(ptr, strstr(err.text, rows[i].words), NULL), "%s",
		    err.text);
	}
}
