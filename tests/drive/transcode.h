/*
 * transcode: converters by name; bytes that one reads another writes.
 *
 * ["converter", name, so, class, {settings}] makes one, ["transcode", from,
 * to, topic, [hex or null, …]] answers a list of hex, null or {error, text},
 * ["validate_converter", name] what it says of its settings.
 */
#ifndef PENSTOCK_TESTS_DRIVE_TRANSCODE_H
#define PENSTOCK_TESTS_DRIVE_TRANSCODE_H

#include <jansson.h>

struct drive;

json_t *do_converter(struct drive *d, const json_t *line);
json_t *do_transcode(struct drive *d, const json_t *line);
json_t *do_validate_converter(struct drive *d, const json_t *line);
void transcode_end(void);

#endif
