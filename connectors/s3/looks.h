/*
 * looks: at what is there in place of what was to be written.
 *
 * Others may write there all the time: it is not looked at for ever.
 */
#ifndef PENSTOCK_CONNECTORS_S3_LOOKS_H
#define PENSTOCK_CONNECTORS_S3_LOOKS_H

/* In a row. */
enum { LOOKS_MAX = 8 };

#endif
