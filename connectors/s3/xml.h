/*
 * xml: the few things S3's answers say in XML.
 */
#ifndef PENSTOCK_CONNECTORS_S3_XML_H
#define PENSTOCK_CONNECTORS_S3_XML_H

#include <stdbool.h>
#include <stddef.h>

#define XML_TEXT 2048

/* Called with the name and text of every element that holds only text. */
typedef void xml_element(void *arg, const char *name, const char *text);

/* The root element's name; false when it is no XML. Blank bytes before it
 * (S3 keeps slow connections alive with them) are skipped. */
bool xml_read(const char *data, size_t len, char *root, size_t room,
    xml_element *each, void *arg);

#endif
