/*
 * rights: what a request may touch, beyond its role.
 *
 * A principal with labels has rights to the connectors that carry one of
 * them (penstock.labels), and cannot give a connector away. A browser may not
 * ask in the name of a page from elsewhere.
 */
#ifndef PENSTOCK_ACCESS_RIGHTS_H
#define PENSTOCK_ACCESS_RIGHTS_H

#include <stdbool.h>

struct configs_connector;
struct exchange;
struct principal;

/* The key of a connector's labels. */
#define RIGHTS_LABELS "penstock.labels"

bool rights_of_connector(const struct principal *who,
    const struct configs_connector *cfg);
/* Is it one of its labels? */
bool rights_is_labelled(const struct configs_connector *cfg, const char *label);
/* The connector that the path names, and the one that the body would make. */
bool rights_of_request(struct exchange *x);
/* `open`: nobody is asked for a name, so that a name in Host that is not this
 * machine's is a browser's that was led here. */
bool rights_of_origin(const struct exchange *x, bool open);

#endif
