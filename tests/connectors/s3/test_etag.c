#include "connectors/s3/etag.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

/* md5 of "abc", and of that sum and itself one after the other */
#define ABC "900150983cd24fb0d6963f7d28e17f72"
#define TWO "043a916d6cfeecedf5e04f0312ba762d"

static struct chain
abc(struct pool *p)
{
	struct chain ch = { 0 };

	pool_init(p, 1 << 20);
	chain_add(&ch, p, "a", 1);
	chain_grow(&ch, p);
	chain_add(&ch, p, "bc", 2);
	return ch;
}

Test(s3_etag, of_a_whole_object_is_its_md5_sum)
{
	struct pool p;
	struct chain ch = abc(&p);

	cr_expect(etag_is_of("\"" ABC "\"", &ch));
	cr_expect(etag_is_of(ABC, &ch));
	cr_expect(etag_is_of("\"900150983CD24FB0D6963F7D28E17F72\"", &ch));
	cr_expect(not(etag_is_of("\"" ABC "-1\"", &ch)));
	cr_expect(not(etag_is_of("\"" ABC "0\"", &ch)));
	cr_expect(not(etag_is_of("\"900150983cd24fb0d6963f7d28e17f73\"", &ch)));
	cr_expect(not(etag_is_of("\"900150983cd2\"", &ch)));
	cr_expect(not(etag_is_of("", &ch)));
	cr_expect(not(etag_is_of("\"an opaque etag of 32 characters.\"", &ch)));
	chain_free(&ch, &p);
	pool_trim(&p);
}

Test(s3_etag, of_an_upload_is_the_sum_of_its_parts)
{
	struct object_part parts[2] = { { "\"" ABC "\"" }, { ABC } };

	cr_expect(etag_is_of_parts("\"" TWO "-2\"", parts, 2));
	cr_expect(not(etag_is_of_parts("\"" TWO "-3\"", parts, 2)));
	cr_expect(not(etag_is_of_parts("\"" TWO "\"", parts, 2)));
	cr_expect(not(etag_is_of_parts("\"" TWO "-2\"", parts, 1)));
	(void)snprintf(parts[1].etag, sizeof parts[1].etag, "\"opaque\"");
	cr_expect(not(etag_is_of_parts("\"" TWO "-2\"", parts, 2)));
}
