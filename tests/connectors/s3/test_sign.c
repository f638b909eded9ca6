/*
 * Signatures: AWS's published examples (Signature Calculations for the
 * Authorization Header, Amazon S3 API reference), and requests as we send
 * them, signed by botocore. tests/integration/test_s3.py compares live ones.
 */
#include "connectors/s3/sign.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdio.h>

#define NOTHING \
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define THAT_DAY 1369353600 /* 2013-05-24 00:00:00 UTC */

struct vector {
	char method[8], host[48], path[64], query[64], hash[65];
	char early[64], late[160], token[32];
	char names[160], signature[65];
};

ParameterizedTestParameters(s3_sign, requests_are_signed_as_aws_does)
{
	static struct vector table[] = {
		/* Published. A range stands where our x-amz-acl does. */
		{ "GET", "examplebucket.s3.amazonaws.com", "/test.txt", "",
		    NOTHING, "range:bytes=0-9\n", "", "",
		    "host;range;x-amz-content-sha256;x-amz-date",
		    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c60"
		    "36bdb41" },
		{ "GET", "examplebucket.s3.amazonaws.com", "/", "lifecycle=",
		    NOTHING, "", "", "", "host;x-amz-content-sha256;x-amz-date",
		    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a013"
		    "6783543" },
		{ "GET", "examplebucket.s3.amazonaws.com", "/",
		    "max-keys=2&prefix=J", NOTHING, "", "", "",
		    "host;x-amz-content-sha256;x-amz-date",
		    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef"
		    "69dc6f7" },
		/* By botocore. */
		{ "PUT", "examplebucket.s3.amazonaws.com",
		    "/topics/t/t%2B0%2B0000000000.json", "", NOTHING,
		    "x-amz-acl:bucket-owner-full-control\n",
		    "x-amz-server-side-encryption:aws:kms\n"
		    "x-amz-server-side-encryption-aws-kms-key-id:"
		    "arn:aws:kms:us-east-1:1:key/k\n",
		    "token/with+signs=",
		    "host;x-amz-acl;x-amz-content-sha256;x-amz-date;"
		    "x-amz-security-token;x-amz-server-side-encryption;"
		    "x-amz-server-side-encryption-aws-kms-key-id",
		    "2e48a7fa15b95843c4e37f449b962514ccb966aaf327a9979e41544f8"
		    "b5f93a7" },
		{ "PUT", "127.0.0.1:9000", "/bucket/a",
		    "partNumber=2&uploadId=x%2Fy", "UNSIGNED-PAYLOAD", "", "",
		    "", "host;x-amz-content-sha256;x-amz-date",
		    "07d28c7cf97b1445eb77f0fb3f633194cd6482631e4fecb2dec664351"
		    "70a1406" },
		{ "PUT", "s3.us-east-1.amazonaws.com", "/bucket/k", "",
		    "UNSIGNED-PAYLOAD", "x-amz-acl:private\n", "", "",
		    "host;x-amz-acl;x-amz-content-sha256;x-amz-date",
		    "a49c1083f07a492fbc19f2f6acc3b206dfe99ef41bd3078784f3c8bc2"
		    "758d692" },
	};

	return cr_make_param_array(struct vector, table,
	    sizeof table / sizeof *table);
}

ParameterizedTest(struct vector *v, s3_sign, requests_are_signed_as_aws_does)
{
	char id[] = "AKIAIOSFODNN7EXAMPLE", region[] = "us-east-1";
	char secret[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
	struct s3_conf conf = { .access_key = id,
		.secret_key = secret,
		.session_token = v->token,
		.region = region };
	struct to_sign what = { .method = v->method,
		.host = v->host,
		.path = v->path,
		.query = v->query,
		.hash = v->hash,
		.early = v->early,
		.late = v->late,
		.now = THAT_DAY };
	char line[1024], date[64], expected[1024];
	struct str l = STR(line), d = STR(date);

	sign(&conf, &what, &l, &d);
	(void)snprintf(expected, sizeof expected,
	    "Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/"
	    "20130524/us-east-1/s3/aws4_request, SignedHeaders=%s, "
	    "Signature=%s",
	    v->names, v->signature);
	cr_assert(eq(str, line, expected));
	cr_assert(eq(str, date, "x-amz-date: 20130524T000000Z"));
}
