#include "tests/connectors/s3_fixture.h"

#include <arpa/inet.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* A real gateway over a folder: it checks every signature. */
struct gateway {
	pid_t pid;
	char folder[PATH_MAX], url[64];
};

static int
free_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert(bind(fd, (struct sockaddr *)&at, len) == 0);
	cr_assert(getsockname(fd, (struct sockaddr *)&at, &len) == 0);
	(void)close(fd);
	return ntohs(at.sin_port);
}

static bool
answers(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), rc;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	rc = connect(fd, (struct sockaddr *)&at, sizeof at);
	(void)close(fd);
	return rc == 0;
}

static void
gateway_start(struct gateway *g)
{
	const char *path = getenv("PENSTOCK_VERSITYGW");
	char listen[32], data[PATH_MAX + 8], meta[PATH_MAX + 8],
	    bucket[PATH_MAX + 16];
	int port = free_port();

	cr_assert(path != NULL, "PENSTOCK_VERSITYGW names no program");
	strcpy(g->folder, BUILD "/tmp/gateway-XXXXXX");
	cr_assert(mkdtemp(g->folder) != NULL);
	(void)snprintf(data, sizeof data, "%s/data", g->folder);
	(void)snprintf(meta, sizeof meta, "%s/meta", g->folder);
	(void)snprintf(bucket, sizeof bucket, "%s/lake", data);
	cr_assert(mkdir(data, 0700) == 0 && mkdir(meta, 0700) == 0 &&
		  mkdir(bucket, 0700) == 0);
	(void)snprintf(listen, sizeof listen, "127.0.0.1:%d", port);
	(void)snprintf(g->url, sizeof g->url, "http://%s", listen);
	g->pid = fork();
	if (g->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)setenv("ROOT_ACCESS_KEY", "AK", 1);
		(void)setenv("ROOT_SECRET_KEY", "secret key/+", 1);
		(void)execl(path, path, "--quiet", "--port", listen, "--region",
		    "eu-north-1", "posix", "--sidecar", meta, data,
		    (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 2000 && !answers(port); i++)
		(void)usleep(5000); /* poll; bounded by the loop */
	cr_assert(answers(port));
}

static void
gateway_stop(struct gateway *g)
{
	char command[PATH_MAX + 16];

	(void)kill(g->pid, SIGKILL);
	(void)waitpid(g->pid, NULL, 0);
	(void)snprintf(command, sizeof command, "rm -rf %s", g->folder);
	cr_assert(system(command) == 0);
}

/* The file behind an object; malloc'd, NULL when there is none. */
static char *
contents(const struct gateway *g, const char *key, size_t *len)
{
	char path[2 * PATH_MAX], *text;
	struct stat st;
	FILE *in;

	(void)snprintf(path, sizeof path, "%s/data/lake/%s", g->folder, key);
	in = fopen(path, "r");
	if (in == NULL)
		return NULL;
	cr_assert(fstat(fileno(in), &st) == 0);
	text = calloc(1, (size_t)st.st_size + 1);
	*len = fread(text, 1, (size_t)st.st_size, in);
	(void)fclose(in);
	return text;
}

static void
aim(struct s3_fixture *f, const struct gateway *g)
{
	s3_set_up(f);
	test_host_set(f->t, "store.url", g->url);
	test_host_set(f->t, "s3.region", "eu-north-1");
	test_host_set(f->t, "aws.secret.access.key", "secret key/+");
}

static void
expect(const struct gateway *g, const char *key, const char *want)
{
	size_t len = 0;
	char *got = contents(g, key, &len);

	cr_assert(got != NULL, "%s is not there", key);
	cr_assert(eq(str, got, (char *)want));
	free(got);
}

/* Twice the same: the second time every object is there already. */
static void
small_objects(const struct gateway *g)
{
	for (int again = 0; again < 2; again++) {
		struct s3_fixture f;

		aim(&f, g);
		test_host_set(f.t, "topics.dir", "t o/ü+=&");
		test_host_set(f.t, "partitioner.class", "FieldPartitioner");
		test_host_set(f.t, "partition.field.name", "k");
		s3_begin(&f);
		s3_add(&f, 0, "{\"k\":\"a b/ü?#%\"}");
		s3_add(&f, 1, "{\"k\":\"\"}");
		s3_add(&f, 2, "{\"k\":true}");
		cr_assert(eq(int, s3_put(&f), 0), "%s", f.t->err.text);
		cr_assert(s3_commits(&f, 3, 3), "%s", f.t->cause);
		s3_tear_down(&f);
		expect(g,
		    "t o/ü+=&/logs/k=a b%2Fü%3F%23%25/"
		    "logs+0+0000000000.json",
		    "{\"k\":\"a b/ü?#%\"}\n");
		expect(g, "t o/ü+=&/logs/k=true/logs+0+0000000002.json",
		    "{\"k\":true}\n");
	}
}

static void
large_objects(const struct gateway *g)
{
	size_t size = 6 << 20, len = 0;
	char *value = calloc(1, size + 1), *got;

	memset(value, 'v', size);
	for (int again = 0; again < 2; again++) {
		struct s3_fixture f;

		aim(&f, g);
		test_host_set(f.t, "s3.part.size", "5242880");
		s3_begin(&f);
		for (int i = 0; i < 3; i++)
			s3_add(&f, i, value);
		cr_assert(eq(int, s3_put(&f), 0), "%s", f.t->err.text);
		cr_assert(s3_commits(&f, 3, 3), "%s", f.t->cause);
		s3_tear_down(&f);
		got = contents(g,
		    "topics/logs/partition=0/logs+0+0000000000.json", &len);
		cr_assert(got != NULL);
		cr_assert(eq(sz, len, 3 * (size + 1)));
		cr_assert(eq(int, got[size], '\n'));
		free(got);
	}
	free(value);
}

/* A wrong key is an outage that names itself. */
static void
wrong_key(const struct gateway *g)
{
	struct s3_fixture f;

	aim(&f, g);
	test_host_set(f.t, "aws.secret.access.key", "wrong");
	s3_begin(&f);
	s3_add(&f, 0, "{}");
	f.t->is_stopping = true;
	for (int i = 0; i < 2000 && f.t->cause[0] == '\0'; i++) {
		(void)f.ops->put(f.state, f.b, &f.t->err);
		(void)usleep(1000); /* poll; bounded by the loop */
	}
	cr_assert(strstr(f.t->cause, "SignatureDoesNotMatch") != NULL, "%s",
	    f.t->cause);
	s3_tear_down(&f);
}

Test(s3_gateway, a_real_gateway_accepts_what_is_signed, .timeout = 120)
{
	struct gateway g = { 0 };

	gateway_start(&g);
	small_objects(&g);
	large_objects(&g);
	wrong_key(&g);
	gateway_stop(&g);
}
