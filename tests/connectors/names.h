/*
 * names: a name that has several addresses, for libcurl in this process.
 *
 * Behind this one are a metadata service and then 127.0.0.1.
 */
#ifndef PENSTOCK_TESTS_CONNECTORS_NAMES_H
#define PENSTOCK_TESTS_CONNECTORS_NAMES_H

#define NAMES_META_AND_HERE "meta.and.here.test"

#endif
