#include "worker/standalone.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/js.h"
#include "base/props.h"
#include "base/text.h"

#define FILE_BYTES_MAX ((size_t)1 << 20)

static int
read_file(struct ps_arena *a, const char *path, char **text, size_t *len,
    struct ps_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	if (fd < 0)
		return ps_fail(err, PS_E_CONFIG, "cannot read %s: %s", path,
		    strerror(errno));
	*text = ps_alloc(a, FILE_BYTES_MAX + 1);
	*len = 0;
	while (*len <= FILE_BYTES_MAX &&
	       (n = read(fd, *text + *len, FILE_BYTES_MAX + 1 - *len)) > 0)
		*len += (size_t)n;
	(void)close(fd);
	if (n < 0)
		return ps_fail(err, PS_E_CONFIG, "cannot read %s", path);
	if (*len > FILE_BYTES_MAX)
		return ps_fail(err, PS_E_CONFIG, "%s is larger than %zu bytes",
		    path, FILE_BYTES_MAX);
	return 0;
}

static int
take_state(struct ps_arena *a, const json_t *body, struct request_spec *out,
    struct ps_error *err)
{
	const char *text = js_opt_str(body, "initial_state");
	enum target_state *target = ps_calloc(a, 1, sizeof *target);

	if (text == NULL)
		return 0;
	/* Connect's word for STARTED here. */
	if (strcasecmp(text, "RUNNING") == 0)
		*target = TARGET_STARTED;
	else if (strcasecmp(text, "PAUSED") == 0)
		*target = TARGET_PAUSED;
	else if (strcasecmp(text, "STOPPED") == 0)
		*target = TARGET_STOPPED;
	else
		return ps_fail(err, PS_E_CONFIG,
		    "initial_state: %s is not one of RUNNING, PAUSED, STOPPED",
		    text);
	out->target = target;
	return 0;
}

static int
take_json(struct ps_arena *a, const json_t *body, struct request_spec *out,
    struct ps_config *config, struct ps_error *err)
{
	const json_t *inner = json_object_get(body, "config");

	if (!json_is_object(inner))
		return js_to_config(a, body, config, err);
	if (js_opt_str(body, "name") != NULL)
		out->connector = ps_strdup(a, js_opt_str(body, "name"));
	if (js_to_config(a, inner, config, err) != 0)
		return -1;
	return take_state(a, body, out, err);
}

int
standalone_read(struct ps_arena *a, const char *path, struct request_spec *out,
    struct ps_error *err)
{
	struct ps_config *config = ps_calloc(a, 1, sizeof *config);
	char *text = NULL;
	size_t len = 0;
	json_t *body;
	int got;

	*out = (struct request_spec){ .op = REQUEST_REPLACE, .config = config };
	if (text_ends(path, ".properties")) {
		got = props_load(a, path, config, err);
	} else {
		if (read_file(a, path, &text, &len, err) != 0)
			return -1;
		body = js_parse(text, len, path, err);
		if (body == NULL)
			return -1;
		got = take_json(a, body, out, config, err);
		json_decref(body);
	}
	if (got != 0)
		return ps_fail_in(err, "%s", path);
	if (out->connector == NULL)
		out->connector = ps_config_get(config, "name");
	if (out->connector == NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "%s: the connector has no name", path);
	return 0;
}
