/*
 * listing: `penstock inspect`: which plugins there are, for people.
 */
#ifndef PENSTOCK_SUPERVISE_LISTING_H
#define PENSTOCK_SUPERVISE_LISTING_H

/* penstock inspect [--json] [DIRECTORY...]. The exit code. */
int listing_main(int argc, char **argv);

#endif
