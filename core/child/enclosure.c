#include "child/enclosure.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than the headers may be. */
#define TRUNCATE (UINT64_C(1) << 14)

#define READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITES                                                             \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |   \
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | \
	    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |   \
	    LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM)
/* Nobody gets these. */
#define DEVICES (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)
#define OF_FILES                                                        \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	    TRUNCATE)

enum { KNOWS_REFER = 2, KNOWS_TRUNCATE = 3 };

bool
enclosure_open(struct enclosure *e)
{
	struct landlock_ruleset_attr attr = { 0 };
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	e->fd = -1;
	if (abi < 1)
		return false;
	e->handled = READS | WRITES | DEVICES;
	if (abi >= KNOWS_REFER)
		e->handled |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= KNOWS_TRUNCATE)
		e->handled |= TRUNCATE;
	attr.handled_access_fs = e->handled;
	e->fd = (int)syscall(SYS_landlock_create_ruleset, &attr,
	    sizeof attr.handled_access_fs, 0);
	return e->fd >= 0;
}

void
enclosure_allow_open(const struct enclosure *e, int fd, unsigned rights)
{
	struct landlock_path_beneath_attr rule = { .parent_fd = fd };
	struct stat st;

	if ((rights & ENCLOSURE_READ) != 0)
		rule.allowed_access |= READS;
	if ((rights & ENCLOSURE_WRITE) != 0)
		rule.allowed_access |=
		    WRITES | TRUNCATE | LANDLOCK_ACCESS_FS_REFER;
	rule.allowed_access &= e->handled;
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= OF_FILES;
	if (rule.allowed_access != 0)
		(void)syscall(SYS_landlock_add_rule, e->fd,
		    LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

void
enclosure_allow(const struct enclosure *e, const char *path, unsigned rights)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return;
	enclosure_allow_open(e, fd, rights);
	(void)close(fd);
}

bool
enclosure_keeps_from_truncating(const struct enclosure *e)
{
	return (e->handled & TRUNCATE) != 0;
}

bool
enclosure_close(struct enclosure *e)
{
	long got = syscall(SYS_landlock_restrict_self, e->fd, 0);
	int why = errno;

	(void)close(e->fd);
	e->fd = -1;
	errno = why;
	return got == 0;
}
